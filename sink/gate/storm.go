package gate

// storm stops a lane because too many of its events became dead letters. It is kept apart
// from the state: answers, failures, routes and pauses neither begin nor end it, and what
// they make of the state applies to the one request that is tried now and then.
type storm struct {
	why   string // empty if there is none
	trial bool   // one request may be sent
}

// Storm stops the lane, for a reason that is not empty. Requests in flight no longer count.
func (g *Gate) Storm(why string) {
	if !g.Stormed() {
		g.window.shut()
	}
	g.storm = storm{why: why}
}

// Try lets one request of a stopped lane through.
func (g *Gate) Try() { g.storm.trial = g.Stormed() }

// Tried reports whether the request that is sent now is that one, and uses it up.
func (g *Gate) Tried() bool {
	was := g.storm.trial
	g.storm.trial = false
	return was
}

// End ends the storm.
func (g *Gate) End() { g.storm = storm{} }

// Stormed reports whether the lane is stopped.
func (g *Gate) Stormed() bool { return g.storm.why != "" }

// Trying reports whether a stopped lane may send one request.
func (g *Gate) Trying() bool { return g.storm.trial }
