package history

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/setting"
)

const (
	// askTimeout bounds the requests before reading. Somebody waits for them, and working
	// brokers need a fraction of it.
	askTimeout = 30 * time.Second
	// idle is how long no record arrives before the leaders are asked whether there are any.
	idle = time.Second
	// patience is how long brokers may be unavailable during reading: longer than an
	// election of leaders or a restart takes.
	patience = 2 * time.Minute
	// tellEvery is the number of records between calls of Progress.
	tellEvery = 1000
	// fetchBytes bounds the answer of one broker to one fetch, as it was compressed. While
	// one is read, the next one waits; the client's own bound is 50 MiB.
	fetchBytes = 4 << 20
)

// Reader reads ranges of topics. It must not be used concurrently.
type Reader struct {
	// opts are made once: a command reads several ranges, and each mechanism of SASL that is
	// made from the settings asks for a token of its own.
	opts   []kgo.Opt
	client *kgo.Client // for requests
	// Progress, if set, is called with the number of offsets read and of all.
	Progress func(done, total int64)

	idle, patience time.Duration
}

// New returns a reader that has not connected yet. Close it.
func New(s kafka.Settings) (*Reader, error) {
	opts, err := s.Options(zerolog.Nop())
	if err != nil {
		return nil, setting.Mistaken(err)
	}
	client, err := kgo.NewClient(opts...)
	if err != nil {
		return nil, err
	}
	return &Reader{opts: opts, client: client, idle: idle, patience: patience}, nil
}

// Close closes the connections.
func (r *Reader) Close() { r.client.Close() }

// ReadAll reads a topic from its start to the end at the time of the call.
func ReadAll(ctx context.Context, s kafka.Settings, topic string) (records []*kgo.Record, err error) {
	r, err := New(s)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	plan, err := r.Plan(ctx, Range{Topic: topic})
	if err != nil {
		return nil, err
	}
	err = r.Read(ctx, plan, func(rec *kgo.Record) error {
		records = append(records, rec)
		return nil
	})
	return records, err
}

// Read calls each with every record of the plan, those of a partition in order, and
// returns when all have been read, at the first error, or when ctx ends. Records of
// aborted transactions are left out. Records that were deleted after the plan was made
// are an error, because the caller never saw them.
func (r *Reader) Read(ctx context.Context, p *Plan, each func(*kgo.Record) error) error {
	if p.Empty() {
		return nil
	}
	run := newReading(p, each, r.Progress)
	from := make(map[int32]kgo.Offset, len(p.Spans))
	for _, s := range p.Spans {
		from[s.Partition] = kgo.NewOffset().At(s.From)
	}
	client, err := kgo.NewClient(append(slices.Clip(r.opts),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{p.Topic: from}),
		kgo.ConsumeResetOffset(kgo.NoResetOffset()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.FetchMaxWait(500*time.Millisecond),
		kgo.FetchMaxBytes(fetchBytes),
		// Transaction markers take offsets, too; without them the end would often remain unseen.
		kgo.KeepControlRecords())...)
	if err != nil {
		return err
	}
	defer client.Close()
	heard := time.Now() // when the brokers last sent something useful
	for len(run.open) > 0 {
		moved, err := r.poll(ctx, client, run)
		if err != nil {
			return err
		}
		if moved {
			heard = time.Now()
			continue
		}
		err = r.probe(ctx, run)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err == nil:
			heard = time.Now()
		case errors.Is(err, errGone), errors.Is(err, ErrNotRetained):
			return topicError(ctx, p.Topic, err)
		case time.Since(heard) >= r.patience:
			return topicError(ctx, p.Topic, err)
		}
	}
	run.tell(true)
	return nil
}

// poll takes what arrives within a moment; moved is false if nothing did.
func (r *Reader) poll(ctx context.Context, client *kgo.Client, run *reading) (moved bool, err error) {
	pollCtx, cancel := context.WithTimeout(ctx, r.idle)
	defer cancel()
	fetches := client.PollFetches(pollCtx)
	if ctx.Err() != nil {
		return false, context.Cause(ctx)
	}
	for _, e := range fetches.Errors() {
		if errors.Is(e.Err, context.DeadlineExceeded) {
			continue
		}
		return false, topicError(ctx, run.plan.Topic, fmt.Errorf("partition %d: %w", e.Partition, retained(e.Err)))
	}
	for it := fetches.RecordIter(); !it.Done(); {
		moved = true
		if err := run.record(it.Next()); err != nil {
			return true, err
		}
	}
	return moved, nil
}

// reading is one call of Read.
type reading struct {
	plan     *Plan
	each     func(*kgo.Record) error
	progress func(done, total int64)
	open     map[int32]Span // the rest of the partitions that are not read to their end
	total    int64
	told     int // records since the last call of Progress
}

func newReading(p *Plan, each func(*kgo.Record) error, progress func(done, total int64)) *reading {
	run := &reading{plan: p, each: each, progress: progress, open: make(map[int32]Span, len(p.Spans)), total: p.Offsets()}
	for _, s := range p.Spans {
		run.open[s.Partition] = s
	}
	return run
}

func (run *reading) record(rec *kgo.Record) error {
	s, ok := run.open[rec.Partition]
	if !ok {
		return nil // beyond its end
	}
	if rec.Offset < s.To && !rec.Attrs.IsControl() && run.plan.holds(rec.Timestamp) {
		if err := run.each(rec); err != nil {
			return err
		}
	}
	run.reached(rec.Partition, rec.Offset+1)
	return nil
}

// holds reports whether a record with that time is in the range.
func (p *Plan) holds(t time.Time) bool {
	return (p.Since.IsZero() || !t.Before(p.Since)) && (p.Until.IsZero() || t.Before(p.Until))
}

// reached notes that a partition is read up to an offset.
func (run *reading) reached(partition int32, next int64) {
	s, ok := run.open[partition]
	if !ok {
		return
	}
	if next >= s.To {
		delete(run.open, partition)
	} else {
		s.From = max(s.From, next)
		run.open[partition] = s
	}
	run.tell(false)
}

func (run *reading) tell(now bool) {
	if run.told++; run.progress == nil || !now && run.told < tellEvery {
		return
	}
	run.told = 0
	left := int64(0)
	for _, s := range run.open {
		left += s.To - s.From
	}
	run.progress(run.total-left, run.total)
}

// One reads the record at an offset; nil if there is none, because nothing was written
// there yet, it was compacted away, or it is a transaction's marker.
func (r *Reader) One(ctx context.Context, topic string, partition int32, offset int64) (rec *kgo.Record, err error) {
	plan, err := r.Plan(ctx, Range{
		Topic: topic, Partitions: []int32{partition},
		From: Position{IsOffset: true, Offset: offset}, To: Position{IsOffset: true, Offset: offset + 1},
	})
	if err != nil {
		return nil, err
	}
	err = r.Read(ctx, plan, func(found *kgo.Record) error {
		rec = found
		return nil
	})
	return rec, err
}
