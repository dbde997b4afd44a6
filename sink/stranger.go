package sink

import (
	"slices"
	"time"

	"github.com/tracklayer/amazon-capi/sink/batch"
)

// A lane is strange while no account names its profile and Amazon has never accepted
// an event of it. Whoever may write to the topic can have any number of such lanes,
// so what they take is counted against the window, and those that have nothing left
// are given up soon.

// strangerCost is what a strange lane with events takes beside them, roughly: itself,
// its place in the map and in the lobby, and what its first batch has around the
// events. It is held to what is measured by TestStrangersCost, with something over for
// what a lane in trouble has. Not counted, the bound of what is in flight would hold
// ten times as much.
const strangerCost = 5 << 10

// laneCost is that, or in a small window a part of it that leaves room for others.
func laneCost(window int64) int64 { return min(strangerCost, window/64) }

// familiar is how many profiles that nobody knows may have lanes like any other's: as
// many as a company has. A flood of made-up ones is beyond it within a second. With
// none, a member that starts with a backlog would put most of it off before the first
// of its profiles was accepted, and read it again.
const familiar = 100

const (
	// forgetSpent is after how many strange lanes ran out of events those that have
	// none are looked for.
	forgetSpent = 1000
	// maxSpent is how many of those are kept, for what they know of their profiles.
	maxSpent = 256
)

// trust is what a lane knows of its profile. The lane's mu guards it.
type trust struct {
	proven   bool // Amazon has answered well about its events
	accepted bool // Amazon has accepted an event of it
	strange  bool // no account names the profile, and it was never accepted
	charged  bool // the lane's cost is counted in the window
}

// prove notes that Amazon has answered well about an event.
func (t *trust) prove() { t.proven = true }

// charge counts a strange lane in the window. The caller holds mu.
func (l *lane) charge() {
	if !l.trust.strange || l.trust.charged {
		return
	}
	l.trust.charged = true
	if f := l.sink.opts.Charge; f != nil {
		f(l.sink.laneCost)
	}
}

// discharge ends that. The caller holds mu.
func (l *lane) discharge() {
	if !l.trust.charged {
		return
	}
	l.trust.charged = false
	if f := l.sink.opts.Charge; f != nil {
		f(-l.sink.laneCost)
	}
}

// cost is what the lane takes of the window beside its events. The caller holds mu.
func (l *lane) cost() int64 {
	if l.trust.charged {
		return l.sink.laneCost
	}
	return 0
}

// acquaint notes whether the profile is a stranger's. The caller holds mu.
func (l *lane) acquaint() {
	l.trust.strange = !l.sink.profiles.Knows(l.profile) && l.sink.unknown.Add(1) > l.sink.familiar
	l.lookNow()
	if !l.trust.strange {
		l.discharge()
	}
}

// admit notes that Amazon has accepted an event of the profile. The caller holds mu.
func (l *lane) admit() {
	if l.trust.accepted {
		return
	}
	l.trust.accepted = true
	l.sink.metrics.profiles.Accepted(l.profile)
	l.trust.strange = false
	l.discharge()
}

// forgetStrangers gives up strange lanes without events, of all but a few also what
// they know of their profiles: what was refused takes that along in its Past.
func (s *Sink) forgetStrangers() {
	if s.spent.Load() < forgetSpent {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spent.Store(0)
	kept := 0
	for profile, lanes := range s.lanes {
		lanes = slices.DeleteFunc(lanes, func(l *lane) bool {
			l.mu.Lock()
			defer l.mu.Unlock()
			if !l.trust.strange || l.watched() || !l.idle() || l.records > 0 {
				return false
			}
			if l.troubled() && kept < maxSpent {
				kept++
				return false
			}
			l.withdraw()
			return true
		})
		if len(lanes) == 0 {
			delete(s.lanes, profile)
		} else {
			s.lanes[profile] = lanes
		}
	}
}

// pastOf is the past of a batch that a strange lane gives back, with what the lane
// knows of its profile: it may be given up before the batch comes again. The caller
// holds mu.
func (l *lane) pastOf(b *batch.Batch) *Past {
	p := pastOf(b)
	if p == nil || !l.trust.strange {
		return p
	}
	p.refused, p.said = l.gate.Row(), l.condition.said
	p.Until = later(p.Until, l.gate.Until())
	return p
}

// recall has a new lane go on with a row of refusals where the one before it was
// given up. Of the time in between only the pause counts, which is for how long the
// profile was not to be asked. The caller holds mu.
func (l *lane) recall(p *Past, now time.Time) {
	if l.trust.strange && !p.refused.Empty() && l.heard.IsZero() && !l.troubled() {
		l.gate.Recall(p.refused, now)
		l.condition.recall(p.said)
	}
}

// wantsOf is how many events a profile can use that has no lane. The caller holds
// the sink's mu.
func (s *Sink) wantsOf(profile string, now time.Time) int {
	wants := 2 * s.opts.BatchEvents // as much as a new lane
	if s.profiles.Knows(profile) {
		return wants
	}
	return s.grant(now, 0, wants, batch.RecordOverhead, s.laneCost, true)
}
