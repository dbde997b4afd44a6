package gate

import (
	"time"

	"github.com/tracklayer/amazon-capi/internal/backoff"
)

// Policy is what the gates of all lanes go by.
type Policy struct {
	Backoff backoff.Backoff
	// MaxAttempts is after how many failures in a row a lane rests.
	MaxAttempts int
	// AuthHold is how long a profile that Amazon refuses is tried again, and Timeout
	// that of a request.
	AuthHold, Timeout time.Duration
}

// Gate is a lane's state and what it goes by. The lane's mutex guards it.
type Gate struct {
	state    State
	clock    clock
	failures int // in a row
	row      Row
	window   window
	// barren: the latest answer put off all that it was about.
	barren bool
}

// New returns a free gate that lets one request through at a time.
func New() Gate { return Gate{window: newWindow(1)} }

// fire makes a transition.
func (g *Gate) fire(e event) { g.state = g.state.after(e) }

// State is the state at that time.
func (g *Gate) State(now time.Time) State {
	if g.state.held() && !now.Before(g.clock.until) {
		g.fire(elapse)
	}
	return g.state
}

// Paused reports whether the operator wants nothing to be sent.
func (g *Gate) Paused() bool { return g.state == Paused }

// Broken reports whether the breaker is open or half open.
func (g *Gate) Broken() bool { return g.state.Broken() }

// Held reports whether nothing is sent for a while, and why.
func (g *Gate) Held(now time.Time) (why string, held bool) {
	if g.State(now).held() {
		return g.clock.why, true
	}
	return "", false
}

// Stuck reports whether the lane cannot send, or nobody knows whether it can.
func (g *Gate) Stuck(now time.Time) bool { return g.barren || !g.Calm(now) }

// Calm reports whether nothing is known that speaks against sending.
func (g *Gate) Calm(now time.Time) bool {
	s := g.State(now)
	return s == Free || s == Astray
}

// Troubled reports whether it knows of failures or refusals.
func (g *Gate) Troubled() bool { return g.failures > 0 || g.Broken() || g.row != (Row{}) }

// Until is when the latest hold ends or ended. Nobody knows when a pause does.
func (g *Gate) Until() time.Time { return g.clock.until }

// Failures is how many requests in a row failed.
func (g *Gate) Failures() int { return g.failures }

// Refused reports whether the profile is in a row of refusals.
func (g *Gate) Refused() bool { return !g.row.Empty() }

// Row is the row of refusals.
func (g *Gate) Row() Row { return g.row }

// Sentenced reports whether the refusals outlasted the hold.
func (g *Gate) Sentenced() bool { return g.row.sentenced }

// Slots is how many requests may be in flight.
func (g *Gate) Slots() int {
	switch {
	case g.state == Paused:
		return 0
	case g.state.Broken():
		return 1
	}
	return g.window.limit
}

// Bound sets how many requests there may ever be at once.
func (g *Gate) Bound(most int) { g.window.bound(most) }

// Round is what a request is to be marked with when it is sent.
func (g *Gate) Round() uint64 { return g.window.round }

// Current reports whether a request of that round was sent since the lane last
// changed its mind. What comes of an older one settles its events, and says nothing
// about the present: it must neither count as one more failure in a row nor end
// trouble that began after it was sent.
func (g *Gate) Current(round uint64) bool { return round == g.window.round }

// Flying takes note of how many requests are in flight.
func (g *Gate) Flying(n int) { g.window.use(n) }

// Grow takes note of a request that went well.
func (g *Gate) Grow() { g.window.grow() }
