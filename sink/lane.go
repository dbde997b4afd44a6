package sink

import (
	"slices"
	"sync"
	"time"
)

// lane is the queue of one profile: it makes batches, and sends one at a time.
// Lanes share nothing but tokens and connections, so that a profile which is
// slow, throttled or refused holds up no other.
type lane struct {
	sink    *Sink
	profile string
	// wake tells the goroutine that there is something new to look at.
	wake chan struct{}

	mu    sync.Mutex
	open  *batch   // still growing; nil if there is none
	ready []*batch // full or waited long enough, in order
	front []*batch // a stack of what goes before: a batch to try again, halves
	aside []*batch // events that Amazon wants later, each with its own time
	// heldUntil is until when nothing at all is sent.
	heldUntil time.Time
	running   bool // it has a goroutine
	records   int  // that have no verdict yet and are no dead letters
	state     LaneState
	since     time.Time
	reason    string

	// These belong to the goroutine, if there is one.
	trouble trouble
	stale   AccessToken // the token that Amazon last answered 401 to
}

func newLane(s *Sink, profile string, now time.Time) *lane {
	return &lane{sink: s, profile: profile, wake: make(chan struct{}, 1), state: LaneIdle, since: now}
}

// add takes a feed's events, which are of this lane. The caller holds the
// sink's mu, so the sink is not closed.
func (l *lane) add(g *group, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	news := l.open == nil
	start := 0
	for i := range g.events {
		p := &g.events[i]
		if l.addOne(p, g.buf[start:p.end], now) {
			news = true
		}
		start = p.end
	}
	l.records += len(g.events)
	switch {
	case !l.running:
		l.running = true
		l.sink.wg.Go(l.run)
	case news:
		l.signal()
	}
}

// addOne returns true when a batch became ready to send.
func (l *lane) addOne(p *pending, encoded []byte, now time.Time) (closed bool) {
	s := l.sink
	r := record{p.token, p.record}
	if l.open != nil {
		if e := l.open.find(p.id); e != nil {
			e.more = append(e.more, r)
			differs := "false"
			if string(l.open.encoded(e)) != string(encoded) {
				differs = "true"
			}
			s.metrics.duplicates.WithLabelValues(differs).Inc()
			return false
		}
		if s.frame.size(len(l.open.events)+1, l.open.bytes+len(encoded)) > s.opts.BatchBytes {
			l.closeOpen()
			closed = true
		}
	}
	if l.open == nil {
		l.open = s.newBatch(now.Add(s.opts.Linger))
	}
	l.open.add(r, p.id, encoded)
	if len(l.open.events) >= s.opts.BatchEvents {
		l.closeOpen()
		closed = true
	}
	return closed
}

func (l *lane) closeOpen() {
	l.open.close()
	l.ready = append(l.ready, l.open)
	l.open = nil
}

func (l *lane) signal() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// flush makes the open batch ready.
func (l *lane) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open != nil {
		l.closeOpen()
		l.signal()
	}
}

// sweep drops events whose assignment has ended.
func (l *lane) sweep() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open != nil && l.open.anyDead() {
		l.closeOpen() // as its ids name places that are about to shift
	}
	l.front = l.swept(l.front)
	l.ready = l.swept(l.ready)
	l.aside = l.swept(l.aside)
	l.signal()
}

func (l *lane) swept(list []*batch) []*batch {
	kept := list[:0]
	for _, b := range list {
		l.prune(b)
		if len(b.events) > 0 {
			kept = append(kept, b)
		}
	}
	clear(list[len(kept):])
	return kept
}

// prune drops the dead events of a batch. The caller holds mu.
func (l *lane) prune(b *batch) {
	if gone := b.prune(); gone > 0 {
		l.records -= gone
		l.sink.metrics.fenced.Add(float64(gone))
	}
}

// next tells when there will be something to send; ok is false when there is
// nothing at all. The caller holds mu.
func (l *lane) next(now time.Time) (at time.Time, ok bool) {
	for _, b := range l.aside {
		if at.IsZero() || b.notBefore.Before(at) {
			at = b.notBefore
		}
	}
	if l.open != nil && (at.IsZero() || l.open.due.Before(at)) {
		at = l.open.due
	}
	if len(l.front) > 0 || len(l.ready) > 0 {
		at = now
	}
	if at.IsZero() {
		return at, false
	}
	if at.Before(l.heldUntil) {
		at = l.heldUntil
	}
	return at, true
}

// take returns the batch to send now; nil if all there was has been dropped.
func (l *lane) take(now time.Time) *batch {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		b := l.pop(now)
		if b == nil {
			return nil
		}
		if l.prune(b); len(b.events) > 0 {
			l.set(LaneSending, "", now)
			return b
		}
	}
}

func (l *lane) pop(now time.Time) (b *batch) {
	if n := len(l.front); n > 0 {
		b, l.front[n-1] = l.front[n-1], nil
		l.front = l.front[:n-1]
		return b
	}
	for i, a := range l.aside {
		if !a.notBefore.After(now) {
			l.aside = slices.Delete(l.aside, i, i+1)
			return a
		}
	}
	if len(l.ready) == 0 && l.open != nil && !l.open.due.After(now) {
		l.closeOpen()
	}
	if len(l.ready) == 0 {
		return nil
	}
	b, l.ready[0] = l.ready[0], nil
	l.ready = l.ready[1:]
	return b
}

// set notes what the lane is doing. The caller holds mu.
func (l *lane) set(state LaneState, reason string, now time.Time) {
	if l.state != state {
		l.since = now
	}
	l.state, l.reason = state, reason
}

// forgettable tells whether the lane has been idle for that long. A lane that
// is forgotten takes its condition along.
func (l *lane) forgettable(now time.Time, idle time.Duration) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.running || now.Sub(l.since) < idle || now.Before(l.heldUntil) {
		return false
	}
	l.withdraw()
	return true
}

// LaneState is what a lane is doing.
type LaneState string

// The states of a lane.
const (
	LaneIdle     LaneState = "idle"     // it has no events
	LaneBatching LaneState = "batching" // its events wait for more
	LaneSending  LaneState = "sending"
	LaneHeld     LaneState = "held" // its events wait for a fault to pass
)

// LaneStatus is a lane as health pages and the demo show it.
type LaneStatus struct {
	Profile string    `json:"profile"`
	State   LaneState `json:"state"`
	Since   time.Time `json:"since"`
	// Reason says why it is held; empty otherwise.
	Reason string `json:"reason,omitempty"`
	// Records is how many have no verdict yet and are not dead letters.
	Records int `json:"records"`
}

func (l *lane) status() LaneStatus {
	l.mu.Lock()
	defer l.mu.Unlock()
	return LaneStatus{Profile: l.profile, State: l.state, Since: l.since, Reason: l.reason, Records: l.records}
}
