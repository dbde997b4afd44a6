package sink

import (
	"fmt"
	"time"

	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/crash"
	"github.com/tracklayer/amazon-capi/sink/amazon"
)

// BreakerState says whether a lane sends freely.
type BreakerState string

// The states of a lane's breaker.
const (
	// BreakerClosed lets as many requests through as the lane's window has room.
	BreakerClosed BreakerState = "closed"
	// BreakerOpen lets nothing through: Amazon has failed or refused the profile
	// again and again, and the lane rests.
	BreakerOpen BreakerState = "open"
	// BreakerHalfOpen lets one request through after such a rest, and what comes
	// of it closes the breaker or opens it again.
	BreakerHalfOpen BreakerState = "half-open"
)

// trouble is what a lane remembers of the faults it met.
type trouble struct {
	tries  int  // failures in a row
	broken bool // the breaker is open or half open
	refusals
	renewedAt time.Time // when it last had the token renewed
	reported  bool      // the lane's condition fails
	said      string    // what it was last said to fail for
	// lasting: events became dead letters of it, so that having none left does
	// not mean that it is over.
	lasting bool
}

// breaker tells the breaker's state. The caller holds mu, as for all that
// follows.
func (l *lane) breaker(now time.Time) BreakerState {
	switch {
	case !l.trouble.broken:
		return BreakerClosed
	case now.Before(l.heldUntil):
		return BreakerOpen
	}
	return BreakerHalfOpen
}

// slots is how many requests may be in flight.
func (l *lane) slots() int {
	if l.paused() {
		return 0
	}
	if l.trouble.broken {
		return 1
	}
	return l.window.Limit
}

// current reports whether a request was sent since the lane last changed its mind.
// What comes of an older one settles its events, and says nothing about the
// present: it must neither count as one more failure in a row nor end trouble
// that began after it was sent.
func (l *lane) current(f *flight) bool { return f.round == l.window.Round }

// hold has the lane send nothing for a while, or longer if it is held already.
func (l *lane) hold(now time.Time, wait time.Duration, why string) {
	if until := now.Add(wait); until.After(l.heldUntil) {
		l.heldUntil = until
	}
	l.why = why
}

// trip opens the breaker; the caller says for how long with hold.
func (l *lane) trip() {
	l.trouble.broken = true
	l.window.Shut()
}

// fail is for a request that failed through no fault of its events. The lane
// waits longer with each failure in a row; when a round of tries is used up it
// rests, and one probe after each rest finds out when that is enough. after is
// how long the server wants to be left alone.
func (l *lane) fail(f *flight, now time.Time, after time.Duration, why string) {
	if !l.current(f) {
		if after > 0 {
			l.hold(now, after, why)
		}
		return
	}
	s, t := l.sink, &l.trouble
	t.refusals = refusals{}
	wait := s.backoff.Full(t.tries)
	if t.tries++; t.tries < s.opts.MaxAttempts {
		l.window.Cut()
	} else {
		wait = s.backoff.Rest(t.tries - s.opts.MaxAttempts)
		l.trip()
		l.report(fmt.Sprintf("%s in a row failed, the last with: %s", count.Of(t.tries, "attempt"), why))
	}
	l.hold(now, max(wait, after), why)
}

// well ends all trouble: Amazon has answered about events. The condition stays
// while events that were put off again and again are still about.
func (l *lane) well(f *flight) {
	l.barren = false
	if !l.current(f) {
		return
	}
	l.trouble, l.proven = trouble{reported: l.trouble.reported}, true
	if !l.trouble.reported || l.anyStuck(f.batch) {
		return
	}
	if cs := l.sink.opts.Conditions; cs != nil {
		cs.Condition(l.conditionName()).OK()
		cs.Remove(l.conditionName())
	}
	l.trouble.reported = false
}

// conditionName is the same while there is a condition: a profile that becomes
// known is shown under another name.
func (l *lane) conditionName() string {
	if l.trouble.reported && l.condition != "" {
		return l.condition
	}
	l.condition = "lane " + l.sink.profiles.shown(l.profile)
	if l.region != amazon.RegionUnknown {
		l.condition += " " + l.region.String()
	}
	return l.condition
}

// report makes the lane's condition fail. Lanes have a condition only while
// something is wrong with them: /status would not gain from a list of thousands
// that are well.
func (l *lane) report(reason string) {
	l.trouble.reported, l.trouble.said = true, reason
	l.sink.opts.Conditions.Condition(l.conditionName()).OfProfile().Fail(reason)
}

// rest is for a lane that has no events left. What it failed to send was dropped,
// and with it its trouble, unless events became dead letters of it or are to come
// back.
func (l *lane) rest() {
	if l.discharge(); l.strange {
		l.sink.spent.Add(1)
	}
	if l.trouble.lasting || l.away() {
		l.fade(conditionLinger)
		return
	}
	l.withdraw()
}

// withdraw removes the lane's condition and forgets its failures, because there
// is nothing left that would tell when they are over.
func (l *lane) withdraw() {
	if l.fading != nil {
		l.fading.Stop()
		l.fading = nil
	}
	l.endCondition()
	l.trouble = trouble{}
}

func (l *lane) endCondition() {
	if !l.trouble.reported {
		return
	}
	name := l.conditionName() // as long as it is reported: the profile may have become known since
	l.trouble.reported = false
	if cs := l.sink.opts.Conditions; cs != nil {
		cs.Remove(name)
	}
	l.sink.opts.Log.Info().Str("condition", name).Msg("condition withdrawn: the lane has no events left")
}

// resume has a lane whose condition ended while it was idle report it again: it
// has events, and they wait for the same trouble to end.
func (l *lane) resume() {
	if l.trouble.broken && !l.trouble.reported {
		l.report(l.trouble.said)
	}
}

// conditionLinger is how long an idle lane whose events became dead letters keeps
// its condition. Without it each event of a profile that stays refused would turn
// the condition on and off, with two log lines each.
const conditionLinger = 30 * time.Second

// fade ends the condition of an idle lane after that time, and keeps its failures:
// the next event is still sent alone. Without it a profile that has gone for good
// would keep the process from being ready.
func (l *lane) fade(after time.Duration) {
	if l.trouble.reported && l.fading == nil && l.sink.stop.Err() == nil {
		l.fading = time.AfterFunc(after, l.faded)
	}
}

func (l *lane) faded() {
	defer crash.Report()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fading = nil
	if !l.idle() {
		return // it arms the timer again when it has no events
	}
	if l.away() {
		l.fade(conditionLinger)
		return
	}
	if left := conditionLinger - l.sink.opts.Now().Sub(l.since); left > 0 {
		l.fade(left)
		return
	}
	if l.trouble.lasting {
		l.endCondition()
	} else {
		l.withdraw()
	}
}

// stopFading stops the timer, when the sink closes.
func (l *lane) stopFading() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fading != nil {
		l.fading.Stop()
		l.fading = nil
	}
}
