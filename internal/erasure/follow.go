package erasure

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/health"
	"github.com/tracklayer/amazon-capi/internal/history"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/wait"
)

const (
	// lookEvery is how often the topic is read, and so the delay until a newly listed event is no
	// longer sent.
	lookEvery = 3 * time.Second
	// askTimeout bounds the requests of one read.
	askTimeout  = 15 * time.Second
	lookTimeout = 20 * time.Second
	// stale is how long the topic may be unreadable before nothing is sent.
	stale = 30 * time.Second
)

// Options say where the list is.
type Options struct {
	Kafka kafka.Settings
	Topic string

	Log        zerolog.Logger
	Conditions *health.Conditions // nil reports nothing
}

// Follower reads the list and keeps it current.
type Follower struct {
	opts Options
	list *List

	client *kgo.Client // for requests
	reader *history.Reader
	id     kadm.TopicID
	seen   bool // the topic existed
	next   map[int32]int64
}

// NewFollower returns a follower that has not connected yet.
func NewFollower(o Options) *Follower {
	return &Follower{opts: o, list: &List{why: errors.New("it has not been read yet")}, next: make(map[int32]int64)}
}

// List returns the list to query.
func (f *Follower) List() *List { return f.list }

// Load reads the list, and retries until it succeeds or ctx ends.
func (f *Follower) Load(ctx context.Context) error {
	cond := f.opts.Conditions.Condition("erasures")
	for {
		err := f.Look(ctx)
		if err == nil {
			cond.OK()
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		cond.Fail((&unknown{f.list}).Error())
		if !wait.For(ctx, lookEvery) {
			return ctx.Err()
		}
	}
}

// Follow keeps the list current until ctx ends. If the topic is unreadable for some time,
// queries fail until it is readable again.
func (f *Follower) Follow(ctx context.Context) {
	defer f.Close()
	cond := f.opts.Conditions.Condition("erasures")
	heard, before := time.Now(), f.list.Len()
	for wait.For(ctx, lookEvery) {
		err := f.lookWithin(ctx, lookTimeout)
		switch {
		case err == nil:
			heard = time.Now()
			cond.OK()
			if n := f.list.Len(); n != before {
				f.opts.Log.Info().Int("event_ids", n).Msg("the list of erased events has changed")
				before = n
			}
		case ctx.Err() != nil:
			return
		case time.Since(heard) >= stale:
			f.list.hold(err)
			cond.Fail((&unknown{f.list}).Error())
		}
	}
}

// lookWithin is Look with a time limit. What it has read by then is kept.
func (f *Follower) lookWithin(ctx context.Context, most time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	return f.Look(ctx)
}

// Close closes the connections.
func (f *Follower) Close() {
	if f.client != nil {
		f.client.Close()
		f.reader.Close()
		f.client = nil
	}
}

// Look reads what is new in the topic. A topic that has never existed is a list without entries:
// nobody has erased anything. A topic that existed and is gone cannot be read; the known entries
// stay.
func (f *Follower) Look(ctx context.Context) error {
	err := f.look(ctx)
	if err == nil {
		return f.list.confirm()
	}
	if f.list.state.Load() == held {
		f.list.hold(err)
	}
	return err
}

func (f *Follower) look(ctx context.Context) error {
	if err := f.connect(); err != nil {
		return err
	}
	if f.list.restart() {
		clear(f.next)
	}
	spans, err := f.ask(ctx)
	if err != nil || len(spans) == 0 {
		return err
	}
	return f.reader.Read(ctx, &history.Plan{Topic: f.opts.Topic, Spans: spans}, func(rec *kgo.Record) error {
		f.list.enter(rec)
		f.next[rec.Partition] = rec.Offset + 1
		return nil
	})
}

func (f *Follower) connect() (err error) {
	if f.client != nil {
		return nil
	}
	if f.reader, err = history.New(f.opts.Kafka); err != nil {
		return err
	}
	// kadm answers from the client's cache, which for 5 s may miss that a topic was created
	// or deleted.
	if f.client, err = f.opts.Kafka.Connect(kgo.MetadataMinAge(10 * time.Millisecond)); err != nil {
		f.reader.Close()
	}
	return err
}

var errGone = errors.New("its topic was there and is gone: make it again with compaction, and run erase again for what was in it")

// ask returns the unread part of the topic.
func (f *Follower) ask(ctx context.Context) (spans []history.Span, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, askTimeout, fmt.Errorf("the brokers have not answered within %s", askTimeout))
	defer cancel()
	admin := kadm.NewClient(f.client)
	topics, err := admin.ListTopics(ctx, f.opts.Topic)
	if err != nil {
		return nil, f.failed(ctx, err)
	}
	t := topics[f.opts.Topic]
	switch {
	case errors.Is(t.Err, kerr.UnknownTopicOrPartition) && f.seen:
		return nil, errGone
	case errors.Is(t.Err, kerr.UnknownTopicOrPartition):
		return nil, nil
	case t.Err != nil:
		return nil, f.failed(ctx, t.Err)
	case !topics.Has(f.opts.Topic):
		return nil, f.failed(ctx, kerr.UnknownServerError)
	}
	if f.seen && f.id != t.ID {
		clear(f.next) // it was recreated; the entries of the old one stay
	}
	f.seen, f.id = true, t.ID
	ends, err := admin.ListCommittedOffsets(ctx, f.opts.Topic)
	if err == nil {
		err = ends.Error()
	}
	if err != nil {
		return nil, f.failed(ctx, err)
	}
	starts, err := admin.ListStartOffsets(ctx, f.opts.Topic)
	if err == nil {
		err = starts.Error()
	}
	if err != nil {
		return nil, f.failed(ctx, err)
	}
	ends.Each(func(end kadm.ListedOffset) {
		start, _ := starts.Lookup(f.opts.Topic, end.Partition)
		from := max(f.next[end.Partition], start.Offset)
		if end.Offset < f.next[end.Partition] {
			from = start.Offset // brokers lost the end of it
		}
		if from < end.Offset {
			spans = append(spans, history.Span{Partition: end.Partition, From: from, To: end.Offset})
		}
	})
	return spans, nil
}

func (f *Follower) failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if errors.Is(err, kerr.UnknownTopicOrPartition) && f.seen {
		return errGone
	}
	if errors.Is(err, kerr.TopicAuthorizationFailed) {
		return fmt.Errorf("topic %q may not be read: grant Describe and Read on it to this user", f.opts.Topic)
	}
	return fmt.Errorf("topic %q cannot be read: %w", f.opts.Topic, redact.Wrap(err))
}

// Read reads the current list, for tools.
func Read(ctx context.Context, s kafka.Settings, topic string) (*List, error) {
	if topic == "" {
		return nil, nil
	}
	f := NewFollower(Options{Kafka: s, Topic: topic})
	defer f.Close()
	if err := f.Look(ctx); err != nil {
		return nil, &unknown{f.list}
	}
	return f.list, nil
}
