package gate

import (
	"time"

	"github.com/tracklayer/amazon-capi/internal/backoff"
)

// Policy is the configuration that all gates share.
type Policy struct {
	Backoff backoff.Backoff
	// MaxAttempts is the number of consecutive failures after which a lane rests.
	MaxAttempts int
	// AuthHold is how long a refused profile is tried again; Timeout is that of a request.
	AuthHold, Timeout time.Duration
}

// Gate is a lane's state and the data behind it. The lane's mutex guards it.
type Gate struct {
	state    State
	clock    clock
	failures int // consecutive
	row      Row
	window   window
	// barren: the latest answer put off all its events.
	barren bool
	storm  storm
}

// New returns a free gate that lets one request through at a time.
func New() Gate { return Gate{window: newWindow(1)} }

// fire makes a transition.
func (g *Gate) fire(e event) { g.state = g.state.after(e) }

// State returns the state at that time.
func (g *Gate) State(now time.Time) State {
	if g.state.held() && !now.Before(g.clock.until) {
		g.fire(elapse)
	}
	return g.state
}

// Paused reports whether the operator has paused the profile.
func (g *Gate) Paused() bool { return g.state == Paused }

// Broken reports whether the breaker is open or half open.
func (g *Gate) Broken() bool { return g.state.Broken() }

// Held reports whether nothing is sent for a while, and why.
func (g *Gate) Held(now time.Time) (why string, held bool) {
	if g.Stormed() && !g.storm.trial {
		return g.storm.why, true
	}
	if g.State(now).held() {
		return g.clock.why, true
	}
	return "", false
}

// Stuck reports whether the lane cannot send, or has not shown that it can.
func (g *Gate) Stuck(now time.Time) bool { return g.barren || !g.Calm(now) }

// Calm reports whether nothing known argues against sending.
func (g *Gate) Calm(now time.Time) bool {
	s := g.State(now)
	return !g.Stormed() && (s == Free || s == Astray)
}

// Troubled reports whether there were failures or refusals.
func (g *Gate) Troubled() bool { return g.failures > 0 || g.Broken() || g.row != (Row{}) }

// Until returns when the latest hold ends or ended. The end of a pause is unknown.
func (g *Gate) Until() time.Time { return g.clock.until }

// Failures returns the number of consecutive failures.
func (g *Gate) Failures() int { return g.failures }

// Refused reports whether the profile is in a row of refusals.
func (g *Gate) Refused() bool { return !g.row.Empty() }

// Row returns the row of refusals.
func (g *Gate) Row() Row { return g.row }

// Sentenced reports whether the refusals outlasted the hold.
func (g *Gate) Sentenced() bool { return g.row.sentenced }

// Slots returns how many requests may be in flight.
func (g *Gate) Slots() int {
	switch {
	case g.state == Paused, g.Stormed() && (!g.storm.trial || g.state == Astray):
		return 0
	case g.Stormed():
		return 1
	case g.state.Broken():
		return 1
	}
	return g.window.limit
}

// Bound sets the maximum of requests that may ever be in flight.
func (g *Gate) Bound(most int) { g.window.bound(most) }

// Round returns the mark for a request that is sent now.
func (g *Gate) Round() uint64 { return g.window.round }

// Current reports whether a request of that round was sent since the lane's state last
// changed. An older request settles its events but says nothing about the present: it
// must neither count as another consecutive failure nor end trouble that began after it
// was sent.
func (g *Gate) Current(round uint64) bool { return round == g.window.round }

// Flying records how many requests are in flight.
func (g *Gate) Flying(n int) { g.window.use(n) }

// Grow records a request that succeeded.
func (g *Gate) Grow() { g.window.grow() }
