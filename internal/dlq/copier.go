package dlq

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink"
	"github.com/tracklayer/amazon-capi/transform"
)

// Producer is what a Copier needs of a Kafka client; *kgo.Client is one.
type Producer interface {
	Produce(ctx context.Context, r *kgo.Record, promise func(*kgo.Record, error))
}

// Originals reads records of the source; *history.Reader is one.
type Originals interface {
	One(ctx context.Context, topic string, partition int32, offset int64) (*kgo.Record, error)
}

// Original returns what a letter was made of, to be sent through again. What the
// letter lacks is read from the source.
func Original(ctx context.Context, l *sink.Letter, from Originals) (*kgo.Record, error) {
	again := l.Again()
	if l.Whole() {
		return again, nil
	}
	rec, err := from.One(ctx, l.Topic, l.Partition, l.Offset)
	switch {
	case err != nil:
		return nil, err
	case rec == nil:
		return nil, fmt.Errorf("%w: %s, partition %d, offset %d", errNoOriginal, l.Topic, l.Partition, l.Offset)
	}
	count := again.Headers[len(again.Headers)-1]
	again.Key, again.Value, again.Timestamp = rec.Key, rec.Value, rec.Timestamp
	again.Headers = append(rec.Headers[:len(rec.Headers):len(rec.Headers)], count)
	return again, nil
}

var errNoOriginal = errors.New("the letter is not whole, and its original is gone")

// Copier writes copies of letters to a topic. A letter is done when the brokers
// have acknowledged its copy; one whose copy they refuse stays.
type Copier struct {
	// Topic takes the copies.
	Topic    string
	Producer Producer
	// Copy makes what is written of a letter.
	Copy func(ctx context.Context, rec *kgo.Record) (*kgo.Record, error)
	// Settle and Leave are the consumer's.
	Settle func([]sink.Verdict)
	Leave  func(sink.Token)

	wg     sync.WaitGroup // of second tries
	mu     sync.Mutex
	counts CopyCounts
}

var _ consumer.Delivery = (*Copier)(nil)

// CopyCounts is what a Copier has done.
type CopyCounts struct {
	Copied int
	// Retimed are those of Copied that have the time of copying, because the topic
	// does not take records as old as the original.
	Retimed int
	// Failed letters stay; Failure is why the first of them did.
	Failed  int
	Failure error
}

// Counts returns what was done so far.
func (c *Copier) Counts() CopyCounts {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts
}

// Handle is for consumer.Job. The copy outlives ctx: a record that may have been
// written has to be waited for.
func (c *Copier) Handle(ctx context.Context, tok sink.Token, rec *kgo.Record) error {
	copied, err := c.Copy(ctx, rec)
	if err != nil {
		if ctx.Err() != nil {
			return err // it is held, and given back
		}
		c.failed(tok, rec, err)
		return nil
	}
	copied.Topic = c.Topic
	c.produce(context.WithoutCancel(ctx), tok, rec, copied, false)
	return nil
}

func (c *Copier) produce(ctx context.Context, tok sink.Token, rec, copied *kgo.Record, retimed bool) {
	untimed := &kgo.Record{Topic: copied.Topic, Partition: copied.Partition, Key: copied.Key, Value: copied.Value, Headers: copied.Headers}
	c.Producer.Produce(ctx, copied, func(_ *kgo.Record, err error) {
		switch {
		case err == nil:
			c.mu.Lock()
			c.counts.Copied++
			if retimed {
				c.counts.Retimed++
			}
			c.mu.Unlock()
			// Not that Amazon accepted it, but that it is done with.
			c.Settle([]sink.Verdict{{Token: tok, Source: sink.SourceOf(rec), Class: verdict.Accepted}})
		case errors.Is(err, kerr.InvalidTimestamp) && !retimed:
			// The event has its own time; the record's is the lesser loss. In a
			// goroutine, because promises must not wait for room in the client.
			c.wg.Go(func() { c.produce(ctx, tok, rec, untimed, true) })
		default:
			c.failed(tok, rec, err)
		}
	})
}

// Wait returns when nothing of the copier runs any more; its producer has to be
// closed.
func (c *Copier) Wait() { c.wg.Wait() }

// A Copier is a Delivery without lanes: its job hands it the records themselves.

// NewFeed returns a feed that nothing is put into.
func (c *Copier) NewFeed() consumer.Feed { return noFeed{} }

// Flush does nothing: copies do not wait for others.
func (c *Copier) Flush() {}

// Hurry does nothing, for the same reason.
func (c *Copier) Hurry() {}

// Sweep does nothing.
func (c *Copier) Sweep() {}

// Shed gives nothing back.
func (c *Copier) Shed(int) []sink.Backlog { return nil }

// Wants tells that nothing is wanted.
func (c *Copier) Wants(string) int { return 0 }

// Trim does nothing.
func (c *Copier) Trim() {}

type noFeed struct{}

func (noFeed) Add(sink.Token, *kgo.Record, *transform.Conversion)             {}
func (noFeed) Refuse(sink.Token, *kgo.Record, string, string, verdict.Reason) {}
func (noFeed) Filter(sink.Token, *kgo.Record, string, string, verdict.Reason) {}
func (noFeed) Flush()                                                         {}

func (c *Copier) failed(tok sink.Token, rec *kgo.Record, err error) {
	c.mu.Lock()
	c.counts.Failed++
	if c.counts.Failure == nil {
		c.counts.Failure = fmt.Errorf("letter %d/%d: %w", rec.Partition, rec.Offset, err)
	}
	c.mu.Unlock()
	c.Leave(tok)
}
