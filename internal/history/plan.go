package history

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/redact"
)

// Range says what to read of a topic: from From on, and up to To but without it.
type Range struct {
	Topic string
	// Partitions to read; all if there are none.
	Partitions []int32
	// From and To are left open for all that there is.
	From, To Position
	// InOrder says that times only grow along a partition, so that the first
	// record beyond To ends it. Otherwise records may be out of order, as those
	// are which carry the time of the events they are about: then all is read up to the
	// present end, and what lies outside is skipped.
	InOrder bool
}

// Plan is a range in offsets. It does not grow with the topic.
type Plan struct {
	Topic string
	Spans []Span // by partition; those that are empty are left out
	// Since and Until bound the records' timestamps; zero is unbounded.
	Since, Until time.Time
	// Notes tell what of the range is not there any more, in sentences.
	Notes []string

	doubt  error // of a range that is refused if no record is in it
	asked  Range
	oldest time.Time // timestamps of the topic's first and last records; zero if unknown
	newest time.Time
}

// Span is the offsets From, From+1, … up to and without To of a partition.
type Span struct {
	Partition int32
	From, To  int64
}

// Offsets is how many offsets the plan covers, which is at least as many as
// there are records.
func (p *Plan) Offsets() (n int64) {
	for _, s := range p.Spans {
		n += s.To - s.From
	}
	return n
}

// Empty reports whether there is nothing to read.
func (p *Plan) Empty() bool { return len(p.Spans) == 0 }

// WhyEmpty says in a sentence what there is instead of the records asked for.
func (p *Plan) WhyEmpty() string {
	if p.oldest.IsZero() {
		return fmt.Sprintf("topic %q holds no records", p.Topic)
	}
	return fmt.Sprintf("topic %q holds no records %s; its oldest is of %s, its newest of %s",
		p.Topic, p.asked.words(), p.oldest.UTC().Format(time.RFC3339), p.newest.UTC().Format(time.RFC3339))
}

func (r *Range) words() string {
	var parts []string
	if !r.From.IsZero() {
		parts = append(parts, "from "+r.From.String())
	}
	if !r.To.IsZero() {
		parts = append(parts, "to "+r.To.String())
	}
	if len(r.Partitions) > 0 {
		parts = append(parts, "in partitions "+strings.Trim(fmt.Sprint(r.Partitions), "[]"))
	}
	if len(parts) == 0 {
		return "that are left"
	}
	return strings.Join(parts, " ")
}

// Errors of ranges that cannot be read at all.
var (
	// ErrNoTopic is that the topic does not exist.
	ErrNoTopic = errors.New("the topic does not exist")
	// ErrNotRetained is that the range was there and has been deleted since.
	ErrNotRetained = errors.New("the range is no longer retained")
	// ErrBadRange is that no topic could have such a range.
	ErrBadRange = errors.New("there is no such range")
)

func (r *Range) check() error {
	f, t := r.From, r.To
	switch {
	case r.Topic == "":
		return fmt.Errorf("%w: the topic has no name", ErrBadRange)
	case f.IsOffset && t.IsOffset && f.Offset >= t.Offset, !f.Time.IsZero() && !t.Time.IsZero() && !f.Time.Before(t.Time):
		return fmt.Errorf("%w: it ends at %s, which is not after its beginning at %s", ErrBadRange, t, f)
	}
	return nil
}

// Plan asks the brokers which offsets the range has now. It fails for a topic
// that does not exist, and for a range of which nothing is retained; an empty
// range is an empty plan.
func (r *Reader) Plan(ctx context.Context, rng Range) (*Plan, error) {
	if err := rng.check(); err != nil {
		return nil, mistaken(err)
	}
	admin := kadm.NewClient(r.client)
	askCtx, cancel := context.WithTimeoutCause(ctx, askTimeout, fmt.Errorf("the brokers have not answered within %s", askTimeout))
	defer cancel()
	l, err := r.listOffsets(askCtx, admin, &rng)
	if err != nil {
		return nil, mistaken(topicError(askCtx, rng.Topic, err))
	}
	p, err := l.plan()
	if err != nil {
		return nil, err
	}
	if p.doubt != nil {
		if err := r.find(ctx, p); err != nil {
			return nil, err
		}
	}
	return p, nil
}

var errFound = errors.New("there is one")

// find reads a plan up to its first record, and returns the plan's doubt if there
// is none.
func (r *Reader) find(ctx context.Context, p *Plan) error {
	err := r.Read(ctx, p, func(*kgo.Record) error { return errFound })
	switch {
	case errors.Is(err, errFound):
		return nil
	case err == nil:
		return p.doubt
	}
	return err
}

func topicError(ctx context.Context, topic string, err error) error {
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if errors.Is(err, kerr.UnknownTopicOrPartition) || errors.Is(err, kerr.UnknownTopicID) {
		err = ErrNoTopic
	}
	return fmt.Errorf("topic %q cannot be read: %w", topic, redact.Wrap(err))
}

// Offsets returns where a position is in each partition of a topic, or in those
// that are named: the first record at or after a time, the end of the partition if
// there is none, or an offset as far as the partition has it.
func (r *Reader) Offsets(ctx context.Context, topic string, at Position, partitions ...int32) (map[int32]int64, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, askTimeout, fmt.Errorf("the brokers have not answered within %s", askTimeout))
	defer cancel()
	l, err := r.listOffsets(ctx, kadm.NewClient(r.client), &Range{Topic: topic, Partitions: partitions, From: at})
	if err != nil {
		return nil, mistaken(topicError(ctx, topic, err))
	}
	offsets := make(map[int32]int64, len(l.partitions))
	for _, p := range l.partitions {
		start, end := l.offset(l.start, p, 0), l.offset(l.end, p, 0)
		from, _ := l.bounds(p)
		offsets[p] = min(max(from, start), end)
	}
	return offsets, nil
}
