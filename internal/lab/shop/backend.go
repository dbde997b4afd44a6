package shop

import (
	"context"
	"fmt"
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/sink/deadletter"
)

// Backend is the shop's side of Kafka: it publishes events, and reads in the
// dead-letter topic which of them will never be accepted.
type Backend struct {
	publisher *sample.Publisher
	reader    *kgo.Client
	done      chan struct{}

	publishing sync.Mutex // a Publisher is for one caller at a time

	mu      sync.Mutex
	refused map[string]string // by event id
}

// NewBackend returns a Backend that publishes to topic by writer. reader, which
// consumes the dead-letter topic, is its own from now on.
func NewBackend(writer, reader *kgo.Client, registry sample.Registry, topic string) (*Backend, error) {
	publisher, err := sample.NewPublisher(writer, registry, sample.PublisherOptions{Topic: topic})
	if err != nil {
		return nil, err
	}
	b := &Backend{publisher: publisher, reader: reader, done: make(chan struct{}), refused: make(map[string]string)}
	go b.read()
	return b, nil
}

// Publish publishes an event, and returns when the brokers have it.
func (b *Backend) Publish(ctx context.Context, ev *schemas.Event) error {
	b.publishing.Lock()
	defer b.publishing.Unlock()
	_, err := b.publisher.Publish(ctx, func(yield func(sample.Sample, error) bool) { yield(sample.Sample{Event: ev}, nil) })
	return err
}

// Refused returns why an event is a dead letter; "" if it is none.
func (b *Backend) Refused(eventID string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.refused[eventID]
}

// Close ends the reading, and with it the reader.
func (b *Backend) Close() {
	b.reader.Close()
	<-b.done
}

func (b *Backend) read() {
	defer close(b.done)
	for {
		fetches := b.reader.PollFetches(context.Background())
		if fetches.IsClientClosed() {
			return
		}
		fetches.EachRecord(func(rec *kgo.Record) {
			l, err := deadletter.Parse(rec)
			if err != nil {
				return // somebody else's
			}
			b.mu.Lock()
			defer b.mu.Unlock()
			if len(b.refused) >= maxFates {
				clear(b.refused)
			}
			b.refused[l.EventID] = fmt.Sprintf("%s: %s", l.Reason.Class, l.Reason.Message)
		})
	}
}
