package sink

import (
	"fmt"
	"time"

	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/sink/gate"
)

// BreakerState says whether a lane sends freely.
type BreakerState string

// The states of a lane's breaker.
const (
	// BreakerClosed lets as many requests through as the lane's window has room.
	BreakerClosed BreakerState = "closed"
	// BreakerOpen lets nothing through: Amazon has failed or refused the profile
	// again and again, and the lane rests.
	BreakerOpen BreakerState = "open"
	// BreakerHalfOpen lets one request through after such a rest, and what comes
	// of it closes the breaker or opens it again.
	BreakerHalfOpen BreakerState = "half-open"
)

// breaker is the breaker's state. The caller holds mu, as for all that follows.
func (l *lane) breaker(now time.Time) BreakerState {
	switch l.gate.State(now) {
	case gate.Resting:
		return BreakerOpen
	case gate.Probing:
		return BreakerHalfOpen
	}
	return BreakerClosed
}

// current reports whether a request was sent since the lane last changed its mind.
func (l *lane) current(f *flight) bool { return l.gate.Current(f.round) }

// fail is for a request that failed through no fault of its events. after is how long
// the server wants to be left alone.
func (l *lane) fail(f *flight, now time.Time, after time.Duration, why string) {
	if !l.current(f) {
		if after > 0 {
			l.gate.Hold(now, after, why)
		}
		return
	}
	if l.gate.Fail(&l.sink.policy, now, after, why) {
		l.report(fmt.Sprintf("%s in a row failed, the last with: %s", count.Of(l.gate.Failures(), "attempt"), why))
	}
}

// well ends all trouble: Amazon has answered about events. The condition stays
// while events that were put off again and again are still about.
func (l *lane) well(f *flight) {
	l.gate.Heard()
	if !l.current(f) {
		return
	}
	l.forget()
	l.trust.prove()
	if l.condition.reported && !l.anyStuck(f.batch) {
		l.recovered()
	}
}

// forget ends all that the lane knows against sending, but the condition, which whoever
// ends the trouble ends as that asks for.
func (l *lane) forget() {
	l.gate.Well()
	l.tokens.forgive()
	l.condition.clear()
}

// troubled reports whether there is anything to forget.
func (l *lane) troubled() bool {
	return l.gate.Troubled() || !l.renewedAt.IsZero() || l.condition.known()
}
