package sink

import (
	"fmt"
	"time"

	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/sink/batch"
	"github.com/tracklayer/amazon-capi/sink/deadletter"
	"github.com/tracklayer/amazon-capi/sink/exchange"
)

// react does what a result requires.
func (l *lane) react(f *flight, res *exchange.Result, sc *scratch) {
	switch res.Kind {
	case amazon.Itemised:
		l.itemised(f, res, sc)
	case amazon.Unauthenticated:
		l.unauthenticated(f, res)
	case amazon.Forbidden:
		l.refused(f, res)
	case amazon.RefusedWhole:
		l.narrow(f, res)
	case amazon.Foreign:
		l.foreign(f, res)
	default:
		l.retry(f, res, res.Label())
	}
}

// again puts the batch before those that were never sent.
func (l *lane) again(b *batch.Batch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.push(b)
}

// sorted are a batch's events by their outcomes.
type sorted struct {
	verdicts []verdict.Verdict   // of accepted events
	letters  []*deadletter.Draft // of refused events
	refused  []batch.Event       // the same
	large    []batch.Event       // to be sent in smaller requests
	later    []batch.Event
	failed   batch.History // events about which the answer says something bad
}

// sort distributes the batch by the answer's items.
func (l *lane) sort(b *batch.Batch, res *exchange.Result, sc *scratch, now time.Time) sorted {
	s := sorted{verdicts: l.sink.memory.Verdicts.Get(len(b.Events)), failed: b.History}
	s.failed.Failed(now)
	for i := range b.Events {
		e, it := &b.Events[i], sc.items[i]
		if it.Outcome == amazon.TooLarge && len(b.Events) == 1 {
			it.Outcome = amazon.Refused // nothing is left to split
		}
		switch it.Outcome {
		case amazon.Taken:
			s.verdicts = l.accept(s.verdicts, b, e)
			continue
		case amazon.Refused:
			ids := l.identifiers(b, *e)
			s.letters = l.condemn(s.letters, b, &s.failed, e, it.Said.Reason(verdict.Rejected, res.Status, ids))
			s.refused = append(s.refused, *e)
			continue
		case amazon.TooLarge:
			s.large = append(s.large, *e)
			continue
		case amazon.Unsaid:
			l.sink.metrics.unsaid.Inc()
		}
		s.later = append(s.later, *e)
	}
	return s
}

// itemised settles each event by its outcome.
func (l *lane) itemised(f *flight, res *exchange.Result, sc *scratch) {
	s, b := l.sink, f.batch
	now := s.opts.Now()
	by := l.sort(b, res, sc, now)
	s.metrics.contradictions.Add(float64(res.Contradictions))
	if len(by.verdicts) > 0 {
		s.profiles.Accept(l.profile) // before its receipt is written
	}
	if len(by.later) == len(b.Events) {
		s.memory.GiveBack(by.verdicts)
		l.nothingSettled(f, res, now)
		return
	}
	var split *batch.Batch
	if len(by.large) > 0 {
		split = b.CopyOf(s.memory, by.large, f.route.Frame)
		split.History = by.failed
		if len(by.large) > 1 {
			s.metrics.splits.Inc()
		}
	}
	l.sendLater(f, res, by.later, now)
	l.guarded(f, &by)
	l.mu.Lock()
	l.records -= len(by.verdicts) + len(by.letters)
	if len(by.verdicts) > 0 {
		l.admit()
	}
	if split != nil {
		l.pushHalves(split)
	}
	l.well(f)
	if len(by.later) == 0 && l.current(f) {
		l.gate.Grow()
	}
	l.mu.Unlock()
	s.memory.Release(b)
	s.conclude(res.Request, by.verdicts)
	s.letters.Put(res.Request, by.letters)
}

// sendLater sends the events again that an answer to the rest of the batch did not settle.
func (l *lane) sendLater(f *flight, res *exchange.Result, later []batch.Event, now time.Time) {
	if len(later) == 0 {
		return
	}
	b := f.batch
	rest := b.CopyOf(l.sink.memory, later, f.route.Frame)
	if res.Status >= 400 {
		// A refusal names its items: these events only shared a request with the faulty ones,
		// and go again at once.
		l.sink.metrics.retried(reasonItems, l.profile, len(later))
		l.again(rest)
		return
	}
	rest.Tries, rest.Stuck = b.Tries, b.Stuck
	l.putOff(rest, res, now)
}

// reasonItems is the label of retries that item results ask for.
const reasonItems = "item"

// putOff sends a batch later on its own: Amazon wants that, or has not mentioned its events.
// They do not hold the lane, since one event that is put off forever must not delay the
// others; but a server that names a time means all of them.
func (l *lane) putOff(b *batch.Batch, res *exchange.Result, now time.Time) {
	s := l.sink
	b.Failed(now)
	b.Tries++
	l.mu.Lock()
	l.gate.EndRow()
	l.mu.Unlock()
	if l.giveUp(b) {
		l.bury(b, res, b.GivenUp(res.Status, "Amazon put it off"))
		return
	}
	s.metrics.retried(reasonItems, l.profile, len(b.Events))
	l.mu.Lock()
	defer l.mu.Unlock()
	wait := s.backoff.Full(b.Tries - 1)
	if l.spent(b) {
		l.report(fmt.Sprintf("Amazon has put off %s %s in a row", count.Of(len(b.Events), "event"), count.Of(b.Tries, "time")))
		b.Tries, b.Stuck = 0, true
		wait = s.backoff.Rest(0)
	}
	if res.RetryAfter > 0 {
		l.gate.Hold(now, res.RetryAfter, "Amazon has put off events and wants to be left alone")
	}
	l.putAside(b, now.Add(max(wait, res.RetryAfter)))
}

// putAside makes a batch wait on its own. The caller holds mu.
func (l *lane) putAside(b *batch.Batch, until time.Time) {
	b.Apart, b.Until = true, until
	l.aside = append(l.aside, b)
}

// nothingSettled handles an answer that puts off every event. The cause may be the lane, which
// is throttled, or the events; so the lane is held for one round of tries, and then continues
// without them.
func (l *lane) nothingSettled(f *flight, res *exchange.Result, now time.Time) {
	b := f.batch
	l.mu.Lock()
	l.gate.Barren()
	l.mu.Unlock()
	if !b.Apart && b.Tries+1 < l.sink.opts.MaxAttempts {
		l.retry(f, res, reasonItems)
		return
	}
	if !b.Apart {
		l.mu.Lock()
		if l.current(f) {
			l.gate.Excuse()
		}
		l.mu.Unlock()
	}
	rest := b.CopyOf(l.sink.memory, b.Events, f.route.Frame)
	rest.Tries, rest.Stuck = b.Tries, b.Stuck
	l.putOff(rest, res, now)
	l.sink.memory.Release(b)
}

// retry sends the batch again after a while: the same bytes, however often. The failure is not
// its events' fault, so none of them becomes a dead letter unless configured.
func (l *lane) retry(f *flight, res *exchange.Result, reason string) {
	s, b := l.sink, f.batch
	now := s.opts.Now()
	b.Failed(now)
	b.Tries++
	why := res.Describe(l.identifiers(b, b.Events...))
	over := l.giveUp(b)
	if !over {
		s.metrics.retried(reason, l.profile, len(b.Events))
	}
	l.mu.Lock()
	l.fail(f, now, res.RetryAfter, why)
	switch {
	case over:
		if l.gate.Broken() {
			l.condition.outlast()
		}
	case l.spent(b) && !l.gate.Broken():
		// Others are sent meanwhile: only this batch cannot be delivered.
		l.report(fmt.Sprintf("%s to send the same %s failed, the last with: %s", count.Of(b.Tries, "attempt"), count.Of(len(b.Events), "event"), why))
		b.Tries, b.Stuck = 0, true
		l.putAside(b, now.Add(max(s.backoff.Rest(0), res.RetryAfter)))
	default:
		l.push(b)
	}
	l.mu.Unlock()
	if over {
		l.bury(b, res, b.GivenUp(res.Status, why))
	}
}

// foreign holds the batch, because the answer is not from Amazon's API. No number of such
// answers is a verdict on an event.
func (l *lane) foreign(f *flight, res *exchange.Result) {
	s, b := l.sink, f.batch
	now := s.opts.Now()
	b.Failed(now)
	s.metrics.retried("foreign", l.profile, len(b.Events))
	why := fmt.Sprintf("%s: see %s, and proxies in between", res.Stranger(), setting.AmazonURL)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.push(b)
	if !l.current(f) {
		return
	}
	l.report(why)
	l.gate.Foreign(&s.policy, now, res.RetryAfter, why)
}

// narrow halves a batch that was refused as a whole, until the faulty event is alone.
func (l *lane) narrow(f *flight, res *exchange.Result) {
	b := f.batch
	b.Failed(l.sink.opts.Now())
	several := len(b.Events) > 1
	if several {
		l.sink.metrics.retried(res.Label(), l.profile, len(b.Events))
		l.sink.metrics.splits.Inc()
	}
	l.mu.Lock()
	l.well(f)
	if l.current(f) {
		l.gate.Grow()
	}
	if several {
		l.pushHalves(b)
	}
	l.mu.Unlock()
	if !several {
		l.bury(b, res, res.Said.Reason(verdict.Rejected, res.Status, l.identifiers(b, b.Events...)))
	}
}
