package gate

import "time"

// Hold has the lane send nothing for a while, or longer if it is held already.
func (g *Gate) Hold(now time.Time, wait time.Duration, why string) {
	if g.state == Paused || g.state == Astray {
		return // it is about a way that the lane has left
	}
	g.clock.extend(now, wait, why)
	g.fire(hold)
}

// Fail is for a request that failed through no fault of its events. The lane waits
// longer with each failure in a row; when a round of tries is used up it rests, and one
// probe after each rest finds out when that is enough. after is how long the server
// wants to be left alone. It reports whether the lane rests.
func (g *Gate) Fail(p *Policy, now time.Time, after time.Duration, why string) (rests bool) {
	g.row = Row{}
	wait := p.Backoff.Full(g.failures)
	g.failures++
	if rests = g.failures >= p.MaxAttempts; rests {
		wait = p.Backoff.Rest(g.failures - p.MaxAttempts)
		g.trip()
	} else {
		g.window.cut()
		g.fire(fail)
	}
	g.Hold(now, max(wait, after), why)
	return rests
}

// Foreign is for an answer that is not Amazon's, of which one opens the breaker.
func (g *Gate) Foreign(p *Policy, now time.Time, after time.Duration, why string) {
	g.row = Row{}
	g.trip()
	g.Hold(now, max(p.Backoff.Spaced(g.failures), after), why)
	g.failures++
}

// Refuse is for an answer by which Amazon does not serve the profile. It reports
// whether its events are to wait; if not, it was refused for as long as the hold.
func (g *Gate) Refuse(p *Policy, now time.Time, why string) (wait bool) {
	r := &g.row
	r.refused(now, p.AuthHold, p.Timeout)
	g.failures = 0
	g.trip()
	left := r.since.Add(p.AuthHold).Sub(now)
	if left <= 0 {
		r.sentenced = true
		return false
	}
	r.pause = min(p.Backoff.Spaced(r.probes), left)
	g.Hold(now, r.pause, why)
	r.probes++
	return true
}

// trip opens the breaker; how long it stays open is for the hold to say.
func (g *Gate) trip() {
	g.window.shut()
	g.fire(trip)
}

// Heard is for an answer about events, whenever they were sent.
func (g *Gate) Heard() { g.barren = false }

// Barren is for an answer that put off all that it was about.
func (g *Gate) Barren() { g.barren = true }

// Well ends all trouble, but no hold: Amazon has answered about events.
func (g *Gate) Well() {
	g.failures, g.row = 0, Row{}
	g.fire(well)
}

// Excuse forgets failures that were those of a batch, unless the breaker is open.
func (g *Gate) Excuse() {
	if !g.Broken() {
		g.failures = 0
	}
	g.fire(excuse)
}

// EndRow ends the row of refusals.
func (g *Gate) EndRow() { g.row = Row{} }

// Recall has a gate that knows nothing go on with a row of refusals.
func (g *Gate) Recall(r Row, now time.Time) {
	g.row = r.resumed(now)
	g.fire(trip)
}

// Follow is for a lane that has another way to send by, or one again.
func (g *Gate) Follow(now time.Time) { g.turn(now, follow) }

// Pause is for a lane that is to send nothing.
func (g *Gate) Pause(now time.Time) { g.turn(now, pause) }

// Stray is for a lane that has no way to send by any more.
func (g *Gate) Stray(now time.Time) { g.turn(now, stray) }

// turn ends all trouble that the lane had by its old way: it says nothing about the
// new one, and whoever has mended an account wants to see it work and not the rest of
// a hold. What is in flight counts no more.
func (g *Gate) turn(now time.Time, e event) {
	g.failures, g.row = 0, Row{}
	g.clock = clock{until: now}
	g.window.shut()
	g.fire(e)
}
