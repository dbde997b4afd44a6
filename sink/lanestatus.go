package sink

import (
	"time"

	"github.com/tracklayer/amazon-capi/sink/census"
)

// LaneStatus is a lane as /status and the demo show it.
type LaneStatus = census.Lane

// LaneState is what a lane does.
type LaneState = census.State

// BreakerState is the state of its breaker.
type BreakerState = census.Breaker

// The states of a lane and of its breaker.
const (
	LaneIdle        = census.Idle
	LaneBatching    = census.Batching
	LaneSending     = census.Sending
	LaneHeld        = census.Held
	BreakerClosed   = census.Closed
	BreakerOpen     = census.Open
	BreakerHalfOpen = census.HalfOpen
)

// shown is the state in which a lane was last seen. The lane's mu guards it.
type shown struct {
	state LaneState
	since time.Time
}

// doing returns the lane's state, from its gate, its watch and its events. The caller holds
// mu.
func (l *lane) doing(now time.Time) (state LaneState, reason string) {
	why, held := l.gate.Held(now)
	switch {
	case l.empty() && len(l.flying) == 0:
		return LaneIdle, ""
	case l.gate.Paused():
		return LaneHeld, reasonPaused
	case held:
		return LaneHeld, why
	case len(l.flying) > 0:
		return LaneSending, ""
	case l.tokenless():
		return LaneHeld, "waits for an access token"
	case len(l.front) > 0 || len(l.ready) > 0:
		return LaneSending, ""
	case l.open != nil:
		return LaneBatching, ""
	}
	return LaneHeld, "waits with events that Amazon has put off"
}

// note records since when the lane has been in its state. The caller holds mu.
func (l *lane) note(now time.Time) {
	if state, _ := l.doing(now); state != l.shown.state {
		l.shown = shown{state, now}
	}
}

func (l *lane) status(now time.Time) LaneStatus {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.note(now)
	_, reason := l.doing(now)
	return LaneStatus{
		Profile: l.sink.profiles.Shown(l.profile), Account: l.route.Account, Region: l.region.String(), Contract: l.contract.Name(), State: l.shown.state, Since: l.shown.since, Reason: reason, Records: l.records,
		Breaker: l.breaker(now), Requests: len(l.flying), Concurrency: l.gate.Slots(),
	}
}
