package guard

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/deadletter"
)

// Reader reads records again whose letters were kept, and passes them on to lanes, or to
// Sift if they are refused again.
type Reader interface {
	Read(ctx context.Context, rec *kgo.Record, again bool) (verdict.Reading, error)
	Take(h verdict.Handle, past *verdict.Past)
	Flush()
}

// Tend tries events of held profiles whose time has come, reads again what is no longer
// held, and ends the holds of profiles that have no events left. It is called about every
// second, by one goroutine. again is the past of events that are tried.
func (g *Guard) Tend(ctx context.Context, r Reader, again *verdict.Past) {
	if g == nil {
		return
	}
	g.readAgain(ctx, r)
	if !g.Holding() {
		return
	}
	now := g.opts.Now()
	for _, h := range g.due(now) {
		g.try(ctx, h, r, again)
	}
	g.endIdle(now)
}

// Resume ends the hold of a profile, or of everything if it is nil, because an operator says
// so. It reports whether there was one. What is refused then becomes dead letters: the share
// of the storm is now what was before.
func (g *Guard) Resume(name *string) bool {
	if !g.Holding() {
		return false
	}
	now := g.opts.Now()
	var freed []*hold
	g.mu.Lock()
	var h *hold
	if name != nil {
		h = g.holds[*name]
	}
	stream := g.storm != nil && (name == nil || h != nil && h.joined)
	for _, other := range g.holds {
		// One of many that are held with the stream would be held again with its next refused event.
		if name == nil || other == h || stream && other.joined {
			freed = append(freed, other)
		}
	}
	if stream {
		g.stream.accept(g.storm.latest)
		g.storm, g.last = nil, trials{}
	}
	for _, h := range freed {
		g.acknowledge(h)
	}
	g.mu.Unlock()
	g.open(freed, now, byOperator)
	return len(freed) > 0
}

// acknowledge ends a hold whose refused events are known and wanted. mu is held.
func (g *Guard) acknowledge(h *hold) {
	if p := g.profiles[h.name]; p != nil {
		p.accept(h.latest)
		p.last = trials{}
	}
	g.leave(h)
}

// passed ends a hold because an event of it was accepted, and returns what goes on: with a
// profile that was held because the stream was, all of those. mu is held.
func (g *Guard) passed(h *hold, now time.Time) (freed []*hold) {
	freed = append(freed, h)
	if p := g.profiles[h.name]; p != nil {
		p.clear()
		p.last = trials{h.tries, now}
	}
	if h.joined {
		g.last = trials{g.storm.tries, now}
	}
	if g.leave(h); h.joined {
		g.endStorm()
		for _, other := range g.holds {
			if other.joined {
				freed = append(freed, other)
				if p := g.profiles[other.name]; p != nil {
					p.clear()
				}
				g.leave(other)
			}
		}
	}
	return freed
}

// leave ends a hold, whose letters are to be read again, and that of the stream with its last
// member: nothing else would be tried to end it. mu is held.
func (g *Guard) leave(h *hold) {
	delete(g.holds, h.name)
	g.held.Store(int64(len(g.holds)))
	if h.joined {
		if g.joined--; g.joined == 0 {
			g.endStorm()
		}
	}
	g.again = append(g.again, h.drafts...)
	h.drafts = nil
}

// endStorm ends the stream's hold, if there is one. mu is held.
func (g *Guard) endStorm() {
	if g.storm != nil {
		g.stream.clear()
		g.storm = nil
	}
}

// What ends a hold.
const (
	byTrial    = "an event of it was accepted"
	byOperator = "an operator has resumed it"
	byIdling   = "it has no events left"
)

// open makes lanes and conditions know of holds that are over.
func (g *Guard) open(freed []*hold, now time.Time, why string) {
	if len(freed) == 0 {
		return
	}
	g.telling.Lock()
	defer g.telling.Unlock()
	for _, h := range freed {
		g.mu.Lock()
		over, told := g.holds[h.name] == nil, h.told
		g.mu.Unlock()
		if over {
			g.opts.Lanes.Open(h.name)
		}
		if told && over && g.opts.Conditions != nil {
			g.opts.Conditions.Condition(g.nameOf(h)).OK()
			g.opts.Conditions.Remove(g.nameOf(h))
			g.tellAnother()
		}
	}
	g.mu.Lock()
	storm := g.storm
	g.mu.Unlock()
	if storm == nil {
		g.cond.OK()
	}
	g.opts.Log.Info().Str("profile", g.opts.Shown(freed[0].name)).Int("profiles", len(freed)).Str("because", why).
		Str("held", now.Sub(freed[0].since).Round(time.Second).String()).Msg("dead-letter guard goes on")
}

// anyones is how many tries of the stream there are for each one that profiles get, too, that
// Amazon never accepted. These are as many as somebody makes up.
const anyones = 4

// tellAnother gives the place of a condition to a hold that had none. telling is held.
func (g *Guard) tellAnother() {
	g.mu.Lock()
	var next *hold
	for _, h := range g.holds {
		if !h.told && !h.joined && g.conditions() < maxConditions {
			h.told, next = true, h
			break
		}
	}
	g.mu.Unlock()
	if next != nil {
		g.opts.Conditions.Condition(g.nameOf(next)).OfProfile().Fail(next.text())
	}
}

// due returns the holds of which an event is to be tried now. Of those that are held with
// the stream it is one, and each in turn.
func (g *Guard) due(now time.Time) (due []*hold) {
	g.mu.Lock()
	defer g.mu.Unlock()
	var turn *hold
	anyone := g.storm != nil && g.storm.tries%anyones == anyones-1
	known := func(h *hold) bool { return anyone || h.name == "" || g.profiles[h.name] != nil }
	for _, h := range g.holds {
		switch {
		case !h.joined:
			if !h.next.After(now) {
				h.tries++
				h.later(now)
				due = append(due, h)
			}
		case turn != nil && known(h) != known(turn):
			if known(h) {
				turn = h
			}
		case turn == nil || h.tried.Before(turn.tried) || h.tried.Equal(turn.tried) && len(h.drafts) > len(turn.drafts):
			turn = h
		}
	}
	if turn != nil && !g.storm.next.After(now) {
		g.storm.tries++
		g.storm.later(now)
		due = append(due, turn)
	}
	for _, h := range due {
		h.tried = now
	}
	return due
}

// try lets an event of a hold through. If most were refused before they came to a lane, it
// is one of those: others would be accepted, and say nothing. Any event is tried only if
// none is left that was refused.
func (g *Guard) try(ctx context.Context, h *hold, r Reader, again *verdict.Past) {
	g.metrics.tries.Inc()
	l := g.specimen(h, false)
	if l == nil {
		if g.opts.Lanes.Try(h.name, false) {
			return
		}
		if l = g.specimen(h, true); l == nil {
			g.opts.Lanes.Try(h.name, true)
			return
		}
	}
	reading, ok := g.read(ctx, r, l)
	if !ok {
		return
	}
	if reading.Sends {
		g.holdAs(h, reading.Profile)
	}
	r.Take(l.Handle(), again)
	r.Flush()
	if reading.Sends {
		g.opts.Lanes.Try(reading.Profile, false)
	}
}

// read reads the record of a letter. If that is impossible now, the letter waits in the line
// of those that are to be read again, or with its hold.
func (g *Guard) read(ctx context.Context, r Reader, l *deadletter.Draft) (verdict.Reading, bool) {
	reading, err := r.Read(ctx, recordOf(l), true)
	if err == nil {
		return reading, true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if h := g.holds[l.Profile]; h != nil {
		h.drafts = append(h.drafts, l)
	} else {
		g.again = append(g.again, l)
	}
	return reading, false
}

// specimen takes a letter out of a hold that is to be tried: of its reason or any, nil if
// there is none.
func (g *Guard) specimen(h *hold, any bool) *deadletter.Draft {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.holds[h.name] != h {
		return nil
	}
	for i, l := range h.drafts {
		if any || h.joined || reasonOf(&l.Reason) == h.reason {
			h.drafts = append(h.drafts[:i], h.drafts[i+1:]...)
			return l
		}
	}
	return nil
}

// holdAs holds the profile that a record has turned out to be of, as the one that it was
// counted for: its event is what is tried.
func (g *Guard) holdAs(h *hold, name string) {
	if name == h.name {
		return
	}
	g.mu.Lock()
	var news []*hold
	if g.holds[name] == nil && g.storm != nil {
		news = append(news, g.join(name, g.opts.Now()))
	}
	g.mu.Unlock()
	g.tell(news)
}

// endIdle ends the holds of profiles that have had no events for the time of the settings.
// A partition that goes and comes back, as in a rebalance, is not long enough.
func (g *Guard) endIdle(now time.Time) {
	g.mu.Lock()
	all := make([]*hold, 0, len(g.holds))
	for _, h := range g.holds {
		if len(h.drafts) > 0 {
			h.idle = time.Time{}
			continue
		}
		all = append(all, h)
	}
	g.mu.Unlock()
	var freed []*hold
	for _, h := range all {
		busy := g.opts.Lanes.Busy(h.name)
		g.mu.Lock()
		switch {
		case busy || len(h.drafts) > 0:
			h.idle = time.Time{}
		case h.idle.IsZero():
			h.idle = now
		case now.Sub(h.idle) >= g.opts.Settings.Within && g.holds[h.name] == h:
			if p := g.profiles[h.name]; p != nil {
				p.clear()
			}
			g.leave(h)
			freed = append(freed, h)
		}
		g.mu.Unlock()
	}
	g.open(freed, now, byIdling)
}

// Wants returns how many parked records of a profile are of use while it is held: one, if
// there is none else to be tried. held is false if the guard has nothing to say about it.
func (g *Guard) Wants(name string) (n int, held bool) {
	if !g.Holding() {
		return 0, false
	}
	now := g.opts.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	h := g.holds[name]
	if h == nil {
		return 0, false
	}
	const patience = 10 * time.Second
	if len(h.drafts) == 0 && !h.tried.IsZero() && now.Sub(h.tried) < patience {
		return 1, true
	}
	return 0, true
}

// Keeps reports whether letters of a held profile are kept.
func (g *Guard) Keeps(name string) bool {
	if !g.Holding() {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	h := g.holds[name]
	return h != nil && len(h.drafts) > 0
}

// kept returns how many letters are kept. mu is held.
func (g *Guard) kept() int {
	n := len(g.again)
	for _, h := range g.holds {
		n += len(h.drafts)
	}
	return n
}
