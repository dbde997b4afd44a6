package dlq

import (
	"errors"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/proof"
	"github.com/tracklayer/amazon-capi/internal/erasure"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/deadletter"
)

// Entry is a record of a dead-letter topic.
type Entry struct {
	Letter deadletter.Letter
	// NoLetter is set for records that have none of the headers of a dead letter.
	NoLetter bool
	// Done means that the letter was redriven or put into quarantine: its redrive is over.
	Done bool
	// Erased means that the event is on the list of those that must not be sent again.
	Erased bool

	Partition int32
	Offset    int64
}

// Read makes an entry of a record. done may be nil.
func Read(rec *kgo.Record, done *proof.Progress) Entry {
	l, err := deadletter.Parse(rec)
	return Entry{
		Letter: l, NoLetter: errors.Is(err, deadletter.ErrNoLetter), Partition: rec.Partition, Offset: rec.Offset,
		Done: done != nil && done.Settled(rec.Partition, rec.Offset, rec.LeaderEpoch),
	}
}

// names reports whether the letter's header names its event, and if so whether that is erased.
func (e *Entry) names(list *erasure.List) (told, erased bool) {
	id := e.Letter.EventID
	if masked, unique := redact.Masked(id); id == "" || masked && !unique {
		return false, false
	}
	return true, list.Has(id)
}

// Foreign is the class of letters that other tools wrote, and of records that are
// none: nobody has judged them by our rules.
const Foreign = "foreign"

// Class returns the word for the event's verdict.
func (e *Entry) Class() string {
	if e.Letter.Reason.Class == 0 {
		return Foreign
	}
	return e.Letter.Reason.Class.String()
}

// When returns the time of the last failure; for letters without one, that of the record.
func (e *Entry) When() time.Time {
	if !e.Letter.LastFailure.IsZero() {
		return e.Letter.LastFailure
	}
	return e.Letter.Timestamp.UTC()
}

// Profile and EventID are safe to show, although they come from headers that another
// program may have written.
func (e *Entry) Profile() string { return redact.ProfileField(e.Letter.ProfileID) }

// EventID is the event's id; see Profile.
func (e *Entry) EventID() string { return redact.EventID(e.Letter.EventID) }

// State returns a word for the progress of the letter's redrive.
func (e *Entry) State() string {
	switch {
	case e.Erased:
		return "erased"
	case e.Done:
		return "done"
	}
	return "open"
}

// Remedy says what to do about the letter.
func (e *Entry) Remedy() string {
	switch {
	case e.Erased:
		return "The event was erased: redrive passes over it. Remove the letter as erase says, or let retention do it."
	case e.NoLetter:
		return "It has no header of a dead letter: find out who writes to this topic. Redrive leaves it alone."
	case e.Letter.Pointer && e.Letter.Topic == "":
		return "Another tool wrote it, without the record and without its place: see that tool's log. Redrive leaves it alone."
	case e.Letter.Pointer:
		return "Another tool wrote it, and only says where its record is. dlq show and redrive read the record there, as long as it is kept and may be read."
	case e.Letter.Reason.Class == 0:
		return "Another tool wrote it; its stage and message say why. dlq show tells what this program makes of its value; " +
			"if that is a payload, redrive it."
	}
	return verdict.Remedy(e.Letter.Reason)
}

// View is an entry as ls and show print it; its JSON is for programs.
type View struct {
	Partition int32      `json:"partition"`
	Offset    int64      `json:"offset"`
	State     string     `json:"state"` // open, done or erased
	Class     string     `json:"class"`
	Status    int        `json:"status,omitempty"`
	Code      string     `json:"code,omitempty"`
	Field     string     `json:"field,omitempty"`
	Message   string     `json:"message,omitempty"`
	Profile   string     `json:"profile,omitempty"`
	EventID   string     `json:"event_id,omitempty"`
	When      time.Time  `json:"when,omitzero"`      // of the last failure
	Timestamp time.Time  `json:"timestamp,omitzero"` // the original's
	First     *time.Time `json:"first_failure,omitempty"`
	Attempts  int        `json:"attempts"`
	Redrives  int        `json:"redrives"`
	Contract  string     `json:"contract,omitempty"`
	Stage     string     `json:"stage,omitempty"`
	Source    *Source    `json:"source,omitempty"`
	// Lacks lists the parts of the original that the letter does not have.
	Lacks  []string `json:"lacks,omitempty"`
	Remedy string   `json:"remedy"`
}

// Source is where an original was read from.
type Source struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Offset    int64  `json:"offset"`
}

// topicLimit bounds the name of a topic that a header claims; Kafka's own limit.
const topicLimit = 249

// View returns the entry for showing. Without rounds no redrives are believed.
func (e *Entry) View(rounds *Rounds) View {
	l := &e.Letter
	v := View{
		Partition: e.Partition, Offset: e.Offset, State: e.State(), Class: e.Class(),
		Status: l.Reason.Status, Code: l.Reason.Code, Field: l.Reason.Field, Message: l.Reason.Message,
		Profile: e.Profile(), EventID: e.EventID(), When: e.When(), Timestamp: l.Timestamp.UTC(),
		Attempts: l.Attempts, Redrives: rounds.Of(e), Contract: redact.Line(redact.Text(l.Contract), topicLimit), Stage: l.Stage, Remedy: e.Remedy(),
	}
	if !l.FirstFailure.IsZero() {
		v.First = &l.FirstFailure
	}
	if l.Topic != "" {
		v.Source = &Source{redact.Line(redact.Own(l.Topic), topicLimit), l.Partition, l.Offset}
	}
	for _, part := range []struct {
		n    int
		name string
	}{{l.ValueOmitted, "value"}, {l.KeyOmitted, "key"}, {l.HeadersOmitted, "headers"}} {
		if part.n > 0 || l.Pointer {
			v.Lacks = append(v.Lacks, part.name)
		}
	}
	return v
}
