package sink

import (
	"strings"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/deadletter"
	"github.com/tracklayer/amazon-capi/sink/exchange"
)

// accept appends the verdicts of an accepted event.
func (l *lane) accept(verdicts []verdict.Verdict, b *batch, e *event) []verdict.Verdict {
	v := verdict.Verdict{Contract: l.contract.Name(), ProfileID: l.profile, EventID: b.id(e), Class: verdict.Accepted, Attempts: b.attempts}
	v.Handle, v.Source = e.Handle(), e.Source()
	verdicts = append(verdicts, v)
	for _, r := range e.others() {
		v.Handle, v.Source = r.Handle(), r.Source()
		verdicts = append(verdicts, v)
	}
	return verdicts
}

// condemn appends the dead letters of an event, one for each of its records:
// each record's offset needs one. The id is a part of a text with all of the
// batch's, which a letter that waits for its topic must not keep.
func (l *lane) condemn(letters []*deadletter.Draft, b *batch, h *history, e *event, why verdict.Reason) []*deadletter.Draft {
	d := deadletter.Draft{
		Contract: l.contract.Name(), Profile: l.profile, EventID: strings.Clone(b.id(e)), Reason: why, Attempts: h.attempts,
		First: h.first(), Last: h.last(),
	}
	letters = append(letters, letterOf(d, b, &e.stored))
	others := e.others()
	for i := range others {
		letters = append(letters, letterOf(d, b, &others[i]))
	}
	return letters
}

// letterOf is the letter for one of a batch's records.
func letterOf(l deadletter.Draft, b *batch, r *stored) *deadletter.Draft {
	l.Record, l.Original = r.Record, b.original(r)
	return &l
}

// bury makes dead letters of all events of a batch.
func (l *lane) bury(b *batch, res *exchange.Result, why verdict.Reason) {
	var letters []*deadletter.Draft
	for i := range b.events {
		letters = l.condemn(letters, b, &b.history, &b.events[i], why)
	}
	l.mu.Lock()
	l.records -= len(letters)
	l.mu.Unlock()
	l.sink.memory.release(b)
	l.sink.letters.Put(res.Request, letters)
}

// identifiers returns those of some events of a batch, for masking them in what Amazon
// says about them: the profile too, where nobody knows it.
func (l *lane) identifiers(b *batch, events ...event) []string {
	var ids []string
	for i := range events {
		ids = append(ids, l.contract.Identifiers(b.encoded(&events[i]))...)
	}
	const least = 4 // shorter ones are parts of words
	if len(l.profile) >= least && !l.sink.profiles.knows(l.profile) {
		ids = append(ids, l.profile)
	}
	return ids
}
