package dlq

import (
	"context"
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/pipeline"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/deadletter"
)

// ensureQuarantine creates the quarantine topic like that of the letters, if it is missing.
func (o *RedriveOptions) ensureQuarantine(ctx context.Context) error {
	return o.Kafka.AskOnce(ctx, func(ctx context.Context, client *kgo.Client) error {
		_, err := kafka.EnsureTopics(ctx, client, []string{o.Letters}, 1, o.Quarantine)
		return err
	})
}

// asItIs copies a letter unchanged. The consumer's stand-in for a batch that is too large
// to unpack is no letter: its copy would be taken for one.
func asItIs(_ context.Context, rec *kgo.Record) (*kgo.Record, error) {
	if _, err := deadletter.Parse(rec); err != nil {
		return nil, err
	}
	return &kgo.Record{Partition: rec.Partition, Key: rec.Key, Value: rec.Value, Timestamp: rec.Timestamp, Headers: rec.Headers}, nil
}

// restorer restores the originals of letters. Pumps of several partitions use it
// concurrently, and it reads one record of the source at a time.
type restorer struct{ from lockedOriginals }

func newRestorer(from Originals) *restorer { return &restorer{lockedOriginals{from: from}} }

func (r *restorer) record(ctx context.Context, rec *kgo.Record) (*kgo.Record, error) {
	l, err := deadletter.Parse(rec)
	if err != nil {
		return nil, err // what is no letter was not selected; see asItIs
	}
	return Original(ctx, &l, &r.from)
}

type lockedOriginals struct {
	mu   sync.Mutex
	from Originals
}

func (l *lockedOriginals) One(ctx context.Context, topic string, partition int32, offset int64) (*kgo.Record, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.from.One(ctx, topic, partition, offset)
}

// deliver sends the letters through a pipeline of its own.
func (o *RedriveOptions) deliver(ctx context.Context, letters consumer.Selection, restore func(context.Context, *kgo.Record) (*kgo.Record, error), result *RedriveReport) error {
	c := *o.Direct
	c.Topics, c.DeadLetterTopic, c.Group, c.GroupProtocol = []string{o.Letters}, o.Letters, o.Group, o.Protocol
	c.Restore = restore
	pl, err := pipeline.NewJob(c, &consumer.Job{Selection: letters, LeaveOthers: true, Rate: o.Rate, Exact: true}, o.Log)
	if err != nil {
		return err
	}
	err = pl.RunShown(ctx, o.Progress, "delivered", result.Send)
	s := pl.Tally().Summary()
	result.Accepted, result.Filtered, result.DeadLettered = int(s.Total.Settled[verdict.Accepted]), int(s.Total.Settled[verdict.Filtered]), int(s.Total.DeadLettered())
	result.Sent = int(s.Settled())
	result.Left -= result.Sent
	return err
}
