package sink

import (
	"strings"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/batch"
	"github.com/tracklayer/amazon-capi/sink/deadletter"
	"github.com/tracklayer/amazon-capi/sink/exchange"
)

// accept appends the verdicts of an accepted event.
func (l *lane) accept(verdicts []verdict.Verdict, b *batch.Batch, e *batch.Event) []verdict.Verdict {
	return l.appendVerdicts(verdicts, b, e, verdict.Accepted, "")
}

// appendVerdicts appends an event's verdicts, one for each of its records.
func (l *lane) appendVerdicts(verdicts []verdict.Verdict, b *batch.Batch, e *batch.Event, class verdict.Class, code string) []verdict.Verdict {
	v := verdict.Verdict{Contract: l.contract.Name(), ProfileID: l.profile, EventID: b.ID(e), Class: class, Code: code, Attempts: b.Attempts}
	v.Handle, v.Source = e.Handle(), e.Source()
	verdicts = append(verdicts, v)
	for _, r := range e.Others() {
		v.Handle, v.Source = r.Handle(), r.Source()
		verdicts = append(verdicts, v)
	}
	return verdicts
}

// condemn appends the dead letters of an event, one for each of its records: each record's
// offset needs one. The id is a part of a string with all of the batch's ids, which a letter
// that waits for its topic must not retain.
func (l *lane) condemn(letters []*deadletter.Draft, b *batch.Batch, h *batch.History, e *batch.Event, why verdict.Reason) []*deadletter.Draft {
	d := deadletter.Draft{
		Contract: l.contract.Name(), Profile: l.profile, EventID: strings.Clone(b.ID(e)), Reason: why, Attempts: h.Attempts,
		First: h.First(), Last: h.Last(),
	}
	letters = append(letters, letterOf(d, b, &e.Stored))
	others := e.Others()
	for i := range others {
		letters = append(letters, letterOf(d, b, &others[i]))
	}
	return letters
}

// letterOf returns the letter for one of a batch's records.
func letterOf(l deadletter.Draft, b *batch.Batch, r *batch.Stored) *deadletter.Draft {
	l.Record, l.Original = r.Record, b.Original(r)
	return &l
}

// bury makes dead letters of all events of a batch.
func (l *lane) bury(b *batch.Batch, res *exchange.Result, why verdict.Reason) {
	var letters []*deadletter.Draft
	for i := range b.Events {
		letters = l.condemn(letters, b, &b.History, &b.Events[i], why)
	}
	if l.sink.guard.Withhold(l.profile, letters) {
		b.Condemned = true
		l.again(b)
		return
	}
	l.mu.Lock()
	l.records -= len(letters)
	l.mu.Unlock()
	l.sink.memory.Release(b)
	l.sink.letters.Put(res.Request, letters)
}

// identifiers returns the identifiers of some events of a batch, for masking them in Amazon's
// messages about them; also the profile, if it is unknown.
func (l *lane) identifiers(b *batch.Batch, events ...batch.Event) []string {
	var ids []string
	for i := range events {
		ids = append(ids, l.contract.Identifiers(b.Encoded(&events[i]))...)
	}
	const least = 4 // shorter ones occur within words
	if len(l.profile) >= least && !l.sink.profiles.Knows(l.profile) {
		ids = append(ids, l.profile)
	}
	return ids
}
