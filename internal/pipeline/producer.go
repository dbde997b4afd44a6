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

// The largest batches to produce. A dead letter is as large as its original; a
// receipt is never near a megabyte, and a batch of many should not be either.
const (
	maxLetterBatch  = 1 << 30
	maxReceiptBatch = 1_000_000
)

// producer returns a client that writes to a topic, in batches that it takes.
//
// The client refuses what is larger than its own batch limit before any broker
// is asked. It has to be the topic's limit, or a large event's dead letter would
// lose its value for no reason; and the brokers refuse a batch that is beyond the
// topic's. So each topic has a client of its own.
func (p *Pipeline) producer(ctx context.Context, role, topic string, most int) (*kgo.Client, error) {
	asker, err := kgo.NewClient(p.kafkaOpts...)
	if err != nil {
		return nil, err
	}
	defer asker.Close()
	askCtx, cancel := context.WithTimeout(ctx, askTimeout)
	limit := kafka.MessageLimit(askCtx, asker, topic)
	cancel()
	return kgo.NewClient(append(p.withMetrics(role),
		kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.ProducerBatchMaxBytes(int32(min(limit, most))),
		kgo.ProducerLinger(2*time.Millisecond),
		kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)),
	)...)
}

// ensureTopics makes the topics that are missing, if that was asked for. It tries
// until they are there, and returns false if ctx ended first. Brokers that are
// away at the start are no reason to crash: everything else waits for them, too.
func (p *Pipeline) ensureTopics(ctx context.Context) bool {
	if !p.config.CreateTopics {
		return true
	}
	asker, err := kgo.NewClient(p.kafkaOpts...)
	if err != nil {
		return true // the producers' clients fail with the same
	}
	defer asker.Close()
	partitions := p.config.Partitions
	if partitions <= 0 {
		partitions = 12
	}
	cond := p.conditions.Condition("topics")
	for {
		askCtx, cancel := context.WithTimeout(ctx, askTimeout)
		created, err := kafka.EnsureTopics(askCtx, asker, p.config.Topic, partitions, p.config.DeadLetterTopic, p.config.ReceiptsTopic)
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
