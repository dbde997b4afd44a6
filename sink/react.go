package sink

import (
	"fmt"
	"time"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// trouble is what a lane remembers of the faults it met.
type trouble struct {
	tries  int // failures in a row, since the last rest
	probes int // refusals in a row
	// refusedSince is when Amazon began to refuse the profile; zero while it
	// does not.
	refusedSince time.Time
	sentenced    bool      // the refusal outlasted the hold
	renewedAt    time.Time // when it last had the token renewed
	reported     bool      // the lane's condition fails
}

func (l *lane) conditionName() string { return "lane " + l.profile }

// report makes the lane's condition fail. Lanes have a condition only while
// something is wrong with them: readiness would not gain from a list of
// thousands that are well.
func (l *lane) report(reason string) {
	l.trouble.reported = true
	condition(l.sink.opts.Conditions, l.conditionName()).Fail(reason)
}

// well ends all trouble: Amazon has answered about events. The condition stays
// while events that were put off again and again are still about.
func (l *lane) well() {
	l.trouble = trouble{reported: l.trouble.reported}
	if !l.trouble.reported {
		return
	}
	l.mu.Lock()
	stuck := false
	for _, b := range l.aside {
		stuck = stuck || b.stuck
	}
	l.mu.Unlock()
	if stuck {
		return
	}
	l.trouble.reported = false
	if cs := l.sink.opts.Conditions; cs != nil {
		cs.Condition(l.conditionName()).OK()
		cs.Remove(l.conditionName())
	}
}

// withdraw removes the lane's condition and forgets its failures, because there
// is nothing left that would tell when they are over.
func (l *lane) withdraw() {
	if l.trouble.reported {
		if cs := l.sink.opts.Conditions; cs != nil {
			cs.Remove(l.conditionName())
		}
		l.sink.opts.Log.Info().Str("condition", l.conditionName()).Msg("condition withdrawn: the lane has no events left")
	}
	l.trouble = trouble{}
}

// itemised settles each event as the answer says.
func (l *lane) itemised(b *batch, res *result, sc *scratch) {
	s := l.sink
	now := s.opts.Now()
	var letters []*letter
	var later, large []event
	for i := range b.events {
		e, it := &b.events[i], sc.items[i]
		if it.Outcome == TooLarge && len(b.events) == 1 {
			it.Outcome = Refused // nothing is left to split
		}
		switch it.Outcome {
		case Taken:
			sc.verdicts = l.accept(sc.verdicts, e)
			continue
		case Refused:
			e.failed(now)
			ids := s.opts.Contract.Identifiers(b.encoded(e))
			letters = l.condemn(letters, e, it.Said.Reason(verdict.Rejected, res.Status, ids))
			continue
		case TooLarge:
			e.failed(now)
			large = append(large, *e)
			continue
		case Unsaid:
			s.metrics.unsaid.Inc()
		}
		later = append(later, *e)
	}
	s.metrics.contradictions.Add(float64(res.Contradictions))
	if len(later) == len(b.events) {
		l.nothingSettled(b, res, now)
		return
	}
	l.settled(len(sc.verdicts) + len(letters))
	if len(large) > 0 {
		l.pushHalves(b.copyOf(large))
	}
	switch {
	case len(later) == 0:
	case res.Status >= 400:
		// A refusal that names its items: these only shared a request with
		// the events at fault, and go again at once.
		s.metrics.retried(reasonItems, l.profile, len(later))
		l.again(b.copyOf(later))
	default:
		l.putOff(b, later, res, now)
	}
	l.well()
	s.release(b)
	s.conclude(res.request, sc.verdicts)
	s.letters.put(res.request, letters)
}

// reasonItems labels retries that item results ask for.
const reasonItems = "item"

// putOff has some events of a batch sent later: Amazon wants that, or has not
// said what became of them. They wait on their own, since the rest of the lane
// is well, and one event that is put off for ever must not hold up the others.
func (l *lane) putOff(b *batch, events []event, res *result, now time.Time) {
	s := l.sink
	s.metrics.retried(reasonItems, l.profile, len(events))
	c := b.copyOf(events)
	c.failed(now)
	c.tries, c.stuck = b.tries+1, b.stuck
	wait := max(s.backoff.full(c.tries-1), res.retryAfter)
	if c.tries >= s.opts.MaxAttempts {
		c.tries, c.stuck = 0, true
		wait = max(s.backoff.rest(), res.retryAfter)
		l.report(fmt.Sprintf("Amazon has put off %d events %d times in a row", len(events), s.opts.MaxAttempts))
	}
	c.notBefore = now.Add(wait)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.aside = append(l.aside, c)
}

// nothingSettled is for an answer that puts off every event. It may be about
// the lane, which is throttled, or about the events; so the lane is held for
// one round of tries, and then goes on without them.
func (l *lane) nothingSettled(b *batch, res *result, now time.Time) {
	fresh := b.tries == 0 && !b.stuck
	if fresh && l.trouble.tries+1 < l.sink.opts.MaxAttempts {
		l.retry(b, res, reasonItems)
		return
	}
	if fresh {
		l.trouble.tries = 0
		b.tries = l.sink.opts.MaxAttempts - 1
	}
	l.putOff(b, b.events, res, now)
	l.sink.release(b)
}

// retry tries the batch again after a while: the same bytes, however often.
// When a round of tries is used up, the lane rests and begins again; that is
// no fault of the events, so none of them becomes a dead letter.
func (l *lane) retry(b *batch, res *result, reason string) {
	s := l.sink
	b.failed(s.opts.Now())
	s.metrics.retried(reason, l.profile, len(b.events))
	why := res.describe(l.identifiers(b))
	l.trouble.tries++
	wait := max(s.backoff.full(l.trouble.tries-1), res.retryAfter)
	if l.trouble.tries >= s.opts.MaxAttempts {
		l.trouble.tries = 0
		wait = max(s.backoff.rest(), res.retryAfter)
		l.report(fmt.Sprintf("%d attempts in a row failed, the last with: %s", s.opts.MaxAttempts, why))
	}
	l.hold(b, wait, why)
}

// foreign holds the batch, because whoever answers is not Amazon's API. No
// number of such answers is a verdict on an event.
func (l *lane) foreign(b *batch, res *result) {
	s := l.sink
	b.failed(s.opts.Now())
	s.metrics.retried("foreign", l.profile, len(b.events))
	why := res.Said.message + ": see --amazon-url, and proxies in between"
	l.report(why)
	wait := max(s.backoff.spaced(l.trouble.tries), res.retryAfter)
	l.trouble.tries++
	l.hold(b, wait, why)
}

// renewAgain is how often a profile that stays refused after its hold may have
// the token renewed: its batches come as fast as events do.
const renewAgain = 30 * time.Second

// unauthenticated has the token renewed and sends once more; a second 401 is
// not the token's fault.
func (l *lane) unauthenticated(b *batch, token AccessToken, res *result) {
	now := l.sink.opts.Now()
	t := &l.trouble
	if !b.renewed && (!t.sentenced || now.Sub(t.renewedAt) >= renewAgain) {
		b.renewed, t.renewedAt, l.stale = true, now, token
		b.failed(now)
		l.sink.metrics.retried(res.label(), l.profile, len(b.events))
		l.again(b)
		return
	}
	b.renewed = false
	l.refused(b, res)
}

// refused is for a profile that Amazon does not serve: its events wait for the
// length of the hold, with one probe at a time, and become dead letters then.
// While it stays refused, each further batch gets one try.
func (l *lane) refused(b *batch, res *result) {
	s := l.sink
	now := s.opts.Now()
	b.failed(now)
	t := &l.trouble
	if t.refusedSince.IsZero() {
		t.refusedSince = now
	}
	t.tries = 0
	why := res.Said.Reason(verdict.Auth, res.Status, l.identifiers(b))
	l.report("Amazon refuses the profile: " + why.Error())
	if left := t.refusedSince.Add(s.opts.AuthHold).Sub(now); left > 0 {
		s.metrics.retried(res.label(), l.profile, len(b.events))
		wait := min(s.backoff.spaced(t.probes), left)
		t.probes++
		l.hold(b, wait, why.Error())
		return
	}
	t.sentenced = true
	l.bury(b, res, why)
}

// narrow halves a batch that was refused as a whole, until the event at fault
// stands alone.
func (l *lane) narrow(b *batch, res *result) {
	l.well()
	b.failed(l.sink.opts.Now())
	if len(b.events) > 1 {
		l.sink.metrics.retried(res.label(), l.profile, len(b.events))
		l.pushHalves(b)
		return
	}
	l.bury(b, res, res.Said.Reason(verdict.Rejected, res.Status, l.identifiers(b)))
}

// pushHalves puts the batch before all others, in halves if it can be halved.
func (l *lane) pushHalves(b *batch) {
	if len(b.events) == 1 {
		l.again(b)
		return
	}
	l.sink.metrics.splits.Inc()
	first, second := b.halves()
	l.again(second)
	l.again(first)
}

// bury makes dead letters of all events of a batch.
func (l *lane) bury(b *batch, res *result, why verdict.Reason) {
	var letters []*letter
	for i := range b.events {
		letters = l.condemn(letters, &b.events[i], why)
	}
	l.settled(len(letters))
	l.sink.release(b)
	l.sink.letters.put(res.request, letters)
}

// describe says in a few words what a failed request met, with the identifiers
// of its events masked.
func (r *result) describe(identifiers []string) string {
	if r.fault.text != "" {
		return redact.Message(r.fault.text, identifiers...)
	}
	if r.Status < 400 {
		return fmt.Sprintf("status %d with nothing settled", r.Status)
	}
	if code := r.Said.Reason(0, 0, identifiers).Code; code != "" {
		return fmt.Sprintf("status %d %s", r.Status, code)
	}
	return fmt.Sprintf("status %d", r.Status)
}
