package guard

import (
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/tracklayer/amazon-capi/internal/health"
	"github.com/tracklayer/amazon-capi/sink/deadletter"
)

// Options are what a Guard works with. Conditions and Registerer may be nil.
type Options struct {
	Settings Settings
	Lanes    Lanes
	// Shown returns a profile as logs and pages show it.
	Shown      func(profile string) string
	Fenced     prometheus.Counter // counts letters dropped because their assignment has ended
	Log        zerolog.Logger
	Conditions *health.Conditions
	Registerer prometheus.Registerer
	Now        func() time.Time
}

// Lanes are the lanes of the sink. They are called without the guard's lock.
type Lanes interface {
	// Hold stops the profile's lanes for a reason; Try lets one request through of each that
	// keeps refused events, whose outcome Accepted or Withhold are told; Open ends the hold.
	// If none keeps any, Try returns false, unless it is to try any event.
	Hold(profile, why string)
	Try(profile string, any bool) bool
	Open(profile string)
	// Busy reports whether the profile has events without a verdict, parked ones included.
	Busy(profile string) bool
}

// Guard counts accepted and refused events and holds what becomes dead letters in a storm.
// A nil Guard holds nothing.
//
// Only profiles that Amazon has accepted an event of are counted for themselves: a profile
// whose share of dead letters was small before is one of these, and profile ids that
// somebody makes up take no memory.
type Guard struct {
	opts    Options
	metrics *metrics
	cond    *health.Condition // of the whole stream

	// held is len(holds), for asking without the lock.
	held atomic.Int64
	// telling is locked while lanes and conditions are told what begins and what is over, so
	// that they hear it in the order in which it happens. It is locked before mu.
	telling sync.Mutex

	mu       sync.Mutex
	profiles map[string]*profile
	swept    time.Time // when profiles were last searched for idle ones
	stream   share
	reasons  reasons // of the stream
	storm    *hold   // of the stream; nil if there is none
	last     trials  // of the stream
	holds    map[string]*hold
	joined   int                 // how many of them are held with the stream: some, if it is held
	again    []*deadletter.Draft // that are to be read again, since their hold is over
}

// profile is what is known about one.
type profile struct {
	share
	reasons *reasons // nil while nothing was refused lately
	last    trials
	apart   bool // the stream does not count it: it was always bad
}

// trials are about the last hold that a trial has ended.
type trials struct {
	tries  int
	opened time.Time
}

// maxProfiles bounds the profiles that are counted for themselves, with about 200 bytes
// each. Beyond it only those that had no events lately make room.
const maxProfiles = 50_000

// New returns a guard, nil if the settings turn it off.
func New(o Options) *Guard {
	if o.Settings.Off() {
		return nil
	}
	g := &Guard{
		opts: o, cond: o.Conditions.Condition(conditionName),
		profiles: make(map[string]*profile), holds: make(map[string]*hold),
	}
	g.metrics = newMetrics(g, o.Registerer)
	return g
}

// Accepted counts events that Amazon has accepted. trial is set for the request that Try has
// let through: it ends the hold.
func (g *Guard) Accepted(name string, n int, trial bool) {
	if g == nil || n == 0 {
		return
	}
	now := g.opts.Now()
	g.mu.Lock()
	if h := g.holds[name]; h != nil {
		var freed []*hold
		if trial {
			freed = g.passed(h, now)
		}
		g.mu.Unlock()
		g.open(freed, now, byTrial)
		return
	}
	p := g.profile(name, now)
	g.stream.advance(now, g.opts.Settings.Within)
	if p != nil {
		g.takeBack(p, now)
		p.count(counts{all: uint32(n)}, now, &g.opts.Settings)
	}
	if p == nil || !p.apart {
		g.stream.add(counts{all: uint32(n)})
	}
	g.mu.Unlock()
}

// profile returns what is known about a profile that an event was accepted of. mu is held.
func (g *Guard) profile(name string, now time.Time) *profile {
	p := g.profiles[name]
	if p != nil {
		return p
	}
	if len(g.profiles) >= maxProfiles && !g.forgetIdle(now) {
		return nil
	}
	p = new(profile)
	g.profiles[strings.Clone(name)] = p
	return p
}

// forgetIdle forgets profiles without events for a while, and reports whether there is room
// for another. mu is held.
func (g *Guard) forgetIdle(now time.Time) bool {
	if within := g.opts.Settings.Within; now.Sub(g.swept) >= within {
		g.swept = now
		for name, p := range g.profiles {
			if p.advance(now, within); p.total().all == 0 && g.holds[name] == nil {
				delete(g.profiles, name)
			}
		}
	}
	return len(g.profiles) < maxProfiles
}

// count counts events at that time.
func (p *profile) count(c counts, now time.Time, by *Settings) {
	p.advance(now, by.Within)
	if p.reasons != nil && p.total().bad == 0 {
		p.reasons = nil
	}
	p.add(c)
}

// Withhold counts the letters of one profile that a lane is about to write. It reports
// whether they must not be written: the events are to be sent later.
func (g *Guard) Withhold(name string, letters []*deadletter.Draft) bool {
	if g == nil || len(letters) == 0 || letters[0].Reason.Inevitable() {
		return false
	}
	now := g.opts.Now()
	g.mu.Lock()
	held, news := g.judge(name, letters, now)
	g.mu.Unlock()
	g.tell(news)
	return held
}

// Sift counts the letters of records that were refused before they came to a lane, and
// returns those to write, in the same memory. It keeps the others.
func (g *Guard) Sift(letters []*deadletter.Draft) []*deadletter.Draft {
	if g == nil || len(letters) == 0 {
		return letters
	}
	now := g.opts.Now()
	var news []*hold
	write := letters[:0]
	g.mu.Lock()
	for i, l := range letters {
		if l.Reason.Inevitable() {
			write = append(write, l)
			continue
		}
		held, more := g.judge(l.Profile, letters[i:i+1], now)
		if news = append(news, more...); held {
			h := g.holds[l.Profile]
			h.drafts = append(h.drafts, l)
			continue
		}
		write = append(write, l)
	}
	g.mu.Unlock()
	g.tell(news)
	return write
}

// judge counts letters of a profile and reports whether it is held, also because of them,
// with the holds that begin. mu is held.
func (g *Guard) judge(name string, letters []*deadletter.Draft, now time.Time) (held bool, news []*hold) {
	if g.holds[name] != nil {
		return true, nil
	}
	if !g.storm.explains(letters) {
		news = g.refused(name, letters, now)
	}
	if g.holds[name] == nil && g.storm.explains(letters) {
		news = append(news, g.join(name, now))
	}
	return g.holds[name] != nil, news
}

// refused counts letters and returns the hold that begins because of them, if it is the
// profile's; that of the stream it sets. The stream's is not about profiles that Amazon never
// accepted: anybody can make those up. mu is held.
func (g *Guard) refused(name string, letters []*deadletter.Draft, now time.Time) []*hold {
	s := &g.opts.Settings
	c := counts{uint32(len(letters)), uint32(len(letters))}
	p := g.profiles[name]
	if p != nil {
		if p.count(c, now, s); p.reasons == nil {
			p.reasons = new(reasons)
		}
	}
	ofStream := g.storm == nil && (p != nil && !p.apart || name == "")
	if ofStream {
		if g.stream.advance(now, s.Within); g.stream.total().bad == 0 {
			g.reasons = reasons{}
		}
		g.stream.add(c)
	}
	for _, l := range letters {
		r := reasonOf(&l.Reason)
		if ofStream {
			g.reasons.add(r)
		}
		if p != nil {
			p.reasons.add(r)
		}
	}
	if p != nil {
		if latest, ok := p.jump(s); ok {
			return []*hold{g.begin(name, p, latest, letters, now)}
		}
	}
	if !ofStream {
		return nil
	}
	return g.judgeStream(letters, now)
}

// judgeStream returns the hold that begins because of the stream's share, if one profile is
// the cause, or sets the stream's. mu is held.
func (g *Guard) judgeStream(letters []*deadletter.Draft, now time.Time) []*hold {
	s := &g.opts.Settings
	if !jumps(&g.stream, s) {
		return nil
	}
	g.setBadApart(now)
	latest, ok := g.stream.jump(s)
	if !ok {
		return nil
	}
	if name, p := g.worst(now); p != nil {
		rest := g.stream
		if rest.leave(&p.share); !jumps(&rest, s) {
			return g.blame(name, p, letters, now)
		}
	}
	g.beginStorm(latest, letters, now)
	return nil
}

func jumps(s *share, by *Settings) bool {
	_, ok := s.jump(by)
	return ok
}

// worst returns the profile that the most events were refused of lately. mu is held.
func (g *Guard) worst(now time.Time) (worst string, is *profile) {
	most := uint32(0)
	for name, p := range g.profiles {
		p.advance(now, g.opts.Settings.Within)
		if bad := p.total().bad; bad > most && g.holds[name] == nil && !p.apart {
			worst, is, most = name, p, bad
		}
	}
	return worst, is
}

// blame holds the profile without which the stream would be well, though it may have too few
// events for that by itself. If most of its events are well, nobody is held, and it no longer
// counts for the stream. mu is held.
func (g *Guard) blame(name string, p *profile, letters []*deadletter.Draft, now time.Time) []*hold {
	latest := p.total()
	if int(latest.bad)*100 <= int(latest.all)*g.opts.Settings.Share {
		g.setApart(p)
		return nil
	}
	return []*hold{g.begin(name, p, latest, letters, now)}
}
