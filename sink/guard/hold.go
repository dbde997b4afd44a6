package guard

import (
	"fmt"
	"strings"
	"time"

	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/deadletter"
)

// conditionName is the condition of the whole stream; a profile's has its name behind.
const conditionName = "dead-letter guard"

// maxConditions bounds the profiles that have a condition of their own.
const maxConditions = 100

// hold is a profile, or the stream, whose events wait.
type hold struct {
	name   string
	since  time.Time
	latest counts
	reason reason // the commonest
	why    string // the same with a message
	// joined: it is held because the stream is.
	joined bool
	told   bool // it has a condition
	// drafts are the letters that are not written.
	drafts []*deadletter.Draft
	tries  int
	next   time.Time // of the next try
	tried  time.Time // of the last
	idle   time.Time // since when it has had no events; zero while it has some
}

const (
	// firstTry is how long after the beginning of a hold an event is tried; the time
	// doubles with each try, up to maxTry.
	firstTry = 30 * time.Second
	maxTry   = 10 * time.Minute
	// soon is how long after the end of a hold the next one continues with its tries: an
	// event that passes now and then must not end the same storm over and over.
	soon = time.Hour
)

// begin holds a profile. What its events have to do with the stream's counts is over. mu is
// held.
func (g *Guard) begin(name string, p *profile, latest counts, letters []*deadletter.Draft, now time.Time) *hold {
	g.setApart(p)
	p.apart = false // while it is held nothing is counted, and then it begins with nothing
	if p.reasons == nil {
		p.reasons = new(reasons)
	}
	h := g.newHold(strings.Clone(name), latest, p.reasons.commonest(), letters, now)
	h.tries = p.last.at(now)
	h.later(now)
	p.reasons = nil
	g.enter(h)
	g.metrics.trips.WithLabelValues(scopeProfile).Inc()
	return h
}

// beginStorm holds the stream: each profile with an event that was refused for its reason is
// held as well, and others go on. It begins with such an event, and so is never without a
// profile whose events are tried. mu is held.
func (g *Guard) beginStorm(latest counts, letters []*deadletter.Draft, now time.Time) {
	storm := g.newHold("", latest, g.reasons.commonest(), letters, now)
	if !storm.explains(letters) {
		return
	}
	g.storm = storm
	g.storm.tries = g.last.at(now)
	g.storm.later(now)
	g.metrics.trips.WithLabelValues(scopeStream).Inc()
}

// explains reports whether one of the letters has the hold's reason; h may be nil.
func (h *hold) explains(letters []*deadletter.Draft) bool {
	if h == nil {
		return false
	}
	for _, l := range letters {
		if reasonOf(&l.Reason) == h.reason {
			return true
		}
	}
	return false
}

// join holds a profile because the stream is held. mu is held.
func (g *Guard) join(name string, now time.Time) *hold {
	h := &hold{name: strings.Clone(name), since: now, latest: g.storm.latest, why: g.storm.why, reason: g.storm.reason, joined: true}
	g.joined++
	g.enter(h)
	return h
}

func (g *Guard) enter(h *hold) {
	g.holds[h.name] = h
	g.held.Store(int64(len(g.holds)))
}

// newHold describes a hold. The message of a letter explains the commonest reason.
func (g *Guard) newHold(name string, latest counts, why reason, letters []*deadletter.Draft, now time.Time) *hold {
	h := &hold{name: name, since: now, latest: latest, reason: why, why: why.String()}
	for _, l := range letters {
		if reasonOf(&l.Reason) == why && l.Reason.Message != "" {
			h.why += ": " + redact.Line(l.Reason.Message, 2*redact.WordLimit)
			break
		}
	}
	return h
}

// at returns the tries with which a hold goes on that begins now.
func (t *trials) at(now time.Time) int {
	if t.opened.IsZero() || now.Sub(t.opened) >= soon {
		return 0
	}
	return t.tries
}

// later sets the time of the next try.
func (h *hold) later(now time.Time) {
	wait := maxTry
	if h.tries < 5 {
		wait = min(firstTry<<h.tries, maxTry)
	}
	h.next = now.Add(wait)
}

// text says why it is held, for lanes and conditions.
func (h *hold) text() string {
	what := "the dead-letter guard holds the profile"
	switch {
	case h.joined:
		what = "the dead-letter guard holds the profile with the whole stream"
	case h.name == "":
		what = "the dead-letter guard holds every profile with events that are refused alike"
	}
	return fmt.Sprintf("%s: %d of %s were refused, most of them as %s", what, h.latest.bad, count.Of(int64(h.latest.all), "event"), h.why)
}

// tell makes lanes and conditions know of holds that have begun.
func (g *Guard) tell(news []*hold) {
	if len(news) == 0 {
		return
	}
	g.telling.Lock()
	defer g.telling.Unlock()
	for _, h := range news {
		g.mu.Lock()
		current := g.holds[h.name] == h
		storm := g.storm
		tell := current && !h.joined && g.conditions() < maxConditions
		h.told = h.told || tell
		g.mu.Unlock()
		if !current {
			continue // it was over at once
		}
		g.opts.Lanes.Hold(h.name, h.text())
		if tell {
			g.opts.Conditions.Condition(g.nameOf(h)).OfProfile().Fail(h.text())
		}
		if storm != nil {
			g.cond.Fail(storm.text())
		}
	}
}

// conditions returns how many profiles have a condition. mu is held.
func (g *Guard) conditions() (n int) {
	for _, h := range g.holds {
		if h.told {
			n++
		}
	}
	return n
}

func (g *Guard) nameOf(h *hold) string { return conditionName + " " + g.opts.Shown(h.name) }

// Held reports whether a profile is held, and why.
func (g *Guard) Held(name string) (why string, held bool) {
	if g == nil || g.held.Load() == 0 {
		return "", false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if h := g.holds[name]; h != nil {
		return h.text(), true
	}
	return "", false
}

// Holding reports whether any profile is held.
func (g *Guard) Holding() bool { return g != nil && g.held.Load() > 0 }

// Given are records whose letters are not kept any longer: they are to be read again.
type Given struct {
	Profile string
	Handles []verdict.Handle
}

// specimens is how many profiles that are held with the stream keep a letter to be tried.
// They may be any number.
const specimens = 16

// Shed gives back kept letters, at most that many and the youngest of each hold. It keeps
// one of each, to try it: of the hold's reason if there is any.
func (g *Guard) Shed(most int) (given []Given) {
	if !g.Holding() {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	joined := 0
	for name, h := range g.holds {
		keep := 1
		if h.joined && len(h.drafts) > 0 {
			if joined++; joined > specimens {
				keep = 0
			}
		}
		n := min(len(h.drafts)-keep, most)
		if n <= 0 {
			continue
		}
		for i, l := range h.drafts {
			if reasonOf(&l.Reason) == h.reason {
				h.drafts[0], h.drafts[i] = l, h.drafts[0]
				break
			}
		}
		from := len(h.drafts) - n
		x := Given{Profile: name}
		for _, l := range h.drafts[from:] {
			x.Handles = append(x.Handles, l.Handle())
		}
		clear(h.drafts[from:])
		h.drafts = h.drafts[:from]
		given, most = append(given, x), most-n
	}
	return given
}

// Sweep drops the letters of ended assignments.
func (g *Guard) Sweep() {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, h := range g.holds {
		h.drafts = g.live(h.drafts)
	}
	g.again = g.live(g.again)
}

func (g *Guard) live(letters []*deadletter.Draft) []*deadletter.Draft {
	kept := letters[:0]
	for _, l := range letters {
		if l.Record.Live() {
			kept = append(kept, l)
		} else {
			g.opts.Fenced.Inc()
		}
	}
	clear(letters[len(kept):])
	return kept
}
