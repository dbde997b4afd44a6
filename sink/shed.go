package sink

import (
	"cmp"
	"slices"
	"time"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/batch"
)

// Backlog is records that a lane gave back because it cannot send them for a while and other
// lanes need their memory. They have no verdict, and the sink has forgotten them.
type Backlog struct {
	Profile string
	Tokens  []verdict.Handle // in the order in which they were taken
	// Past is to be handed to AddAgain with them; nil if they were never sent.
	Past *Past
}

// Shed takes back what lanes hold beyond what they can use soon, if that keeps others from
// their share: call it when no more events can be taken. It returns at most that many records,
// the youngest of each lane.
//
// Stuck lanes together keep a share of the window, however many they are, and a healthy lane
// keeps what its next requests carry: more in memory makes no lane faster.
//
// It returns nothing while no lane could use the room. When Amazon is unavailable for all
// profiles, or there is only one profile, waiting is right.
func (s *Sink) Shed(most int) []Backlog {
	defer s.forgetStrangers()
	s.mu.RLock()
	defer s.mu.RUnlock()
	now := s.opts.Now()
	c := s.survey(now)
	c.own = c.own || s.guard.Holding()
	if !s.wanted(&c, now) {
		return nil
	}
	out, gave := s.shedStuck(&c, now, most)
	for _, x := range s.guard.Shed(most - gave) {
		out = append(out, Backlog{Profile: x.Profile, Tokens: x.Handles})
		gave += len(x.Handles)
	}
	if most -= gave; gave == 0 && c.hungry && c.beyond >= c.held/4 {
		return s.shedSurplus(&c, most)
	}
	return out
}

// shedSurplus takes first from the lanes with the most beyond what they can use.
func (s *Sink) shedSurplus(c *crowd, most int) (out []Backlog) {
	slices.SortFunc(c.over, func(a, b surplus) int { return cmp.Compare(b.n, a.n) })
	for _, o := range c.over {
		if most <= 0 {
			break
		}
		given := o.lane.shed(min(o.n, most))
		out, most = append(out, given...), most-recordsIn(given)
	}
	return out
}

// shedStuck divides the stuck lanes' share among them. Those whose turn is next come first: if
// there are more lanes than the share has events, the others keep none, and are given some
// when it is their turn.
func (s *Sink) shedStuck(c *crowd, now time.Time, most int) (out []Backlog, gave int) {
	slices.SortFunc(c.stuck, func(a, b stuckLane) int { return a.turn.Compare(b.turn) })
	each, left := c.each(&s.opts), c.share(&s.opts)
	for _, x := range c.stuck {
		keep := batch.Part{Events: min(max(each.Events, 1), max(left.Events, 0)), Bytes: min(each.Bytes, max(left.Bytes, 0))}
		if left.Bytes > 0 {
			keep.Bytes = max(keep.Bytes, x.next) // or a large event would never be sent
		}
		given, kept := x.lane.shedTo(keep, most-gave, now)
		out, gave, left = append(out, given...), gave+recordsIn(given), left.Minus(kept)
	}
	s.metrics.shed.Add(float64(gave))
	return out, gave
}

func recordsIn(backlogs []Backlog) (n int) {
	for i := range backlogs {
		n += len(backlogs[i].Tokens)
	}
	return n
}

// shed gives up to that many records, the youngest batch first. It is for healthy lanes, and
// keeps what they have sent before.
func (l *lane) shed(most int) []Backlog {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open != nil {
		l.closeOpen()
	}
	from, n := len(l.ready), 0
	for from > 0 && n+l.ready[from-1].Records() <= most {
		from--
		n += l.ready[from].Records()
	}
	b := Backlog{Profile: l.profile, Tokens: make([]verdict.Handle, 0, n)}
	for _, given := range l.ready[from:] {
		b.Tokens = given.AppendHandles(b.Tokens)
		l.sink.memory.Release(given)
	}
	clear(l.ready[from:])
	l.ready = l.ready[:from]
	l.records -= n
	l.sink.metrics.shed.Add(float64(n))
	if n > 0 {
		l.given.gave(false)
	}
	l.signal() // the open batch may remain, and be sent now
	if n == 0 {
		return nil
	}
	return []Backlog{b}
}

// shedTo takes from a stuck lane what exceeds its part of the share, at most that many
// records, and returns what it still has: the batches that go next, the last of them cut in
// two. Of what was never sent the lane keeps only what it can use. For a healthy lane the same
// applies to the events that Amazon has put off.
func (l *lane) shedTo(keep batch.Part, most int, now time.Time) (out []Backlog, kept batch.Part) {
	l.mu.Lock()
	defer l.mu.Unlock()
	stuck := l.stuck(now)
	if stuck && l.open != nil {
		l.closeOpen()
	}
	queued := l.inLine(stuck)
	if stuck {
		kept = l.inFlight(queued)
		kept.Bytes += l.cost()
	}
	given := l.beyond(queued, keep, &kept)
	// The youngest are taken, if there are more than the limit.
	from, n := len(given), 0
	for from > 0 && n+given[from-1].Records() <= most {
		from--
		n += given[from].Records()
	}
	for _, b := range given[:from] {
		kept = kept.Plus(b.Takes())
	}
	for _, b := range given[from:] {
		l.takeOut(b)
		l.given.gave(b.Stuck)
		out = append(out, Backlog{Profile: l.profile, Tokens: b.AppendHandles(nil), Past: l.pastOf(b)})
		l.sink.memory.Release(b)
	}
	l.records -= n
	l.signal()
	if n > 0 && l.idle() {
		if !l.watched() && l.trust.charged {
			l.rest()
		}
		l.discharge()
		kept = batch.Part{}
	}
	return out, kept
}

// beyond returns the batches that the lane must not keep, and adds to kept what the others
// take. The caller holds mu.
func (l *lane) beyond(queued []*batch.Batch, keep batch.Part, kept *batch.Part) (given []*batch.Batch) {
	for _, b := range queued {
		limit := keep
		if b.None() {
			limit.Events = min(limit.Events, l.use())
		}
		part := b.Takes()
		if len(given) == 0 && kept.Plus(part).Within(limit) {
			*kept = kept.Plus(part)
			continue
		}
		if n := b.Fitting(limit.Minus(*kept)); len(given) == 0 && n > 0 && n < len(b.Events) {
			rest := l.cut(b, n)
			*kept = kept.Plus(b.Takes())
			b = rest
		}
		given = append(given, b)
	}
	return given
}

// inFlight returns what the lane has beside the waiting batches. The caller holds mu.
func (l *lane) inFlight(queued []*batch.Batch) batch.Part {
	n := l.records
	for _, b := range queued {
		n -= b.Records()
	}
	return batch.Part{Events: max(n, 0), Bytes: l.airborne}
}

// inLine returns the waiting batches, the next ones first; for a lane that is not stuck, only
// those that Amazon has put off. The caller holds mu.
func (l *lane) inLine(stuck bool) []*batch.Batch {
	aside := slices.SortedStableFunc(slices.Values(l.aside), func(a, b *batch.Batch) int { return a.Until.Compare(b.Until) })
	if !stuck {
		return aside
	}
	line := slices.Clone(l.front)
	slices.Reverse(line)
	return append(append(line, aside...), l.ready...)
}

// takeOut removes a batch from the list that holds it. The caller holds mu.
func (l *lane) takeOut(b *batch.Batch) {
	for _, list := range []*[]*batch.Batch{&l.front, &l.aside, &l.ready} {
		if i := slices.Index(*list, b); i >= 0 {
			*list = slices.Delete(*list, i, i+1)
			return
		}
	}
}

// cut leaves n of a batch's events in it and returns the rest, directly after it in its list.
// Each has a store of its own afterwards, so that giving up the rest frees its memory. The
// caller holds mu.
func (l *lane) cut(b *batch.Batch, n int) (rest *batch.Batch) {
	frame := l.route.Frame
	head := b.CopyOf(l.sink.memory, b.Events[:n], frame)
	rest = b.CopyOf(l.sink.memory, b.Events[n:], frame)
	for _, part := range []*batch.Batch{head, rest} {
		part.Trials = b.Trials
	}
	l.sink.memory.Release(b)
	*b = *head
	for _, list := range []*[]*batch.Batch{&l.front, &l.aside, &l.ready} {
		if i := slices.Index(*list, b); i >= 0 {
			if list != &l.front { // whose last goes first
				i++
			}
			*list = slices.Insert(*list, i, rest)
			break
		}
	}
	return rest
}
