package find

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/operate/dlq"
	"github.com/tracklayer/amazon-capi/internal/operate/explain"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// States of an event.
const (
	// Accepted: Amazon has it.
	Accepted = "accepted"
	// Filtered: left out on purpose.
	Filtered = "filtered"
	// DeadLetter: it waits in the dead-letter topic.
	DeadLetter = "dead-letter"
	// InFlight: it has no verdict yet.
	InFlight = "in-flight"
	// Erased: it must not be sent any more.
	Erased = "erased"
	// Unknown: it has a verdict, and nothing that is left says which.
	Unknown = "unknown"
)

// Result is what was found.
type Result struct {
	Stories []Story
	// Read says how far back topics were read, and Notes what is not known.
	Read  []Read
	Notes []string
	// All is set if everything was read that was asked for.
	All bool
}

// Story is what happened to one event; its JSON is for programs. No identifier is in
// it, and none of what an event says but its name and its time.
type Story struct {
	EventID string `json:"event_id,omitempty"`
	Profile string `json:"profile,omitempty"`
	// Name and Type are as the source has them.
	Name string `json:"event_name,omitempty"`
	Type string `json:"event_type,omitempty"`
	// Happened is the time of the user's action.
	Happened time.Time `json:"occurred_at,omitzero"`
	// State is what has happened to it, Says the same as a sentence, and Do what to do.
	State string `json:"state"`
	Says  string `json:"says"`
	Do    string `json:"do,omitempty"`
	// Steps are what happened, in the order of time.
	Steps []Step `json:"steps"`
	// Rules are those that have something to say of the event with the present
	// settings, and Now is what these would make of it.
	Rules []explain.Rule `json:"rules,omitempty"`
	Now   *Now           `json:"now,omitempty"`
	Read  []Read         `json:"read,omitempty"`
	Notes []string       `json:"notes,omitempty"`
}

// Now is what the present settings make of an event.
type Now struct {
	Outcome string       `json:"outcome"`
	MapsBy  string       `json:"mapped_by,omitempty"`
	Why     *explain.Why `json:"why,omitempty"`
}

// result tells the stories.
func (f *finder) result(ctx context.Context) (*Result, error) {
	r := &Result{Read: f.read, Notes: f.notes, All: f.All}
	if f.more {
		r.Notes = append(r.Notes, fmt.Sprintf("more than %d events match; this is of the latest", maxStories))
	}
	for _, s := range f.cases {
		s.sort()
		told, err := f.tell(ctx, s)
		if err != nil {
			return nil, err
		}
		told.Read, told.Notes = r.Read, append(told.Notes, r.Notes...)
		r.Stories = append(r.Stories, *told)
	}
	slices.SortStableFunc(r.Stories, func(a, b Story) int { return a.Happened.Compare(b.Happened) })
	return r, nil
}

// tell makes a story of what is known.
func (f *finder) tell(ctx context.Context, s *story) (*Story, error) {
	t := &Story{EventID: redact.EventID(s.event), Profile: redact.ProfileField(s.profile), Name: s.name, Type: s.kind, Happened: s.happened}
	erased := f.erased.Has(s.event)
	for _, letters := range [][]dlq.Entry{s.letters, s.quarantined} {
		for i := range letters {
			letters[i].Erased = erased
		}
	}
	t.Steps = s.steps(f)
	f.judge(t, s, erased)
	if err := f.present(ctx, t, s); err != nil {
		return nil, err
	}
	if n := s.acceptances(); n > 1 {
		t.Notes = append(t.Notes, fmt.Sprintf("Amazon accepted it %s; it counts an eventId once", count.Of(n, "time")))
	}
	if len(s.records) == 0 {
		t.Notes = append(t.Notes, "no record of the sources that was read holds it")
	}
	return t, nil
}

// acceptances is how often Amazon took the event. Records of one id that came into one
// batch were sent once.
func (s *story) acceptances() int {
	requests := make(map[string]bool)
	n := 0
	for i := range s.answers {
		if a := &s.answers[i]; a.said.Class == verdict.Accepted {
			if a.of.RequestID != "" && requests[a.of.RequestID] {
				continue
			}
			requests[a.of.RequestID] = true
			n++
		}
	}
	return n
}

// last is the record that says what has happened to the event: its last redriven copy, or
// the latest otherwise.
func (s *story) last() *record {
	if len(s.records) == 0 {
		return nil
	}
	return s.records[len(s.records)-1]
}

// judge says what has happened to the event.
func (f *finder) judge(t *Story, s *story, erased bool) {
	for _, p := range s.places {
		if s.verdictOf(p) == verdict.Accepted {
			t.State, t.Says = Accepted, "Amazon has it: an answer says that it was accepted."
			return
		}
	}
	if erased {
		t.State, t.Says = Erased, "It is on the list of erased events and is never sent again."
		t.Do = "Nothing. The command erase says where copies of it remain."
		return
	}
	open := s.openLetter()
	last := s.last()
	switch {
	case last != nil && s.verdictOf(last.Place) == 0 && !f.isSettled(last):
		f.waiting(t, last)
	case open != nil:
		t.State, t.Do = DeadLetter, open.Remedy()
		t.Says = fmt.Sprintf("It is a dead letter at %s and waits for a redrive.", Place{f.Letters, open.Partition, open.Offset})
	case len(s.quarantined) > 0 && (last == nil || s.verdictOf(last.Place).DeadLetter()):
		e := &s.quarantined[len(s.quarantined)-1]
		t.State, t.Do = DeadLetter, e.Remedy()
		t.Says = fmt.Sprintf("It was refused as often as it may be redriven, and is in quarantine at %s.", Place{f.Quarantine, e.Partition, e.Offset})
	case last != nil && s.verdictOf(last.Place) == verdict.Filtered, last == nil && s.anyVerdict() == verdict.Filtered:
		t.State, t.Says = Filtered, "It was left out on purpose: by consent, or by a rule of the mapping."
	case s.anyVerdict().DeadLetter():
		t.State, t.Says = DeadLetter, "It was refused, and its dead letter is not there any more, or was put into quarantine."
		t.Do = "Send it again with replay, as long as the source has it."
		if len(s.letters) > 0 {
			t.Says = "It was refused, and its dead letter was redriven or put into quarantine; nothing says what happened to it then."
		}
	default:
		t.State, t.Says = Unknown, "The group has settled it, and no receipt or dead letter that was read says how: they are off, or older than their topics keep."
		t.Do = "Compare with reconcile; send it again with replay if in doubt, since Amazon counts an eventId once."
	}
}

// waiting says why an event has no verdict.
func (f *finder) waiting(t *Story, at *record) {
	t.State = InFlight
	live := f.live[at.Topic]
	switch committed := live.Committed(at.Partition); {
	case live == nil || !live.Begun():
		t.Says = fmt.Sprintf("It has no verdict: group %s has committed nothing of %s.", f.Group, at.Topic)
		t.Do = "Look whether run is there, and whether it has that group's name."
	case committed < 0:
		t.Says = fmt.Sprintf("It has no verdict yet: group %s has committed nothing of partition %d.", f.Group, at.Partition)
		t.Do = "Look at /status of the member that has the partition."
	default:
		t.Says = fmt.Sprintf("It has no verdict yet: group %s has settled partition %d up to offset %d, %s before it.",
			f.Group, at.Partition, committed, count.Of(at.Offset-committed, "offset"))
		t.Do = "Look for its profile in lanes and profiles of /status: they say why it waits and what to do. If it is not there, wait: the event has not been taken yet."
	}
}

// openLetter returns the latest letter that was not redriven; nil if there is none.
func (s *story) openLetter() *dlq.Entry {
	for i := len(s.letters) - 1; i >= 0; i-- {
		if !s.letters[i].Done {
			return &s.letters[i]
		}
	}
	return nil
}

// anyVerdict is the last verdict on any of the records.
func (s *story) anyVerdict() (class verdict.Class) {
	for _, p := range s.places {
		if c := s.verdictOf(p); c != 0 {
			class = c
		}
	}
	return class
}

// present finds out what the present settings make of the event.
func (f *finder) present(ctx context.Context, t *Story, s *story) error {
	var rec *kgo.Record
	if last := s.last(); last != nil {
		if rec = last.rec; len(rec.Value) < last.bytes {
			return nil // it was too large to keep
		}
	} else {
		for _, letters := range [][]dlq.Entry{s.quarantined, s.letters} {
			for i := range letters {
				if l := &letters[i].Letter; len(l.Value) > 0 {
					rec = l.Again()
				}
			}
		}
	}
	if rec == nil {
		return nil
	}
	report, err := f.explained(ctx, rec)
	if report == nil || err != nil {
		return err
	}
	for _, rule := range report.Rules {
		if spoke(rule) {
			t.Rules = append(t.Rules, rule)
		}
	}
	t.Now = &Now{report.Outcome, report.Mapping, report.Why}
	return nil
}
