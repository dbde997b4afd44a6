package dlq

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer"
	"github.com/tracklayer/amazon-capi/internal/crash"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/internal/wait"
	"github.com/tracklayer/amazon-capi/sink/deadletter"
)

// Producer is what a Copier needs of a Kafka client; *kgo.Client is one.
type Producer interface {
	Produce(ctx context.Context, r *kgo.Record, promise func(*kgo.Record, error))
}

// Originals reads records of the source; *history.Reader is one.
type Originals interface {
	One(ctx context.Context, topic string, partition int32, offset int64) (*kgo.Record, error)
}

// Original returns what a letter was made of, for a redrive. What the
// letter lacks is read from the source.
func Original(ctx context.Context, l *deadletter.Letter, from Originals) (*kgo.Record, error) {
	again := l.Again()
	if l.Whole() {
		return again, nil
	}
	if l.Topic == "" || l.Partition < 0 || l.Offset < 0 {
		return nil, errNoPlace
	}
	rec, err := from.One(ctx, l.Topic, l.Partition, l.Offset)
	switch {
	case err != nil:
		return nil, err
	case rec == nil:
		return nil, fmt.Errorf("%w: %s, partition %d, offset %d", errNoOriginal, l.Topic, l.Partition, l.Offset)
	}
	if l.Pointer {
		// The count is on the original alone.
		counted := *l
		counted.Redrives = max(l.Redrives, deadletter.Redrives(rec))
		again = counted.Again()
	}
	count := again.Headers[len(again.Headers)-1]
	again.Key, again.Value, again.Timestamp = rec.Key, rec.Value, rec.Timestamp
	again.Headers = append(deadletter.OwnHeaders(rec), count)
	return again, nil
}

var (
	errNoOriginal = errors.New("the letter is not whole, and its original is gone")
	errNoPlace    = errors.New("the letter is not whole, and does not say where its original is")
)

// Copier writes copies of letters to a topic. A letter is done when the brokers
// have acknowledged its copy; one whose copy they refuse stays.
type Copier struct {
	// Topic takes the copies.
	Topic    string
	Producer Producer
	// Copy makes what is written of a letter.
	Copy func(ctx context.Context, rec *kgo.Record) (*kgo.Record, error)
	// Renew is the producer's, if it can replace its client; see kafka.Writer.
	Renew func(ctx context.Context, cause error) (renewed bool, err error)
	Log   zerolog.Logger
	// Settle and Leave are the consumer's.
	Settle func([]verdict.Verdict)
	Leave  func(verdict.Handle)

	wg     sync.WaitGroup // of further tries
	mu     sync.Mutex
	counts CopyCounts
	held   bool // copies wait, and that was logged
}

var _ consumer.Handler = (*Copier)(nil)

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

// copyWorker makes copies. They outlive the job, because a record that may have been
// written must be waited for.
type copyWorker struct {
	*Copier
	ctx    context.Context
	rec    *kgo.Record // the letter in hand
	copied *kgo.Record // its copy to write
	why    error       // why it cannot be copied
}

var _ consumer.Worker = (*copyWorker)(nil)

// Read implements consumer.Worker.
func (w *copyWorker) Read(ctx context.Context, rec *kgo.Record, _ bool) (verdict.Reading, error) {
	w.ctx, w.rec = ctx, rec
	if w.copied, w.why = w.Copy(ctx, rec); w.why != nil && ctx.Err() != nil {
		return verdict.Reading{}, w.why // it is held, and given back
	}
	return verdict.Reading{}, nil
}

// Take implements consumer.Worker.
func (w *copyWorker) Take(h verdict.Handle, _ *verdict.Past) {
	if w.why != nil {
		w.failed(h, w.rec, w.why)
		return
	}
	w.copied.Topic = w.Topic
	w.produce(context.WithoutCancel(w.ctx), &try{tok: h, rec: w.rec, copied: w.copied, stop: w.ctx})
}

// Refuse implements consumer.Worker. Nothing is put off, so nothing can have been
// deleted since.
func (w *copyWorker) Refuse(h verdict.Handle, _ *kgo.Record, _ string, _ verdict.Reason) { w.Leave(h) }

// Flush does nothing: copies do not wait for others.
func (w *copyWorker) Flush() {}

// try is a copy on its way.
type try struct {
	tok     verdict.Handle
	rec     *kgo.Record     // the letter
	copied  *kgo.Record     // what is written of it
	stop    context.Context // ends with the job: then nothing is tried again
	retimed bool
	renewed int       // how often the producer was another one at the next try
	missing time.Time // since when the topic is not there
}

func (c *Copier) produce(ctx context.Context, t *try) {
	// Every try has a record of its own, since the client keeps state in it.
	out := &kgo.Record{
		Topic: t.copied.Topic, Partition: t.copied.Partition, Key: t.copied.Key, Value: t.copied.Value,
		Headers: t.copied.Headers, Timestamp: t.copied.Timestamp,
	}
	c.Producer.Produce(ctx, out, func(_ *kgo.Record, err error) {
		defer crash.Report()
		if err == nil {
			c.done(t)
			return
		}
		// In a goroutine, because promises must not wait for room in the client.
		c.wg.Go(func() {
			defer crash.Report()
			if c.again(t, err) {
				c.produce(ctx, t)
				return
			}
			c.failed(t.tok, t.rec, fmt.Errorf("topic %s: %s (%w)", c.Topic, kafka.Reason(err, c.Topic, "the flags"), redact.Wrap(err)))
		})
	})
}

// done notes that the brokers have a copy.
func (c *Copier) done(t *try) {
	c.mu.Lock()
	c.counts.Copied++
	if t.retimed {
		c.counts.Retimed++
	}
	if c.held {
		c.held = false
		c.Log.Info().Str("topic", c.Topic).Msg("copies are written again")
	}
	c.mu.Unlock()
	// Not that Amazon accepted it, but that it is done with.
	c.Settle([]verdict.Verdict{{Handle: t.tok, Source: verdict.SourceOf(t.rec), Class: verdict.Accepted}})
}

const (
	// copyPause is how long a copy waits before it is tried again, and madeAgain how
	// long a topic that was there may be missing: a topic is purged by deleting it
	// and making it again.
	copyPause, madeAgain = time.Second, time.Minute
	// maxRenewed is how many producers may refuse a copy.
	maxRenewed = 5
)

// again reports whether a copy should be tried again, after a pause if that helps:
// faults of brokers are waited for until the job is stopped. What the brokers
// refuse for good, and what somebody has to grant or to create, ends it.
func (c *Copier) again(t *try, err error) bool {
	if errors.Is(err, kerr.InvalidTimestamp) && !t.retimed {
		// The event has its own time; the record's is the lesser loss.
		t.copied.Timestamp, t.retimed = time.Time{}, true
		return true
	}
	var unasked error
	if c.Renew != nil && t.renewed < maxRenewed {
		var renewed bool
		if renewed, unasked = c.Renew(t.stop, err); renewed {
			t.renewed++
			return true
		}
	}
	switch {
	case errors.Is(err, kerr.UnknownTopicOrPartition):
		now := time.Now()
		if t.missing.IsZero() {
			t.missing = now
		}
		if c.Counts().Copied == 0 || now.Sub(t.missing) > madeAgain {
			return false
		}
	case errors.Is(err, kgo.ErrClientClosed):
		return false
	case unasked == nil && !kerr.IsRetriable(err) && ofKafka(err):
		return false
	}
	c.hold(err)
	return wait.For(t.stop, copyPause)
}

// ofKafka reports whether brokers said it, and not the network.
func ofKafka(err error) bool {
	var said *kerr.Error
	return errors.As(err, &said)
}

// hold says once that copies wait, and for what.
func (c *Copier) hold(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.held {
		c.held = true
		c.Log.Warn().Str("topic", c.Topic).Str("reason", kafka.Reason(err, c.Topic, "the flags")).Msg("copies cannot be written now; they are tried again")
	}
}

// Wait returns when the copier's goroutines have ended. Close its producer first.
func (c *Copier) Wait() { c.wg.Wait() }

// NewWorker implements consumer.Handler.
func (c *Copier) NewWorker() consumer.Worker { return &copyWorker{Copier: c} }

// Flush does nothing: copies do not wait for others.
func (c *Copier) Flush(bool) {}

// Forget does nothing.
func (c *Copier) Forget() {}

// GiveBack gives nothing back.
func (c *Copier) GiveBack(int) []verdict.Backlog { return nil }

// Wants reports that nothing is wanted.
func (c *Copier) Wants(string) int { return 0 }

func (c *Copier) failed(tok verdict.Handle, rec *kgo.Record, err error) {
	c.mu.Lock()
	c.counts.Failed++
	if c.counts.Failure == nil {
		c.counts.Failure = fmt.Errorf("letter %d/%d: %w", rec.Partition, rec.Offset, redact.Wrap(err))
	}
	c.mu.Unlock()
	c.Leave(tok)
}
