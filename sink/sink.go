package sink

import (
	"cmp"
	"context"
	"errors"
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tracklayer/amazon-capi/internal/backoff"
	"github.com/tracklayer/amazon-capi/internal/faultpoint"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/batch"
	"github.com/tracklayer/amazon-capi/sink/census"
	"github.com/tracklayer/amazon-capi/sink/deadletter"
	"github.com/tracklayer/amazon-capi/sink/exchange"
	"github.com/tracklayer/amazon-capi/sink/gate"
	"github.com/tracklayer/amazon-capi/sink/guard"
	"github.com/tracklayer/amazon-capi/sink/lobby"
	"github.com/tracklayer/amazon-capi/sink/profile"
	"github.com/tracklayer/amazon-capi/sink/receipt"
)

// Sink delivers events to Amazon through one lane per profile, or several if its events go to
// several hosts. A lane has goroutines only while it has events, so that there can be many
// thousands.
type Sink struct {
	opts    Options
	router  exchange.Router
	sender  *exchange.Sender
	backoff backoff.Backoff
	policy  gate.Policy
	letters *deadletter.Writer
	guard   *guard.Guard // nil if it is off
	// receipts is nil if none are written.
	receipts *receipt.Writer
	profiles *profile.Known
	metrics  *metrics

	// stop ends waits and keeps new requests from starting; ctx ends requests as well.
	ctx, stop          context.Context
	cancel, cancelStop context.CancelFunc
	ended              context.Context // closed, for asking without waiting
	wg                 sync.WaitGroup  // the lanes' goroutines

	// mu guards the map. Whoever adds events to a lane holds it for reading, so that the lane
	// cannot be forgotten, or the sink closed, in between.
	mu       sync.RWMutex
	lanes    map[string][]*lane // by profile; several if its events take several routes
	forgetAt int                // number of lanes at which idle ones are forgotten early
	closed   bool

	room   room
	lobby  *lobby.Lobby
	forgot atomic.Int64 // when idle lanes were last searched, Unix nanoseconds
	spent  atomic.Int64 // how often strange lanes ran out of events since then
	// laneCost is what a strange lane takes of the window.
	unknown  atomic.Int64 // lanes made for unknown profiles
	familiar int64        // how many of them are no longer strange
	laneCost int64
	memory   *batch.Memory
	scratch  sync.Pool    // *scratch
	seed     maphash.Seed // of the hashes of event ids
}

const (
	// laneIdle is how long a lane without events is kept, with what it knows about its profile
	// (such as a refusal).
	laneIdle = 10 * time.Minute
	// manyLanes is the number of lanes from which idle ones are dropped earlier: profile ids come
	// from data, and may all be different.
	manyLanes = 10_000
)

// New returns a sink that has not started anything.
func New(opts Options) (*Sink, error) {
	if err := opts.normalise(); err != nil {
		return nil, err
	}
	m := newMetrics(opts.Registerer)
	m.profiles.Configured = opts.Configured
	spaced := backoff.New(opts.BackoffMin, opts.BackoffMax, opts.Rand)
	s := &Sink{
		opts:     opts,
		router:   opts.Router,
		backoff:  spaced,
		policy:   gate.Policy{Backoff: spaced, MaxAttempts: opts.MaxAttempts, AuthHold: opts.AuthHold, Timeout: opts.RequestTimeout},
		metrics:  m,
		memory:   batch.NewMemory(),
		lanes:    make(map[string][]*lane),
		laneCost: laneCost(opts.WindowBytes), familiar: familiar,
		profiles: profile.NewKnown(opts.Configured),
		forgetAt: manyLanes,
		sender: exchange.NewSender(exchange.Options{
			Client: opts.HTTPClient, Timeout: opts.RequestTimeout, Gzip: opts.Gzip,
			Log: opts.Log, Registerer: opts.Registerer, Now: opts.Now,
		}),
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.stop, s.cancelStop = context.WithCancel(s.ctx)
	s.lobby = lobby.New(s.stop, opts.Now, s.wg.Go)
	s.ended = endedContext()
	s.scratch.New = func() any { return &scratch{} }
	s.seed = maphash.MakeSeed()
	s.letters = deadletter.New(s.ctx, deadletter.Options{
		Producer: opts.DeadLetters.Producer, Topic: opts.DeadLetters.Topic,
		Conclude: s.conclude, Shown: s.profiles.Shown, Erased: erasedOf(opts.Erasures), Fenced: m.fenced, Backoff: s.backoff,
		Log: opts.Log, Conditions: opts.Conditions, Registerer: opts.Registerer, Now: opts.Now,
	})
	s.guard = guard.New(guard.Options{
		Settings: opts.Guard, Lanes: storms{s}, Shown: s.profiles.Shown, Fenced: m.fenced,
		Log: opts.Log, Conditions: opts.Conditions, Registerer: opts.Registerer, Now: opts.Now,
	})
	if r := opts.Receipts; r.Topic != "" {
		s.receipts = receipt.New(s.ctx, receipt.Options{
			Producer: r.Producer, Topic: r.Topic, Prefix: r.Prefix, MaxBytes: r.MaxBytes,
			Settle: opts.Settle, Shown: s.profiles.Shown, Bytes: &s.memory.Bytes, Verdicts: &s.memory.Verdicts, Backoff: s.backoff,
			Conditions: opts.Conditions, Registerer: opts.Registerer, Now: opts.Now,
		})
	}
	s.forgot.Store(opts.Now().UnixNano())
	if opts.Registerer != nil {
		opts.Registerer.MustRegister(census.New(s.Lanes))
	}
	return s, nil
}

// deliver puts a feed's events into their lane.
func (s *Sink) deliver(g *group, now time.Time) {
	s.mu.RLock()
	l := s.laneOf(g)
	if l != nil && !s.closed {
		l.add(g, now)
	}
	closed := s.closed
	s.mu.RUnlock()
	if l != nil || closed {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	if l = s.laneOf(g); l == nil {
		if len(s.lanes) >= s.forgetAt {
			s.forgetIdle(now, 0)
			s.forgetAt = max(manyLanes, 2*len(s.lanes))
		}
		l = newLane(s, g.profile, g.route, now)
		s.lanes[g.profile] = append(s.lanes[g.profile], l)
		// The route may have changed since the feed asked for it, and the update of the lanes may
		// have passed before this lane existed.
		l.renew()
	}
	l.add(g, now)
}

// laneOf returns the lane for a feed's events, nil if there is none. The caller holds mu.
func (s *Sink) laneOf(g *group) *lane {
	for _, l := range s.lanes[g.profile] {
		if l.region == g.route.Region && l.contract.Name() == g.route.Contract.Name() && l.dataSet == g.route.DataSetID {
			return l
		}
	}
	return nil
}

// each calls f for every lane. The caller holds mu.
func (s *Sink) each(f func(*lane)) {
	for _, lanes := range s.lanes {
		for _, l := range lanes {
			f(l)
		}
	}
}

// Reroute makes the lanes ask for their routes again, after the Router's answers have changed.
// Waiting events take the new ones; those whose profile no longer has a route become dead
// letters of class auth.
func (s *Sink) Reroute() {
	faultpoint.At("reroute")
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return
	}
	s.each((*lane).renew)
}

// leaveOut concludes verdicts on records that are not delivered.
func (s *Sink) leaveOut(vs []verdict.Verdict) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if !s.closed {
		s.conclude(nil, vs)
	}
}

// conclude is the only exit for verdicts: they are final once their receipt is written, or at
// once without receipts. r is nil if nothing was sent. The sink owns the slice afterwards: a
// batch's verdicts are a hundred kilobytes, which are not copied.
func (s *Sink) conclude(r *verdict.Request, vs []verdict.Verdict) {
	switch {
	case len(vs) == 0:
		s.memory.GiveBack(vs)
	case s.receipts == nil:
		s.opts.Settle(vs)
		s.memory.GiveBack(vs)
	default:
		s.receipts.Put(r, vs)
	}
}

// Flush sends what lanes have without waiting for more, for a drain.
func (s *Sink) Flush() {
	s.mu.RLock()
	defer s.mu.RUnlock()
	s.each((*lane).flush)
}

// Hurry sends what idle lanes have, for when no more events can be taken before some have
// their verdict.
func (s *Sink) Hurry() {
	now := s.opts.Now()
	s.mu.RLock()
	defer s.mu.RUnlock()
	s.each(func(l *lane) { l.hurry(now) })
}

// Sweep drops the events of ended assignments from all lanes and from the receipts, where they
// would otherwise stay until their turn, for hours if something is held. Call it when an
// assignment has ended.
func (s *Sink) Sweep() {
	defer s.forgetStrangers() // when mu is free
	s.mu.RLock()
	defer s.mu.RUnlock()
	s.each((*lane).sweep)
	s.guard.Sweep()
	if s.receipts != nil {
		s.receipts.Sweep()
	}
}

// Trim releases memory that was not needed since the last call.
func (s *Sink) Trim() {
	s.memory.Trim()
	s.sender.Trim()
}

// Lanes returns the state of every lane, by profile.
func (s *Sink) Lanes() []LaneStatus {
	now := s.opts.Now()
	s.mu.RLock()
	out := make([]LaneStatus, 0, len(s.lanes))
	s.each(func(l *lane) { out = append(out, l.status(now)) })
	s.mu.RUnlock()
	slices.SortFunc(out, func(a, b LaneStatus) int {
		return cmp.Or(cmp.Compare(a.Profile, b.Profile), cmp.Compare(a.Contract, b.Contract), cmp.Compare(a.Region, b.Region))
	})
	return out
}

// forgetSometimes looks for lanes to forget, at most once a minute. It is called when a lane
// becomes idle: without traffic there is nothing to forget, and no timer is needed.
func (s *Sink) forgetSometimes(now time.Time) {
	s.forgetStrangers()
	last := s.forgot.Load()
	if now.UnixNano()-last < int64(time.Minute) || !s.forgot.CompareAndSwap(last, now.UnixNano()) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgetIdle(now, laneIdle)
}

// forgetIdle forgets lanes that have been idle for that long. The caller holds mu.
func (s *Sink) forgetIdle(now time.Time, idle time.Duration) {
	for profile, lanes := range s.lanes {
		lanes = slices.DeleteFunc(lanes, func(l *lane) bool { return l.forgettable(now, idle) })
		if len(lanes) == 0 {
			delete(s.lanes, profile)
		} else {
			s.lanes[profile] = lanes
		}
	}
}

// Close stops the lanes. It waits for requests in flight, dead letters and receipts until ctx
// ends, then cuts them off; records without a verdict are delivered again by the partition's
// next owner. When Close has returned, nothing of the sink runs and Settle is not called any
// more. The error is not nil if ctx ended first.
func (s *Sink) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	s.cancelStop()
	s.mu.Unlock()

	cut := context.AfterFunc(ctx, s.cancel)
	s.wg.Wait()
	s.mu.RLock()
	s.each((*lane).stopFading)
	s.mu.RUnlock()
	err := s.letters.Close()
	if s.receipts != nil {
		err = errors.Join(err, s.receipts.Close()) // last: dead letters, too, end in receipts
	}
	if !cut() {
		err = errors.Join(context.Cause(ctx), err)
	}
	s.cancel()
	s.sender.Close()
	return err
}

func endedContext() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
