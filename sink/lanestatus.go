package sink

import "time"

// LaneState is what a lane is doing.
type LaneState string

// The states of a lane.
const (
	LaneIdle     LaneState = "idle"     // it has no events
	LaneBatching LaneState = "batching" // its events wait for more
	LaneSending  LaneState = "sending"
	LaneHeld     LaneState = "held" // its events wait for a fault to end
)

// LaneStatus is a lane as /status and the demo show it.
type LaneStatus struct {
	Profile string `json:"profile"`
	// Account is the sending account's name in the accounts file; Region is where it sends
	// to, if there are several regions.
	Account  string `json:"account,omitempty"`
	Region   string `json:"region,omitempty"`
	Contract string `json:"contract"`

	State LaneState `json:"state"`
	Since time.Time `json:"since"`
	// Reason says why it is held; empty otherwise.
	Reason string `json:"reason,omitempty"`
	// Records is how many have no verdict and are not dead letters.
	Records int `json:"records"`

	Breaker BreakerState `json:"breaker"`
	// Requests is how many are in flight, Concurrency how many may be.
	Requests    int `json:"requests"`
	Concurrency int `json:"concurrency"`
}

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
