package sample

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/framing"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

// Registry is where a Publisher registers the schemas it writes with;
// *registry.Client.
type Registry interface {
	Register(ctx context.Context, subject string, versions []string) ([]registry.VersionStatus, error)
	RegisterAvro(ctx context.Context, subject, schema string) (id uint32, err error)
}

// Timestamps says what the records' timestamps are.
type Timestamps string

const (
	// Now is the time of publishing. It is the default, because brokers delete
	// by timestamp: a record as old as its event can be gone before it is read.
	Now Timestamps = "now"
	// EventTime is when the event happened, where a broker takes that: it is
	// the present for events without a time or from the future.
	EventTime Timestamps = "event"
)

// PublisherOptions say where a Publisher publishes.
type PublisherOptions struct {
	Topic string
	// Timestamps is Now unless set. A sample's own timestamp wins.
	Timestamps Timestamps
	// Framing is how records name their schema: one of framing.StyleNames,
	// confluent-prefix unless set.
	Framing string
	// Glue is where framings of AWS Glue are registered; nil for none.
	Glue Versions
	// Progress is called now and then with what the brokers have acknowledged
	// so far, and once more at the end, by one goroutine at a time.
	Progress func(Counts)
	// Now is time.Now unless set.
	Now func() time.Time
}

// Counts is how much was published.
type Counts struct {
	Records int   `json:"records"`
	Bytes   int64 `json:"bytes"` // of keys and values
	// Expect counts the records whose samples say what becomes of them, by the
	// class's word.
	Expect map[string]int `json:"expect,omitempty"`
}

// progressEvery is how many records pass between two calls of Progress.
const progressEvery = 1000

// flushGrace is how long Publish waits, after it was cancelled or a record
// failed, for what it cannot call back.
const flushGrace = 3 * time.Second

// Publisher publishes samples to a topic.
type Publisher struct {
	o        PublisherOptions
	client   *kgo.Client
	registry Registry
	encoder  *Encoder
	ids      IDs
	framings framings
}

// NewPublisher returns a Publisher that produces with client. The client's
// settings decide about acknowledgements and batches; it is not closed.
func NewPublisher(client *kgo.Client, registry Registry, o PublisherOptions) (*Publisher, error) {
	switch o.Timestamps {
	case "":
		o.Timestamps = Now
	case Now, EventTime:
	default:
		return nil, fmt.Errorf("timestamps %q are unknown: want now or event", string(o.Timestamps))
	}
	if o.Topic == "" {
		return nil, errors.New("the topic to publish to has no name")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Progress == nil {
		o.Progress = func(Counts) {}
	}
	encoder, err := NewEncoder()
	if err != nil {
		return nil, err
	}
	p := &Publisher{o: o, client: client, registry: registry, encoder: encoder}
	p.framings.guids, p.framings.glue = make(map[schemas.Version]framing.Ref), make(map[schemas.Version]framing.Ref)
	if o.Framing != "" {
		if p.framings.styles, err = framing.ParseStyles(o.Framing, o.Glue != nil); err != nil {
			return nil, setting.Framing.Wrap(err)
		}
	}
	return p, nil
}

// Publish publishes samples until they end, and returns when the brokers have
// acknowledged all or one failed. The counts are right either way. An error
// names the sample by its number, from 1, and holds nothing of its event.
func (p *Publisher) Publish(ctx context.Context, samples iter.Seq2[Sample, error]) (Counts, error) {
	if err := p.register(ctx); err != nil {
		return Counts{}, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	run := &publishing{p: p, fail: cancel, counts: Counts{Expect: make(map[string]int)}}
	n := 0
	for s, err := range samples {
		n++
		if err == nil {
			err = p.produce(ctx, run, n, s)
		}
		if err != nil {
			cancel(err)
		}
		if ctx.Err() != nil {
			break
		}
	}
	if err := p.client.Flush(ctx); err != nil {
		cancel(err)
		// Records that are under way may still be written, and should be
		// counted if they are.
		last, done := context.WithTimeout(context.WithoutCancel(ctx), flushGrace)
		_ = p.client.Flush(last)
		done()
	}
	run.mu.Lock()
	defer run.mu.Unlock()
	p.o.Progress(run.counts.clone())
	return run.counts, context.Cause(ctx)
}

// register gets the ids of the event's schemas. Those for damage are asked for
// only when they are needed: a topic that is published good events to should
// not find others in its registry.
func (p *Publisher) register(ctx context.Context) error {
	versions, err := p.registry.Register(ctx, schemas.Subject(p.o.Topic), schemas.Texts())
	if err != nil {
		return err
	}
	p.framings.others = make(map[uint32]framing.Ref)
	p.ids.Versions = make(map[schemas.Version]uint32)
	for _, v := range versions {
		if p.framings.glueAlone = v.Glue != ""; p.framings.glueAlone {
			v.ID = firstVersion + v.Version
		}
		p.ids.Versions[schemas.Version(v.Version)] = uint32(v.ID)
		if err := p.registered(ctx, schemas.Version(v.Version), v.GUID); err != nil {
			return err
		}
	}
	return nil
}

func (p *Publisher) registerFor(ctx context.Context, d Damage) (err error) {
	switch {
	case d == NotTrackLayer && p.ids.Foreign == 0:
		p.ids.Foreign, err = p.other(ctx, p.o.Topic+"-sample-foreign", foreignSchema)
	case (d == NotANumber || d == UnexpectedType) && p.ids.Loose == 0:
		p.ids.Loose, err = p.other(ctx, p.o.Topic+"-sample-loose", looseSchema)
	}
	return err
}

func (p *Publisher) produce(ctx context.Context, run *publishing, n int, s Sample) error {
	if err := p.registerFor(ctx, s.Damage); err != nil {
		return fmt.Errorf("sample %d: %w", n, err)
	}
	value, err := p.encoder.Value(p.ids, &s)
	if err != nil {
		return fmt.Errorf("sample %d: %w", n, err)
	}
	value, headers := p.framings.frame(n, &p.ids, &s, value)
	rec := &kgo.Record{Topic: p.o.Topic, Key: s.key(), Value: value, Headers: headers, Timestamp: p.timestamp(&s)}
	p.client.Produce(ctx, rec, func(rec *kgo.Record, err error) { run.done(n, s.Expect, rec, err) })
	return nil
}

func (p *Publisher) timestamp(s *Sample) time.Time {
	now := p.o.Now()
	switch {
	case !s.Timestamp.IsZero():
		return s.Timestamp
	case p.o.Timestamps == EventTime && s.Event != nil && s.Event.OccurredAt > 0 && s.Event.OccurredAt < now.UnixMilli():
		return time.UnixMilli(s.Event.OccurredAt)
	}
	return now
}

// publishing is one call of Publish.
type publishing struct {
	p    *Publisher
	fail context.CancelCauseFunc

	mu     sync.Mutex
	counts Counts
}

// done is called for each record, when the brokers have answered.
func (run *publishing) done(n int, expect verdict.Class, rec *kgo.Record, err error) {
	if err != nil {
		if !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
			err = fmt.Errorf("topic %s: %s (%w)", run.p.o.Topic, kafka.Reason(err, run.p.o.Topic, "--topic"), redact.Wrap(err))
		}
		run.fail(fmt.Errorf("sample %d: %w", n, err))
		return
	}
	run.mu.Lock()
	defer run.mu.Unlock()
	run.counts.Records++
	run.counts.Bytes += int64(len(rec.Key) + len(rec.Value))
	if expect != 0 {
		run.counts.Expect[expect.String()]++
	}
	if run.counts.Records%progressEvery == 0 {
		run.p.o.Progress(run.counts.clone())
	}
}

func (c Counts) clone() Counts {
	c.Expect = maps.Clone(c.Expect)
	return c
}
