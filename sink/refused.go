package sink

import (
	"time"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/exchange"
)

// unauthenticated renews the token and sends once more; a second 401 is not the token's
// fault.
func (l *lane) unauthenticated(f *flight, res *exchange.Result) {
	b := f.batch
	events := len(b.Events) // the batch may belong to another goroutine once it was pushed
	now := l.sink.opts.Now()
	l.mu.Lock()
	if f.route != l.route {
		// The token was another account's, and does not matter to this one.
		b.Failed(now)
		l.push(b)
		l.mu.Unlock()
		l.sink.metrics.retried(res.Label(), l.profile, events)
		return
	}
	// Of several requests with one token the first renews it, and the others are only sent
	// again with the new one.
	known := l.refusedToken(f.token)
	// An API token cannot be renewed. Its source waits for a replacement and lets this one be
	// tried again occasionally; no event is at fault.
	renew := f.route.APIToken || !b.Renewed && (known || !l.gate.Sentenced() || !l.renewedLately(now))
	if renew {
		b.Failed(now)
		b.Renewed = true
		if !known {
			l.refuse(f.token, now)
		}
		l.push(b)
	} else {
		b.Renewed = false
	}
	l.mu.Unlock()
	if renew {
		l.sink.metrics.retried(res.Label(), l.profile, events)
		return
	}
	l.refused(f, res)
}

// refused handles a profile that Amazon does not serve: its events wait for the length of the
// hold, with one probe at a time, and become dead letters if all probes were refused. While
// the profile stays refused, each further batch gets one try.
func (l *lane) refused(f *flight, res *exchange.Result) {
	s, b := l.sink, f.batch
	now := s.opts.Now()
	b.Failed(now)
	b.Tries = 0
	events := len(b.Events)
	why := res.Said.Reason(verdict.Auth, res.Status, l.identifiers(b, b.Events...))
	if !l.holdRefused(f, now, why) {
		l.bury(b, res, why)
		return
	}
	s.metrics.retried(res.Label(), l.profile, events)
}

// holdRefused puts the batch back for the length of the hold; false when the hold is over.
func (l *lane) holdRefused(f *flight, now time.Time, why verdict.Reason) bool {
	s := l.sink
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.current(f) {
		// It was sent together with one that was refused earlier, or a later answer was
		// better: it goes again, and that answer decides.
		l.push(f.batch)
		return true
	}
	wait := l.gate.Refuse(&s.policy, now, why.Error())
	l.report("Amazon refuses the profile: " + why.Error())
	if !wait {
		l.condition.outlast()
		return false
	}
	l.push(f.batch)
	return true
}
