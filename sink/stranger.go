package sink

import (
	"slices"
	"time"

	"github.com/tracklayer/amazon-capi/sink/batch"
)

// A lane is strange while no account names its profile and Amazon has never accepted an event
// of it. Anybody who may write to the topic can create any number of such lanes, so their
// memory is counted against the window, and those without events are dropped early.

// strangerCost is approximately what a strange lane with events takes beside them: itself, its
// place in the map and in the lobby, and the overhead of its first batch. TestStrangersCost
// compares it with a measurement; it includes a margin for a lane in trouble. Without counting
// it, the bound of what is in flight would admit ten times as much.
const strangerCost = 5 << 10

// laneCost is strangerCost or, in a small window, a fraction of it that leaves room for others.
func laneCost(window int64) int64 { return min(strangerCost, window/64) }

// familiar is how many unknown profiles may have ordinary lanes: as many as a company has. A
// flood of invented ones exceeds it within a second. With zero, a member that starts with a
// backlog would put most of it off before its first profile was accepted, and read it again.
const familiar = 100

const (
	// forgetSpent is how many strange lanes must have run out of events before those without
	// events are searched.
	forgetSpent = 1000
	// maxSpent is how many of those are kept for what they know about their profiles.
	maxSpent = 256
)

// trust is what a lane knows about its profile. The lane's mu guards it.
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

// cost returns what the lane takes of the window beside its events. The caller holds mu.
func (l *lane) cost() int64 {
	if l.trust.charged {
		return l.sink.laneCost
	}
	return 0
}

// acquaint updates whether the profile is strange. The caller holds mu.
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

// forgetStrangers drops strange lanes without events, and for all but a few also what they
// know about their profiles: refused events carry that in their Past.
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

// pastOf returns the past of a batch that a strange lane gives back, with what the lane knows
// about its profile: the lane may be dropped before the batch comes again. The caller holds
// mu.
func (l *lane) pastOf(b *batch.Batch) *Past {
	p := pastOf(b)
	if p == nil || !l.trust.strange {
		return p
	}
	p.refused, p.said = l.gate.Row(), l.condition.said
	p.Until = later(p.Until, l.gate.Until())
	return p
}

// recall makes a new lane continue a row of refusals of the dropped one before it. Of the time
// in between only the pause counts, in which no request was to be made. The caller holds mu.
func (l *lane) recall(p *Past, now time.Time) {
	if l.trust.strange && !p.refused.Empty() && l.heard.IsZero() && !l.troubled() {
		l.gate.Recall(p.refused, now)
		l.condition.recall(p.said)
	}
}

// wantsOf returns how many events a profile without a lane can use. The caller holds the
// sink's mu.
func (s *Sink) wantsOf(profile string, now time.Time) int {
	wants := 2 * s.opts.BatchEvents // as much as a new lane
	if s.profiles.Knows(profile) {
		return wants
	}
	return s.grant(now, 0, wants, batch.RecordOverhead, s.laneCost, true)
}
