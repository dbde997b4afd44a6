package gate

import "time"

// Hold makes the lane send nothing for a while, or extends a hold.
func (g *Gate) Hold(now time.Time, wait time.Duration, why string) {
	if g.state == Paused || g.state == Astray {
		return // it is about a route that the lane no longer uses
	}
	g.clock.extend(now, wait, why)
	g.fire(hold)
}

// Fail records a request that failed through no fault of its events. The lane waits longer
// with each consecutive failure. After a round of tries it rests, and after each rest one
// probe finds out whether the fault is over. after is how long the server asked to be left
// alone. Fail reports whether the lane rests.
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

// Foreign records an answer that is not Amazon's. A single one opens the breaker.
func (g *Gate) Foreign(p *Policy, now time.Time, after time.Duration, why string) {
	g.row = Row{}
	g.trip()
	g.Hold(now, max(p.Backoff.Spaced(g.failures), after), why)
	g.failures++
}

// Refuse records an answer by which Amazon does not serve the profile. It reports whether
// its events wait; if not, the profile was refused for the whole hold.
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

// trip opens the breaker; the hold decides how long it stays open.
func (g *Gate) trip() {
	g.window.shut()
	g.fire(trip)
}

// Heard records an answer about events, whenever they were sent.
func (g *Gate) Heard() { g.barren = false }

// Barren records an answer that put off all its events.
func (g *Gate) Barren() { g.barren = true }

// Well ends all trouble except a hold: Amazon has answered about events.
func (g *Gate) Well() {
	g.failures, g.row = 0, Row{}
	g.fire(well)
}

// Excuse forgets failures caused by a batch, unless the breaker is open.
func (g *Gate) Excuse() {
	if !g.Broken() {
		g.failures = 0
	}
	g.fire(excuse)
}

// EndRow ends the row of refusals.
func (g *Gate) EndRow() { g.row = Row{} }

// Recall makes a gate without history continue a row of refusals.
func (g *Gate) Recall(r Row, now time.Time) {
	g.row = r.resumed(now)
	g.fire(trip)
}

// Follow sets the lane to a route, a new one or the first after none.
func (g *Gate) Follow(now time.Time) { g.turn(now, follow) }

// Pause stops the lane from sending.
func (g *Gate) Pause(now time.Time) { g.turn(now, pause) }

// Stray marks a lane without a route.
func (g *Gate) Stray(now time.Time) { g.turn(now, stray) }

// turn ends all trouble that the lane had with its old route: it says nothing about the new
// one, and whoever has fixed an account wants to see it work without waiting for a rest to
// end. Requests in flight no longer count.
func (g *Gate) turn(now time.Time, e event) {
	g.failures, g.row = 0, Row{}
	g.clock = clock{until: now}
	g.window.shut()
	g.fire(e)
}
