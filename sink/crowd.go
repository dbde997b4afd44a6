package sink

import (
	"sync"
	"time"

	"github.com/tracklayer/amazon-capi/sink/batch"
)

// crowd is what the lanes have, at one moment.
type crowd struct {
	held   int  // records of all lanes
	hungry bool // a lane that is well has no more than it can use
	proven bool // one that is well has been answered well before
	over   []surplus
	beyond int // records of those
	// stuck are the lanes that cannot send, and those with events that Amazon has
	// put off; own is set when one of them is in trouble of its own.
	stuck []stuckLane
	own   bool
}

type surplus struct {
	lane *lane
	n    int
}

// stuckLane is a lane that is not to take more than its part of the share.
type stuckLane struct {
	lane *lane
	has  batch.Part
	turn time.Time // when it may send again
	next int64     // the bytes of its next event, roughly, and of the lane
}

// tokenSoon is for how long a lane may wait for an access token without being stuck.
// Until the first token is there all lanes wait, and what they had to give up for
// that moment would have to be read again.
const tokenSoon = time.Second

// stuck reports whether the lane cannot send, or nobody knows whether it can. The
// caller holds mu.
func (l *lane) stuck(now time.Time) bool {
	return l.gate.Stuck(now) || l.tokenless() && now.Sub(l.shown.since) >= tokenSoon || l.turnless() || l.unheard(now)
}

// survey looks at all lanes. The caller holds mu.
func (s *Sink) survey(now time.Time) (c crowd) {
	s.each(func(l *lane) { l.join(&c, now) })
	return c
}

// join adds the lane to the crowd.
func (l *lane) join(c *crowd, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c.held += l.records
	stuck := l.stuck(now)
	if stuck || len(l.aside) > 0 {
		c.stuck = append(c.stuck, l.asStuck(stuck, now))
	}
	if stuck {
		c.own = c.own || l.gate.Paused() || l.turnless() || l.gate.Refused()
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

// asStuck is the lane, or that part of one that is well which Amazon has put off.
// The caller holds mu.
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

// turn is when the lane may send again, as far as it knows. Nobody knows when a
// pause ends. The caller holds mu.
func (l *lane) turn(now time.Time) time.Time {
	switch {
	case l.gate.Paused():
		return now.Add(24 * time.Hour)
	case l.tokenless():
		return now.Add(time.Hour)
	case l.queued():
		return l.sink.lobby.Due(&l.ticket) // who came first goes first, and keeps its events
	}
	return l.gate.Until()
}

// share is what stuck lanes may keep between them.
func (c *crowd) share(o *Options) batch.Part {
	return batch.Part{Events: o.WindowEvents / stuckShare, Bytes: o.WindowBytes / stuckShare}
}

// each is the part of the share that one of the stuck lanes may keep. It may be
// none.
func (c *crowd) each(o *Options) batch.Part {
	n, share := max(len(c.stuck), 1), c.share(o)
	return batch.Part{Events: share.Events / n, Bytes: share.Bytes / int64(n)}
}

// stuckShare is which part of the window stuck lanes may keep: a quarter. The
// window opens again when a quarter is free, so it must not be much more.
const stuckShare = 4

// scoutAfter is for how long no lane has to be well before room is made all the
// same.
const scoutAfter = time.Minute

// room is what Shed and Wants remember between calls.
type room struct {
	mu sync.Mutex
	// lonely is since when no lane has been well that was ever answered well; zero
	// while one is.
	lonely time.Time
	// seen is when each and spare were last found out.
	seen  time.Time
	each  batch.Part
	spare batch.Part // what lanes may still be given
}

// wanted reports whether there may be somebody who could use room. A lane that is
// well could, and so could a profile that has no lane yet because its events are
// behind those of the stuck ones: that is certain enough when one of these is in
// trouble of its own, paused or refused, and has to be found out when all have
// failed for a while.
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

// Wants reports how many more events the profile's lane can use; 0 while it still
// has half of that, so that it asks for many at a time. Of several lanes the one
// that can use least decides: nobody knows which of them gave the events back.
func (s *Sink) Wants(profile string) int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	now := s.opts.Now()
	lanes := s.lanes[profile]
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

// less is how many are missing where less than half is there.
func less(use, records int) int {
	if records <= use/2 {
		return use - records
	}
	return 0
}

// surveyEvery is how old a survey may be by which stuck lanes are given events.
const surveyEvery = 200 * time.Millisecond

// grant is how many more events of that size a lane may have that is stuck or
// strange: of what it can use its part of the share, or one if that is none and it
// is the lane's turn. The cost of a lane that is not counted yet comes with the
// first. The caller holds the sink's mu.
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

// use is how many records the lane can do something with: those in flight, and
// as many batches in waiting as it takes to grow. The caller holds mu.
func (l *lane) use() int { return (l.gate.Slots() + 1) * l.batchEvents }
