package sink

import "time"

// LaneState is what a lane is doing.
type LaneState string

// The states of a lane.
const (
	LaneIdle     LaneState = "idle"     // it has no events
	LaneBatching LaneState = "batching" // its events wait for more
	LaneSending  LaneState = "sending"
	LaneHeld     LaneState = "held" // its events wait for a fault to pass
)

// LaneStatus is a lane as health pages and the demo show it.
type LaneStatus struct {
	Profile string `json:"profile"`
	// Account names the account in whose name it sends, as the accounts file has
	// it; Region the part of the world it sends to, where there are several.
	Account  string `json:"account,omitempty"`
	Region   string `json:"region,omitempty"`
	Contract string `json:"contract"`

	State LaneState `json:"state"`
	Since time.Time `json:"since"`
	// Reason says why it is held; empty otherwise.
	Reason string `json:"reason,omitempty"`
	// Records is how many have no verdict yet and are not dead letters.
	Records int `json:"records"`

	Breaker BreakerState `json:"breaker"`
	// Requests is how many are in flight, Concurrency how many may be.
	Requests    int `json:"requests"`
	Concurrency int `json:"concurrency"`
}

// shown is what a lane was doing when it was last looked at. The lane's mu guards it.
type shown struct {
	state LaneState
	since time.Time
}

// doing is what the lane does, by its gate, its watch and what it has. The caller
// holds mu.
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

// note keeps since when the lane is in its state. The caller holds mu.
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
