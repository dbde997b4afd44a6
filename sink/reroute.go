package sink

import (
	"cmp"

	"github.com/tracklayer/amazon-capi/internal/faultpoint"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/batch"
	"github.com/tracklayer/amazon-capi/sink/exchange"
)

// routing is how a lane's events are sent at present. The lane's mu guards it.
type routing struct {
	route *exchange.Route
	// stray is why the profile has no route; nil while it has one.
	stray *verdict.Reason
	// limited by the route as well as by the sink:
	batchEvents, batchBytes int
}

// follow sets the route. The caller holds mu.
func (l *lane) follow(to *exchange.Route) {
	o := &l.sink.opts
	l.route = to
	l.batchEvents = min(cmp.Or(to.BatchEvents, o.BatchEvents), to.Limits.Events)
	l.batchBytes = min(cmp.Or(to.BatchBytes, o.BatchBytes), to.Limits.Bytes)
	l.gate.Bound(cmp.Or(to.Concurrency, o.LaneConcurrency))
}

// renew makes the lane ask for its route again. The sink's mu is held.
func (l *lane) renew() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acquaint()
	was := l.route
	to, why := l.sink.router.Renew(l.profile, was)
	if why == nil && l.stray == nil && to == was {
		return
	}
	strayed := l.stray != nil
	if l.stray = why; why != nil {
		if l.open != nil {
			l.closeOpen()
		}
	} else {
		l.follow(to)
	}
	if why != nil || strayed || to.Tokens != was.Tokens || to.Endpoint != was.Endpoint || to.Principal != was.Principal || to.Paused != was.Paused {
		l.forgive()
	}
	l.notePause()
	if l.unwait != nil {
		l.unwait()
	}
	l.signal()
	l.hire()
}

// forgive ends all trouble that the lane had with its old route: it says nothing about the new
// one, and whoever has fixed an account wants to see it work without waiting for a pause to
// end. Requests in flight no longer count.
func (l *lane) forgive() {
	if l.condition.reported {
		l.recovered()
	}
	l.forget()
	l.tokens = tokens{}
	switch now := l.sink.opts.Now(); {
	case l.stray != nil:
		l.gate.Stray(now)
	case l.route.Paused:
		l.gate.Pause(now)
	default:
		l.gate.Follow(now)
	}
}

// notePause makes readiness report a paused lane that has events: they hold up the offsets
// behind them.
func (l *lane) notePause() {
	if l.gate.Paused() && !l.empty() && !l.condition.reported {
		l.report(reasonPaused)
	}
}

const reasonPaused = "paused in the accounts file"

// dismiss makes dead letters of the events of a profile without a route; false if it has one.
func (l *lane) dismiss() bool {
	l.mu.Lock()
	why := l.stray
	var gone []*batch.Batch
	if why != nil {
		for _, list := range []*[]*batch.Batch{&l.front, &l.ready, &l.aside} {
			gone = append(gone, *list...)
			clear(*list)
			*list = nil
		}
		if l.open != nil {
			l.closeOpen()
			gone, l.ready = append(gone, l.ready...), nil
		}
	}
	l.mu.Unlock()
	if len(gone) > 0 {
		faultpoint.At("dismiss")
	}
	now := l.sink.opts.Now()
	for _, b := range gone {
		b.Failed(now)
		l.bury(b, &exchange.Result{}, *why)
	}
	return why != nil
}
