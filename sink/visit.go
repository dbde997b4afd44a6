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
			leave() // or lanes without a token would keep out those with one
			l.askForToken(route)
			return
		}
	}
	if l.step() {
		l.lineUp()
	}
}

// lookAgain is the interval at which a lane checks for the token that another lane requested.
const lookAgain = time.Second

// askForToken waits for a token of that route, unless another lane already does.
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

// lineUp makes the lane wait for what is next, if there is anything.
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

// reconsider handles news for a lane in the line. The caller holds mu.
func (l *lane) reconsider() {
	b, now := l.sink.lobby, l.sink.opts.Now()
	if l.sendable() && l.trust.strange {
		b.Move(&l.ticket, l.next(now), now)
		return
	}
	if !b.Drop(&l.ticket) {
		return // the lane will see it once it is seated
	}
	l.seat()
	if l.more(now) {
		l.post()
	}
}

// turnless reports whether the lane waits for a seat and all are occupied. The caller holds
// mu.
func (l *lane) turnless() bool { return l.queued() && l.sink.lobby.Full() }

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
