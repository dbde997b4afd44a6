package pipeline

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/kafka"
)

const (
	askTimeout  = 10 * time.Second
	createAgain = 5 * time.Second
)

// producer returns the client that writes dead letters, after making the topics
// that are missing if that was asked for. A nil client without an error means
// that ctx ended first.
func (p *Pipeline) producer(ctx context.Context) (*kgo.Client, error) {
	asker, err := kgo.NewClient(p.kafkaOpts...)
	if err != nil {
		return nil, err
	}
	defer asker.Close()
	if p.config.CreateTopics && !p.createTopics(ctx, asker) {
		return nil, nil
	}
	// The client refuses what is larger than its own batch limit before any
	// broker is asked. It has to be the topic's limit, or a large event's dead
	// letter would lose its value for no reason.
	askCtx, cancel := context.WithTimeout(ctx, askTimeout)
	limit := kafka.MessageLimit(askCtx, asker, p.config.DeadLetterTopic)
	cancel()
	return kgo.NewClient(append(p.withMetrics("dead-letters"),
		kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.ProducerBatchMaxBytes(int32(min(limit, 1<<30))),
		kgo.ProducerLinger(5*time.Millisecond),
		kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)),
	)...)
}

// createTopics tries until the topics are there, and returns false if ctx ended
// first. Brokers that are away at the start are no reason to crash: everything
// else waits for them, too.
func (p *Pipeline) createTopics(ctx context.Context, asker *kgo.Client) bool {
	partitions := p.config.Partitions
	if partitions <= 0 {
		partitions = 12
	}
	cond := p.conditions.Condition("topics")
	for {
		askCtx, cancel := context.WithTimeout(ctx, askTimeout)
		created, err := kafka.EnsureTopics(askCtx, asker, p.config.Topic, partitions, p.config.DeadLetterTopic)
		cancel()
		if len(created) > 0 {
			p.log.Info().Strs("topics", created).Msg("topics created")
		}
		if err == nil {
			cond.OK()
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		cond.Fail(err.Error())
		select {
		case <-time.After(createAgain):
		case <-ctx.Done():
			return false
		}
	}
}
