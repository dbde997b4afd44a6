package sink

import (
	"fmt"
	"time"

	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/sink/gate"
)

// breaker returns the breaker's state. The caller holds mu, as for the methods below.
func (l *lane) breaker(now time.Time) BreakerState {
	switch l.gate.State(now) {
	case gate.Resting:
		return BreakerOpen
	case gate.Probing:
		return BreakerHalfOpen
	}
	return BreakerClosed
}

// current reports whether a request was sent since the lane's state last changed.
func (l *lane) current(f *flight) bool { return l.gate.Current(f.round) }

// fail handles a request that failed through no fault of its events. after is how long the
// server asked to be left alone.
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

// well ends all trouble: Amazon has answered about events. The condition stays while
// events that were repeatedly put off are still waiting.
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

// forget clears everything that keeps the lane from sending, except the condition, which the
// caller ends as its case requires.
func (l *lane) forget() {
	l.gate.Well()
	l.tokens.forgive()
	l.condition.clear()
}

// troubled reports whether there is anything to forget.
func (l *lane) troubled() bool {
	return l.gate.Troubled() || !l.renewedAt.IsZero() || l.condition.known()
}
