package sink

import (
	"sync"
	"time"

	"github.com/tracklayer/amazon-capi/sink/batch"
)

// crowd is a snapshot of what the lanes hold.
type crowd struct {
	held   int  // records of all lanes
	hungry bool // a healthy lane holds no more than it can use
	proven bool // a healthy lane has been answered well before
	over   []surplus
	beyond int // records of those
	// stuck are the lanes that cannot send, and those with events that Amazon has put off;
	// own is set if one of them has trouble of its own.
	stuck []stuckLane
	own   bool
}

type surplus struct {
	lane *lane
	n    int
}

// stuckLane is a lane that must not take more than its part of the share.
type stuckLane struct {
	lane *lane
	has  batch.Part
	turn time.Time // when it may send again
	next int64     // the approximate size of its next event, and of the lane
}

// tokenSoon is how long a lane may wait for an access token before it counts as stuck. Until
// the first token arrives all lanes wait, and anything they gave up in that moment would have
// to be read again.
const tokenSoon = time.Second

// stuck reports whether the lane cannot send, or has not shown that it can. The caller
// holds mu.
func (l *lane) stuck(now time.Time) bool {
	return l.gate.Stuck(now) || l.tokenless() && now.Sub(l.shown.since) >= tokenSoon || l.turnless() || l.unheard(now)
}

// survey examines all lanes. The caller holds mu.
func (s *Sink) survey(now time.Time) (c crowd) {
	s.each(func(l *lane) { l.join(&c, now) })
	return c
}

// join adds the lane to the snapshot.
func (l *lane) join(c *crowd, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c.held += l.records
	stuck := l.stuck(now)
	if stuck || len(l.aside) > 0 {
		c.stuck = append(c.stuck, l.asStuck(stuck, now))
	}
	if stuck {
		c.own = c.own || l.gate.Paused() || l.gate.Stormed() || l.turnless() || l.gate.Refused()
		return
	}
	c.proven = c.proven || l.trust.proven
	if n := l.records - l.use(); n > 0 {
		c.over = append(c.over, surplus{l, n})
		c.beyond += n
		return
	}
	c.hungry = true
}

// asStuck describes the lane, or the events of a healthy lane that Amazon has put off. The
// caller holds mu.
func (l *lane) asStuck(stuck bool, now time.Time) stuckLane {
	x := stuckLane{lane: l, turn: l.turn(now)}
	queued := l.inLine(stuck)
	if stuck {
		if l.open != nil {
			queued = append(queued, l.open)
		}
		x.has = l.inFlight(queued)
		x.has.Bytes += l.cost()
	}
	for i, b := range queued {
		part := b.Takes()
		if x.has = x.has.Plus(part); i == 0 {
			x.next = l.cost() + part.Bytes/int64(max(part.Events, 1)) + 1
		}
	}
	return x
}

// turn returns when the lane may send again, as far as it knows. The end of a pause is
// unknown. The caller holds mu.
func (l *lane) turn(now time.Time) time.Time {
	switch {
	case l.gate.Paused(), l.gate.Stormed() && !l.gate.Trying():
		return now.Add(24 * time.Hour)
	case l.tokenless():
		return now.Add(time.Hour)
	case l.queued():
		return l.sink.lobby.Due(&l.ticket) // first come, first served, and its events stay
	}
	return l.gate.Until()
}

// share returns what stuck lanes may keep in total.
func (c *crowd) share(o *Options) batch.Part {
	return batch.Part{Events: o.WindowEvents / stuckShare, Bytes: o.WindowBytes / stuckShare}
}

// each returns the part of the share for each stuck lane. It may be empty.
func (c *crowd) each(o *Options) batch.Part {
	n, share := max(len(c.stuck), 1), c.share(o)
	return batch.Part{Events: share.Events / n, Bytes: share.Bytes / int64(n)}
}

// stuckShare is the fraction of the window that stuck lanes may keep: a quarter. The window
// reopens when a quarter is free, so the fraction must not be much larger.
const stuckShare = 4

// scoutAfter is how long there may be no healthy lane before room is made nevertheless.
const scoutAfter = time.Minute

// room is the state of Shed and Wants between calls.
type room struct {
	mu sync.Mutex
	// lonely is since when there has been no healthy lane that was ever answered well; zero
	// while there is one.
	lonely time.Time
	// seen is when each and spare were last computed.
	seen  time.Time
	each  batch.Part
	spare batch.Part // what lanes may still be given
}

// wanted reports whether room may be useful to somebody. A healthy lane could use it. So
// could a profile that has no lane yet because its events are behind those of the stuck
// ones: that is assumed when a stuck lane has trouble of its own, paused or refused, and has
// to be tried when all lanes have failed for a while.
func (s *Sink) wanted(c *crowd, now time.Time) bool {
	r := &s.room
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case c.proven:
		r.lonely = time.Time{}
	case r.lonely.IsZero():
		r.lonely = now
	}
	return c.hungry || len(c.over) > 0 || c.own || now.Sub(r.lonely) >= scoutAfter
}

// Wants returns how many more events the profile's lanes can use; 0 while they still have
// half of that, so that they ask for many at a time. Of several lanes the smallest number
// counts, because it is unknown which of them gave the events back.
func (s *Sink) Wants(profile string) int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	now := s.opts.Now()
	lanes := s.lanes[profile]
	if n, held := s.guard.Wants(profile); held {
		return max(n-recordsOf(lanes), 0) // what is here is tried first
	}
	if len(lanes) == 0 {
		return s.wantsOf(profile, now)
	}
	wants := lanes[0].wants(now)
	for _, l := range lanes[1:] {
		wants = min(wants, l.wants(now))
	}
	return wants
}

func (l *lane) wants(now time.Time) int {
	l.mu.Lock()
	stuck, records, use, size := l.stuck(now), l.records, l.use(), max(l.average, batch.RecordOverhead)
	due := !l.turn(now).After(now.Add(time.Second))
	strange, cost := l.trust.strange, l.sink.laneCost-l.cost()
	l.mu.Unlock()
	switch {
	case strange:
		return l.sink.grant(now, records, use, size, cost, due)
	case stuck:
		return l.sink.grant(now, records, use, size, 0, due)
	}
	return less(use, records)
}

// less returns what is missing, if less than half is there.
func less(use, records int) int {
	if records <= use/2 {
		return use - records
	}
	return 0
}

// surveyEvery is the maximum age of the survey by which stuck lanes are given events.
const surveyEvery = 200 * time.Millisecond

// grant returns how many more events of that size a stuck or strange lane may have: what it
// can use within its part of the share, or one if that is empty and it is the lane's turn.
// The cost of a lane that is not counted yet is added with the first event. The caller holds
// the sink's mu.
func (s *Sink) grant(now time.Time, records, use int, size, cost int64, due bool) int {
	r := &s.room
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Sub(r.seen) >= surveyEvery {
		c := s.survey(now)
		r.seen, r.each, r.spare = now, c.each(&s.opts), c.share(&s.opts)
		r.spare = batch.Part{Events: max(r.spare.Events, 1), Bytes: max(r.spare.Bytes, 1)}
		for _, x := range c.stuck {
			r.spare = r.spare.Minus(x.has)
		}
	}
	if r.spare.Events <= 0 || r.spare.Bytes <= 0 {
		return 0
	}
	use = min(use, r.each.Events, int(r.each.Bytes/size))
	if use == 0 && due {
		use = 1
	}
	n := min(less(use, records), r.spare.Events)
	if n > 0 {
		r.spare = r.spare.Minus(batch.Part{Events: n, Bytes: int64(n)*size + cost})
	}
	return n
}

// use returns how many records the lane can use: those in flight, and as many waiting
// batches as it needs to grow. The caller holds mu.
func (l *lane) use() int { return (l.gate.Slots() + 1) * l.batchEvents }
