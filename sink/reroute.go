package sink

import (
	"cmp"
	"context"
	"time"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/exchange"
	"github.com/tracklayer/amazon-capi/sink/login"
)

// routing is by which way a lane's events go at present. The lane's mu guards
// it.
type routing struct {
	route *exchange.Route
	// stray is why the profile has no way any more; nil while it has one.
	stray *verdict.Reason
	// bound by the way as well as by the sink:
	batchEvents, batchBytes int
	// unwait ends waiting for a token of the way; nil while nobody waits.
	unwait context.CancelFunc
}

// follow sets the way. The caller holds mu.
func (l *lane) follow(to *exchange.Route) {
	o := &l.sink.opts
	l.route = to
	l.batchEvents = min(cmp.Or(to.BatchEvents, o.BatchEvents), to.Limits.Events)
	l.batchBytes = min(cmp.Or(to.BatchBytes, o.BatchBytes), to.Limits.Bytes)
	l.window.Bound(cmp.Or(to.Concurrency, o.LaneConcurrency))
}

// renew has the lane ask for its way anew. The sink's mu is held.
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

// forgive ends all trouble that the lane had by its old way: it says nothing
// about the new one, and whoever has mended an account wants to see it work and
// not the rest of a pause. What is in flight counts no more.
func (l *lane) forgive() {
	if l.trouble.reported {
		if cs := l.sink.opts.Conditions; cs != nil {
			cs.Condition(l.conditionName()).OK()
			cs.Remove(l.conditionName())
		}
	}
	l.trouble = trouble{}
	l.heldUntil, l.why = l.sink.opts.Now(), ""
	l.stale = login.AccessToken{}
	l.window.Shut()
}

// paused reports whether the lane holds its events because the operator wants it
// to.
func (l *lane) paused() bool { return l.route.Paused && l.stray == nil }

// notePause has readiness name a lane that is paused with events in it: they
// hold up the offsets behind them.
func (l *lane) notePause() {
	if l.paused() && !l.empty() && !l.trouble.reported {
		l.report(reasonPaused)
	}
}

const reasonPaused = "paused in the accounts file"

// token waits for an access token of the lane's way, and returns both. The token
// is the zero one if the way changed meanwhile; false when the sink is stopping.
func (l *lane) token() (*exchange.Route, login.AccessToken, bool) {
	s := l.sink
	l.mu.Lock()
	route, stale := l.route, l.stale
	l.mu.Unlock()
	// Nearly always there is one, and then the lane is not said to wait.
	if token, err := route.Tokens.Token(s.ended, stale); err == nil {
		return route, token, s.stop.Err() == nil
	}
	ctx, cancel := context.WithCancel(s.stop)
	defer cancel()
	began := s.opts.Now()
	if !l.waits(route, cancel) {
		return route, login.AccessToken{}, true
	}
	token, err := route.Tokens.Token(ctx, stale)
	moved := !l.waits(route, nil)
	if s.opts.Now().Sub(began) > tokenPatience {
		l.mu.Lock()
		l.trouble.refusals = refusals{} // nobody was refused meanwhile
		l.mu.Unlock()
	}
	if moved && s.stop.Err() == nil {
		return route, login.AccessToken{}, true
	}
	return route, token, err == nil && s.stop.Err() == nil
}

// tokenPatience is how long a token may take before that is a fault of its own.
// A refused profile has its token renewed again and again, and the usual second or
// two of that is a part of being refused.
const tokenPatience = 5 * time.Second

// waits notes that the lane waits for a token of a way, or with nil that it does
// not any more; false when it has another way by now.
func (l *lane) waits(by *exchange.Route, unwait context.CancelFunc) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	here := l.route == by && l.stray == nil
	if !here {
		// It does not wait then, and nobody would come to say that it has ended.
		unwait = nil
	}
	l.unwait = unwait
	l.tokenless = unwait != nil
	l.note(l.sink.opts.Now())
	return here
}

// dismiss makes dead letters of the events of a profile that has no way any
// more; false if it has one.
func (l *lane) dismiss() bool {
	l.mu.Lock()
	why := l.stray
	var gone []*batch
	if why != nil {
		for _, list := range []*[]*batch{&l.front, &l.ready, &l.aside} {
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
	now := l.sink.opts.Now()
	for _, b := range gone {
		b.failed(now)
		l.bury(b, &exchange.Result{}, *why)
	}
	return why != nil
}
