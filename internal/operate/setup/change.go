package setup

import (
	"context"
	"fmt"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/receipt"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

// partitions is how many partitions a new source topic gets, the same as from run.
const partitions = 12

// change creates topics and registers schemas, as far as requested. What was done before
// a failure is in the result.
func (s *setup) change(ctx context.Context, r *Result) error {
	if s.CreateTopics && len(s.missing) > 0 {
		err := s.config.Kafka.AskOnce(ctx, func(ctx context.Context, client *kgo.Client) (err error) {
			created, err := kafka.EnsureTopics(ctx, client, s.config.Topics, partitions, s.config.DeadLetterTopic, s.config.ReceiptsTopic)
			r.Topics = append(r.Topics, created...)
			return err
		})
		if err != nil {
			return fmt.Errorf("nothing was written: %w%s", err, done(r))
		}
		r.Missing = r.Missing[:0]
	}
	if !s.RegisterSchemas {
		return nil
	}
	if err := s.register(ctx, r); err != nil {
		return fmt.Errorf("nothing was written: %w%s", err, done(r))
	}
	return nil
}

// done says what is on the servers already.
func done(r *Result) string {
	if all := append(append([]string{}, r.Topics...), r.Schemas...); len(all) > 0 {
		return " (created and registered before that, and still there: " + strings.Join(all, ", ") + ")"
	}
	return ""
}

func (s *setup) register(ctx context.Context, r *Result) error {
	client, err := registry.New(s.config.Registry)
	if err != nil {
		return err
	}
	defer client.Close()
	for _, topic := range s.config.Topics {
		subject := schemas.Subject(topic)
		if _, err := client.Register(ctx, subject, schemas.Texts()); err != nil {
			return err
		}
		r.Schemas = append(r.Schemas, subject)
	}
	if s.config.ReceiptsTopic == "" {
		return nil
	}
	subject := schemas.Subject(s.config.ReceiptsTopic)
	if _, err := receipt.Register(ctx, client, subject); err != nil {
		return err
	}
	r.Schemas = append(r.Schemas, subject)
	return nil
}
