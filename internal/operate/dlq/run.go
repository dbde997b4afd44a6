package dlq

import (
	"context"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer"
	"github.com/tracklayer/amazon-capi/internal/health"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/pipeline"
)

// CopyJob copies letters from a dead-letter topic to another topic.
type CopyJob struct {
	Kafka     kafka.Settings
	From, To  string // topics
	Group     string // remembers which letters are done
	Protocol  consumer.Protocol
	Letters   consumer.Selection
	Rate      float64 // letters a second; 0 for no bound
	Copy      func(context.Context, *kgo.Record) (*kgo.Record, error)
	Log       zerolog.Logger
	Announced func(*Copier) // called before it begins, for progress; may be nil
}

const (
	// copyDrain is how long a stop waits for acknowledgements.
	copyDrain = 15 * time.Second
	// maxCopyBatch bounds batches: a copy is as large as its original.
	maxCopyBatch = 1 << 30
	// copiesInFlight is below what the client buffers, so that nothing ever waits for room.
	copiesInFlight = 5000
)

// Run copies until all letters are done or left, or ctx ends, and then waits for copies
// in flight.
func (j *CopyJob) Run(ctx context.Context) (CopyCounts, error) {
	opts, err := j.Kafka.Options(j.Log)
	if err != nil {
		return CopyCounts{}, err
	}
	// There is no time limit: the client would count it from the records' timestamps,
	// which are those of their originals.
	producer, err := kafka.NewWriter(ctx, j.To, maxCopyBatch, append(opts,
		kgo.UnknownTopicRetries(3),
		kgo.ProducerLinger(5*time.Millisecond),
		kgo.RecordPartitioner(samePartition{kgo.StickyKeyPartitioner(nil)}))...)
	if err != nil {
		return CopyCounts{}, err
	}
	copier := &Copier{Topic: j.To, Producer: producer, Renew: producer.Renew, Copy: j.Copy, Log: j.Log}
	defer copier.Wait()
	defer producer.Close()
	c, err := consumer.New(consumer.Options{
		Topics: []string{j.From}, Group: j.Group, Protocol: j.Protocol, BrokerSession: kafka.ConsumerSession, MaxInFlightEvents: copiesInFlight,
		CommitInterval: 200 * time.Millisecond, Drain: copyDrain, SessionTimeout: pipeline.JobSession,
		Job: &consumer.Job{Selection: j.Letters, LeaveOthers: true, Rate: j.Rate}, KeepsRecords: true,
		Log: j.Log, Conditions: health.NewConditions(j.Log, nil),
	}, opts...)
	if err != nil {
		return CopyCounts{}, err
	}
	copier.Settle, copier.Leave = c.Settle, c.Leave
	if j.Announced != nil {
		j.Announced(copier)
	}
	err = c.Run(ctx, copier)
	return copier.Counts(), err
}

// samePartition puts a record into the partition that it names, like its source, or else
// where its key belongs.
type samePartition struct{ other kgo.Partitioner }

func (p samePartition) ForTopic(topic string) kgo.TopicPartitioner {
	return sameOr{p.other.ForTopic(topic)}
}

type sameOr struct{ kgo.TopicPartitioner }

func (p sameOr) RequiresConsistency(r *kgo.Record) bool {
	return r.Partition >= 0 || p.TopicPartitioner.RequiresConsistency(r)
}

func (p sameOr) Partition(r *kgo.Record, n int) int {
	if r.Partition >= 0 && int(r.Partition) < n {
		return int(r.Partition)
	}
	return p.TopicPartitioner.Partition(r, n)
}
