package sink

import (
	"context"
	"time"

	"github.com/tracklayer/amazon-capi/sink/exchange"
	"github.com/tracklayer/amazon-capi/sink/login"
)

// tokens are what a lane knows of its access tokens. The lane's mu guards it.
type tokens struct {
	stale     login.AccessToken // the latest that Amazon answered 401 to
	renewedAt time.Time         // when the lane last had one renewed
}

// refusedToken reports whether Amazon has refused the token or a later one. The
// caller holds mu.
func (t *tokens) refusedToken(token login.AccessToken) bool { return token.RefusedBy(t.stale) }

// renewAgain is how often a profile that stays refused after its hold may have
// the token renewed: its batches come as fast as events do.
const renewAgain = 30 * time.Second

// refuse notes that Amazon has refused a token, and that it is renewed for that.
func (t *tokens) refuse(token login.AccessToken, now time.Time) { t.stale, t.renewedAt = token, now }

// forgive forgets when one was renewed, and goes on not to send the refused one.
func (t *tokens) forgive() { t.renewedAt = time.Time{} }

// renewedLately reports whether it was renewed too short ago to do so again.
func (t *tokens) renewedLately(now time.Time) bool { return now.Sub(t.renewedAt) < renewAgain }

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
		l.gate.EndRow() // nobody was refused meanwhile
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
	l.watch.wait(unwait)
	l.note(l.sink.opts.Now())
	return here
}
