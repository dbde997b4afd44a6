package sink

import (
	"context"
	"time"

	"github.com/tracklayer/amazon-capi/sink/exchange"
	"github.com/tracklayer/amazon-capi/sink/login"
)

// tokens are what a lane knows about its access tokens. The lane's mu guards it.
type tokens struct {
	stale     login.AccessToken // the latest that Amazon refused with 401
	renewedAt time.Time         // when the lane last had one renewed
}

// refusedToken reports whether Amazon has refused the token or a later one. The caller holds
// mu.
func (t *tokens) refusedToken(token login.AccessToken) bool { return token.RefusedBy(t.stale) }

// renewAgain is how often a profile that is refused after its hold may have the token renewed:
// its batches come as fast as events do.
const renewAgain = 30 * time.Second

// refuse notes that Amazon has refused a token, which is renewed for that reason.
func (t *tokens) refuse(token login.AccessToken, now time.Time) { t.stale, t.renewedAt = token, now }

// forgive forgets the last renewal, but still does not send the refused token.
func (t *tokens) forgive() { t.renewedAt = time.Time{} }

// renewedLately reports whether the last renewal is too recent for another.
func (t *tokens) renewedLately(now time.Time) bool { return now.Sub(t.renewedAt) < renewAgain }

// token waits for an access token of the lane's route, and returns both. The token is zero if
// the route changed meanwhile; false if the sink is stopping.
func (l *lane) token() (*exchange.Route, login.AccessToken, bool) {
	s := l.sink
	l.mu.Lock()
	route, stale := l.route, l.stale
	l.mu.Unlock()
	// Nearly always there is a token, and the lane is not reported as waiting.
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
		l.gate.EndRow() // nobody was refused meanwhile
		l.mu.Unlock()
	}
	if moved && s.stop.Err() == nil {
		return route, login.AccessToken{}, true
	}
	return route, token, err == nil && s.stop.Err() == nil
}

// tokenPatience is how long a token may take before that counts as a fault of its own. A
// refused profile has its token renewed again and again, and the usual second or two of that
// is part of being refused.
const tokenPatience = 5 * time.Second

// waits notes that the lane waits for a token of a route, or, for nil, that it no longer does;
// false if the lane has another route by now.
func (l *lane) waits(by *exchange.Route, unwait context.CancelFunc) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	here := l.route == by && l.stray == nil
	if !here {
		// It does not wait in that case, and nothing would end the waiting.
		unwait = nil
	}
	l.watch.wait(unwait)
	l.note(l.sink.opts.Now())
	return here
}
