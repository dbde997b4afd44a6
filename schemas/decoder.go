package schemas

import (
	"context"
	"errors"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

// Source is where the Decoder asks for schemas; *registry.Client.
type Source interface {
	// SchemaByID returns the schema of that id. A *avro.SchemaError says that its
	// records can never be read; any other error says nothing about them.
	SchemaByID(ctx context.Context, id uint32) (avro.Schema, error)
}

const (
	// failedFor is how long an unreadable id is not asked for again. It is finite
	// because a registry that is a replica, or was restored from a backup, can learn
	// of an id late; a redrive of the dead letters then finds it without a restart.
	// It is not zero because a topic full of garbage must not cause a storm of
	// requests.
	failedFor = 30 * time.Second
	// maxFailed bounds how many such ids are remembered: garbage that begins with a
	// zero byte can name four billion.
	maxFailed = 1000
)

// Decoder turns records into events. It is safe for concurrent use. It caches schemas,
// which never change under their id, up to maxCached bytes; a record with a cached
// schema needs no registry, no lock and no clock.
type Decoder struct {
	source Source
	now    func() time.Time
	cached prometheus.Gauge
	loader *loader // nil to make callers wait

	cache atomic.Pointer[cache]

	mu      sync.Mutex
	failed  map[uint32]failure
	lookups map[uint32]*lookup
}

type failure struct {
	err   *DecodeError
	until time.Time
}

// lookup is a request to the source that is under way.
type lookup struct {
	done chan struct{}
	// Valid once done is closed.
	program   program
	bytes     int64 // of memory
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

func newCachedGauge(reg prometheus.Registerer) prometheus.Gauge {
	return promauto.With(reg).NewGauge(prometheus.GaugeOpts{
		Name: "amazon_capi_schemas_cached",
		Help: "Schemas of TrackLayer events that can be read without asking the registry.",
	})
}

// NewDecoder returns a Decoder that asks source for the schemas it meets.
func NewDecoder(source Source, opts ...DecoderOption) *Decoder {
	d := &Decoder{
		source:  source,
		now:     time.Now,
		failed:  make(map[uint32]failure),
		lookups: make(map[uint32]*lookup),
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

// Decode empties ev and fills it from a record's value. A *DecodeError says that the
// value can never be read; ev then has what was read before the fault, which may
// include the event's id. Any other error (errors.Is registry.ErrAway) says that the
// schema cannot be had now: hold the record and try again.
//
// The event's texts are parts of value wherever possible, because copying them would
// be the only allocation of an event. So value must not be changed while any of them,
// or a part of one, is in use, and each keeps all of value alive: for a record from
// Kafka, the whole batch that it came in. What outlives the record, such as the key of
// a map of profiles, needs strings.Clone.
func (d *Decoder) Decode(ctx context.Context, value []byte, ev *Event) error {
	ev.Reset()
	id, payload, fault := avro.ParseHeader(value)
	if fault != nil {
		return asDecodeError(fault)
	}
	p := d.cache.Load().get(id)
	if p == nil {
		var err error
		if p, err = d.lookup(ctx, id); err != nil {
			return err
		}
	}
	if err := p.read(payload, ev); err != nil {
		return err.withID(id)
	}
	return nil
}

// lookup finds the program of an id that is not cached. There is one request under way
// per id, however many callers need it. It does not use singleflight, whose callers
// could not leave when their own context ends without leaving a goroutine behind.
func (d *Decoder) lookup(ctx context.Context, id uint32) (program, error) {
	if id > math.MaxInt32 {
		// Ids are positive ints of Java. For larger ones the registry's web server
		// answers as for a malformed path, which could be taken for an outage.
		return nil, &DecodeError{Code: verdict.CodeUnknownSchema, SchemaID: id, Message: "no registry gives ids beyond 2147483647"}
	}
	for {
		l, mine, p, err := d.join(id)
		if l == nil {
			return p, err
		}
		if mine && d.loader == nil {
			d.ask(ctx, id, l)
			return l.program, l.err
		}
		if d.loader != nil {
			if mine {
				d.loader.start(func(ctx context.Context) { d.ask(ctx, id, l) })
			}
			return nil, &LoadingError{id: id, lookup: l}
		}
		select {
		case <-l.done:
		case <-ctx.Done():
			return nil, registry.GaveUp(id, ctx.Err())
		}
		if !l.abandoned {
			return l.program, l.err
		}
	}
}

// join returns the lookup under way for id, a new one for the caller to carry out
// (mine), or no lookup because the answer is known.
func (d *Decoder) join(id uint32) (l *lookup, mine bool, p program, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if p := d.cache.Load().get(id); p != nil {
		return nil, false, p, nil
	}
	if f, ok := d.failed[id]; ok && d.now().Before(f.until) {
		return nil, false, nil, f.err
	}
	if l := d.lookups[id]; l != nil {
		return l, false, nil, nil
	}
	l = &lookup{done: make(chan struct{})}
	d.lookups[id] = l
	return l, true, nil, nil
}

func (d *Decoder) ask(ctx context.Context, id uint32, l *lookup) {
	l.program, l.bytes, l.err = d.load(ctx, id)
	l.abandoned = ctx.Err() != nil

	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.lookups, id)
	if l.err == nil {
		d.keep(id, l.program, l.bytes)
	}
	if bad, ok := errors.AsType[*DecodeError](l.err); ok {
		d.fail(id, bad)
	}
	close(l.done)
}

func (d *Decoder) load(ctx context.Context, id uint32) (p program, bytes int64, err error) {
	s, err := d.source.SchemaByID(ctx, id)
	if err != nil {
		return nil, 0, unreadable(err, id)
	}
	if s.Type != "" && !strings.EqualFold(s.Type, "AVRO") {
		return nil, 0, &DecodeError{Code: verdict.CodeNotAvro, SchemaID: id, Message: "the id names a schema that is not Avro"}
	}
	defer d.loader.compiles()()
	p, bytes, bad := compileSchema(&s)
	if bad != nil {
		return nil, 0, bad.withID(id)
	}
	return p, bytes, nil
}

// keep and fail are called with mu held.
func (d *Decoder) keep(id uint32, p program, bytes int64) {
	delete(d.failed, id)
	next := d.cache.Load().with(id, p, bytes, maxCached)
	d.cache.Store(next)
	d.cached.Set(float64(len(next.entries)))
}

func (d *Decoder) fail(id uint32, err *DecodeError) {
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
	d.failed[id] = failure{err: err, until: now.Add(failedFor)}
}
