package schemas

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/event"
	"github.com/tracklayer/amazon-capi/schemas/framing"
	"github.com/tracklayer/amazon-capi/schemas/program"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

// Source is where the Decoder asks for schemas; *registry.Client.
type Source interface {
	// SchemaOf returns the schema that records call by that name. A *avro.SchemaError
	// says that its records can never be read; any other error says nothing about them.
	SchemaOf(ctx context.Context, ref framing.Ref) (avro.Schema, error)
}

const (
	// failedFor is how long an unreadable schema is not asked for again. It is finite
	// because a registry that is a replica, or was restored from a backup, can learn
	// of a schema late; a redrive of the dead letters then finds it without a restart.
	// It is not zero because a topic full of garbage must not cause a storm of
	// requests.
	failedFor = 30 * time.Second
	// maxFailed bounds how many such schemas are remembered: garbage that begins with a
	// zero byte can name four billion.
	maxFailed = 1000
)

// Decoder turns records into events. It is safe for concurrent use. It caches schemas,
// which never change under their id, up to maxCached bytes; a record with a cached
// schema needs no registry, no lock and no clock.
type Decoder struct {
	source   Source
	framings framing.Set
	aliases  *event.Aliases
	now      func() time.Time
	cached   prometheus.Gauge
	loader   *loader // nil to make callers wait

	cache atomic.Pointer[cache]

	mu      sync.Mutex
	failed  map[framing.Ref]failure
	lookups map[framing.Ref]*lookup
	crowding
}

type failure struct {
	err   *DecodeError
	until time.Time
}

// lookup is a request to the source that is under way.
type lookup struct {
	done chan struct{}
	// Valid once done is closed.
	cached    *cached
	err       error
	abandoned bool // the asker's context ended; those who waited ask themselves
}

// DecoderOption changes how a Decoder works.
type DecoderOption func(*Decoder)

// WithClock makes the Decoder take the time from now instead of time.Now.
func WithClock(now func() time.Time) DecoderOption {
	return func(d *Decoder) { d.now = now }
}

// WithMetrics registers the Decoder's metrics.
func WithMetrics(reg prometheus.Registerer) DecoderOption {
	return func(d *Decoder) { d.cached = newCachedGauge(reg) }
}

// WithFramings makes the Decoder look for these framings instead of all.
func WithFramings(s framing.Set) DecoderOption {
	return func(d *Decoder) { d.framings = s }
}

// WithAliases makes the Decoder look for fields where aliases say that they are.
func WithAliases(a *event.Aliases) DecoderOption {
	return func(d *Decoder) { d.aliases = a }
}

// Followed returns the aliases that records with a schema's name are read by: none before
// the first of them was read.
func (d *Decoder) Followed(ref framing.Ref) []event.Alias {
	e := d.cache.Load().get(&ref)
	if e == nil {
		return nil
	}
	return e.Followed()
}

func newCachedGauge(reg prometheus.Registerer) prometheus.Gauge {
	return promauto.With(reg).NewGauge(prometheus.GaugeOpts{
		Name: "amazon_capi_schemas_cached",
		Help: "Schemas of TrackLayer events that can be read without asking the registry.",
	})
}

// NewDecoder returns a Decoder that asks source for the schemas it meets.
func NewDecoder(source Source, opts ...DecoderOption) *Decoder {
	d := &Decoder{
		source:   source,
		framings: framing.All,
		now:      time.Now,
		failed:   make(map[framing.Ref]failure),
		lookups:  make(map[framing.Ref]*lookup),
	}
	d.cache.Store(new(cache))
	for _, opt := range opts {
		opt(d)
	}
	if d.cached == nil {
		d.cached = newCachedGauge(nil)
	}
	return d
}

// Decode is DecodeRecord for a value without headers.
func (d *Decoder) Decode(ctx context.Context, value []byte, ev *event.Event) error {
	return d.decode(ctx, value, nil, ev)
}

// DecodeRecord empties ev and fills it from a record's value, by the schema that its
// headers or its value name. A *DecodeError says that the value can never be read; ev
// then has what was read before the fault, which may include the event's id. Any other
// error (errors.Is registry.ErrAway) says that the schema cannot be had now: hold the
// record and try again.
//
// The event's texts are parts of the value wherever possible, because copying them
// would be the only allocation of an event. So the value must not be changed while any
// of them, or a part of one, is in use, and each keeps all of the value alive: for a
// record from Kafka, the whole batch that it came in. What outlives the record, such as
// the key of a map of profiles, needs strings.Clone.
func (d *Decoder) DecodeRecord(ctx context.Context, rec *kgo.Record, ev *event.Event) error {
	return d.decode(ctx, rec.Value, rec.Headers, ev)
}

func (d *Decoder) decode(ctx context.Context, value []byte, headers []kgo.RecordHeader, ev *event.Event) error {
	ev.Reset()
	// What most records are, without a detour.
	if len(headers) == 0 && len(value) >= avro.HeaderSize && value[0] == 0 && d.framings&framing.ConfluentPrefix != 0 {
		id := binary.BigEndian.Uint32(value[1:])
		if e := d.cache.Load().id(id); e != nil {
			err := e.Read(value[avro.HeaderSize:], ev)
			if err == nil && e.hasRead.Load() {
				return nil
			}
			return d.first(framing.RefID(id), value[avro.HeaderSize:], e, err)
		}
	}
	var f framing.Found
	if fault := d.framings.Find(value, headers, &f); fault != nil {
		return asDecodeError(fault)
	}
	e := d.cache.Load().get(&f.Ref)
	if e == nil {
		var err error
		if e, err = d.lookup(ctx, f.Ref); err != nil {
			return err
		}
	}
	if err := read(e, &f, ev); err != nil {
		d.recheck(f, e)
		if f.Framing.InHeader() {
			return d.second(ctx, e, f, err, ev)
		}
		return err
	}
	e.reads()
	return nil
}

// read reads a payload with the program of its schema.
func read(e *cached, f *framing.Found, ev *event.Event) *DecodeError {
	if f.Zlib {
		return inflated(e, f, ev)
	}
	if err := e.Read(f.Payload, ev); err != nil {
		return of(err, f.Ref)
	}
	return nil
}

func inflated(e *cached, f *framing.Found, ev *event.Event) *DecodeError {
	payload, fault := framing.Inflate(f.Payload)
	if fault != nil {
		return of(program.FaultError(fault), f.Ref)
	}
	if err := e.Read(payload, ev); err != nil {
		return of(err, f.Ref)
	}
	return nil
}

// lookup finds the program of a schema that is not cached. There is one request under
// way per schema, however many callers need it. It does not use singleflight, whose
// callers could not leave when their own context ends without leaving a goroutine
// behind.
func (d *Decoder) lookup(ctx context.Context, ref framing.Ref) (*cached, error) {
	if n := ref.Number(); ref.Kind == framing.ID && n > math.MaxInt32 || n > math.MaxInt64 {
		// Ids are positive ints of Java. For larger ones the registry's web server
		// answers as for a malformed path, which could be taken for an outage.
		return nil, &DecodeError{Code: verdict.CodeUnknownSchema, Schema: ref, Message: "no registry gives ids as large"}
	}
	for {
		l, mine, e, err := d.join(ref)
		if l == nil {
			return e, err
		}
		if mine && d.loader == nil {
			d.ask(ctx, ref, l)
			return l.cached, l.err
		}
		if d.loader != nil {
			if mine {
				d.loader.start(func(ctx context.Context) { d.ask(ctx, ref, l) })
			}
			return nil, &LoadingError{ref: ref, lookup: l}
		}
		select {
		case <-l.done:
		case <-ctx.Done():
			return nil, registry.GaveUp(ref, ctx.Err())
		}
		if !l.abandoned {
			return l.cached, l.err
		}
	}
}

// join returns the lookup under way for a schema, a new one for the caller to carry out
// (mine), or no lookup because the answer is known.
func (d *Decoder) join(ref framing.Ref) (l *lookup, mine bool, e *cached, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if e := d.cache.Load().get(&ref); e != nil {
		return nil, false, e, nil
	}
	if f, ok := d.failed[ref]; ok && d.now().Before(f.until) {
		return nil, false, nil, f.err
	}
	if l := d.lookups[ref]; l != nil {
		return l, false, nil, nil
	}
	l = &lookup{done: make(chan struct{})}
	d.lookups[ref] = l
	return l, true, nil, nil
}

func (d *Decoder) ask(ctx context.Context, ref framing.Ref, l *lookup) {
	p, err := d.load(ctx, ref)
	l.err, l.abandoned = err, ctx.Err() != nil

	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.lookups, ref)
	if l.err == nil {
		var crowded *DecodeError
		if l.cached, crowded = d.keep(ref, p); crowded != nil {
			l.err = crowded
		}
	}
	if bad, ok := errors.AsType[*DecodeError](l.err); ok {
		d.fail(ref, bad)
	}
	close(l.done)
}

func (d *Decoder) load(ctx context.Context, ref framing.Ref) (loaded, error) {
	s, err := d.source.SchemaOf(ctx, ref)
	if err != nil {
		return loaded{}, unreadable(err, ref, d.framings)
	}
	if s.Type != "" && !strings.EqualFold(s.Type, "AVRO") {
		return loaded{}, &DecodeError{Code: verdict.CodeNotAvro, Schema: ref, Message: "it names a schema that is not Avro"}
	}
	defer d.loader.compiles()()
	p, bytes, bad := program.Compile(&s, d.aliases)
	if bad != nil {
		return loaded{}, of(bad, ref)
	}
	return loaded{p, sumOf(&s), bytes}, nil
}

// fail is called with mu held.
func (d *Decoder) fail(ref framing.Ref, err *DecodeError) {
	now := d.now()
	if len(d.failed) >= maxFailed {
		for k, f := range d.failed {
			if !now.Before(f.until) {
				delete(d.failed, k)
			}
		}
	}
	if len(d.failed) >= maxFailed {
		clear(d.failed)
	}
	d.failed[ref] = failure{err: err, until: now.Add(failedFor)}
}
