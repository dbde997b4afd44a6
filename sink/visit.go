package sink

import (
	"sync"
	"time"

	"github.com/tracklayer/amazon-capi/internal/crash"
	"github.com/tracklayer/amazon-capi/sink/exchange"
)

// Visit is a strange lane's time in its seat of the lobby, for one request at most.
func (l *lane) Visit() {
	defer crash.Report()
	leave := sync.OnceFunc(l.sink.lobby.Leave)
	defer leave()
	l.mu.Lock()
	l.seat()
	route, stale, stray := l.route, l.stale, l.stray
	l.mu.Unlock()
	if stray == nil {
		if _, err := route.Tokens.Token(l.sink.ended, stale); err != nil {
			leave() // or lanes without a token would keep out those that have one
			l.askForToken(route)
			return
		}
	}
	if l.step() {
		l.lineUp()
	}
}

// lookAgain is after how long a lane looks whether the token that another asks for is
// there.
const lookAgain = time.Second

// askForToken waits for a token of that way, if none of the others does so already.
func (l *lane) askForToken(by *exchange.Route) {
	b := l.sink.lobby
	if !b.Ask(by) {
		l.mu.Lock()
		l.watch.later(l.sink.opts.Now().Add(lookAgain))
		l.mu.Unlock()
		l.lineUp()
		return
	}
	_, _, ok := l.token()
	b.Asked(by)
	if ok {
		l.lineUp()
	}
}

// lineUp has the lane wait for what is next, if there is anything.
func (l *lane) lineUp() {
	now := l.sink.opts.Now()
	l.mu.Lock()
	more := l.more(now)
	if more {
		l.post()
	}
	l.mu.Unlock()
	if !more {
		l.sink.forgetSometimes(now)
	}
}

// reconsider is for a lane in the line that there is news of. The caller holds mu.
func (l *lane) reconsider() {
	b, now := l.sink.lobby, l.sink.opts.Now()
	if l.sendable() && l.trust.strange {
		b.Move(&l.ticket, l.next(now), now)
		return
	}
	if !b.Drop(&l.ticket) {
		return // who is seated finds out
	}
	l.seat()
	if l.more(now) {
		l.post()
	}
}

// turnless reports whether the lane waits for a seat and all are taken. The caller
// holds mu.
func (l *lane) turnless() bool { return l.queued() && l.sink.lobby.Full() }

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
