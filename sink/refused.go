package sink

import (
	"time"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/exchange"
)

// renewAgain is how often a profile that stays refused after its hold may have
// the token renewed: its batches come as fast as events do.
const renewAgain = 30 * time.Second

// refusals are an unbroken row of refusals of a profile: anything else that
// happens to it ends the row. A fault of another kind in between must not use up
// the hold, after which good events become dead letters.
type refusals struct {
	since, last time.Time     // of the first, moved by time that does not count, and of the latest; zero without any
	pause       time.Duration // that was to follow the latest
	probes      int           // how many there were, without those after the hold
	sentenced   bool          // they outlasted the hold
}

// refused notes one more. Only the time in which the profile was asked for
// counts: a process that is stopped for an hour, or a lane that waits for its
// turn, learns nothing about the profile. Once sentenced the next has to come
// within another hold, or the row has ended.
func (r *refusals) refused(now time.Time, hold, timeout time.Duration) {
	most := r.pause + 2*timeout // a 401 is sent once more
	gap := now.Sub(r.last)
	switch {
	case r.since.IsZero(), r.sentenced && gap > max(hold, most):
		*r = refusals{since: now}
	case !r.sentenced && gap > most:
		r.since = r.since.Add(gap - most)
	}
	r.last, r.pause = now, 0
}

// unauthenticated has the token renewed and sends once more; a second 401 is
// not the token's fault.
func (l *lane) unauthenticated(f *flight, res *exchange.Result) {
	b := f.batch
	events := len(b.events) // the batch is not ours once it has been pushed
	now := l.sink.opts.Now()
	l.mu.Lock()
	if f.route != l.route {
		// The token was another account's, and is not the concern of this one.
		b.failed(now)
		l.push(b)
		l.mu.Unlock()
		l.sink.metrics.retried(res.Label(), l.profile, events)
		return
	}
	t := &l.trouble
	// Of several requests with one token the first has it renewed, and the
	// others only go again with the new one.
	known := l.refusedToken(f.token)
	// An API token cannot be renewed. Its source waits for another one and has this one
	// tried again from time to time; no event is at fault.
	renew := f.route.APIToken || !b.renewed && (known || !t.sentenced || now.Sub(t.renewedAt) >= renewAgain)
	if renew {
		b.failed(now)
		b.renewed = true
		if !known {
			t.renewedAt, l.stale = now, f.token
		}
		l.push(b)
	} else {
		b.renewed = false
	}
	l.mu.Unlock()
	if renew {
		l.sink.metrics.retried(res.Label(), l.profile, events)
		return
	}
	l.refused(f, res)
}

// refused is for a profile that Amazon does not serve: its events wait for the
// length of the hold, with one probe at a time, and become dead letters if it was
// refused all the while. While it stays refused, each further batch gets one try.
func (l *lane) refused(f *flight, res *exchange.Result) {
	s, b := l.sink, f.batch
	now := s.opts.Now()
	b.failed(now)
	b.tries = 0
	events := len(b.events)
	why := res.Said.Reason(verdict.Auth, res.Status, l.identifiers(b, b.events...))
	if !l.holdRefused(f, now, why) {
		l.bury(b, res, why)
		return
	}
	s.metrics.retried(res.Label(), l.profile, events)
}

// holdRefused puts the batch back for the length of the hold; false when the
// hold is over.
func (l *lane) holdRefused(f *flight, now time.Time, why verdict.Reason) bool {
	s := l.sink
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.current(f) {
		// Sent together with one that was refused before it, or has been
		// overtaken by better news: it goes again, and is told then.
		l.push(f.batch)
		return true
	}
	t := &l.trouble
	t.refused(now, s.opts.AuthHold, s.opts.RequestTimeout)
	t.tries = 0
	l.trip()
	l.report("Amazon refuses the profile: " + why.Error())
	left := t.since.Add(s.opts.AuthHold).Sub(now)
	if left <= 0 {
		t.sentenced, t.lasting = true, true
		return false
	}
	t.pause = min(s.backoff.Spaced(t.probes), left)
	l.hold(now, t.pause, why.Error())
	t.probes++
	l.push(f.batch)
	return true
}
