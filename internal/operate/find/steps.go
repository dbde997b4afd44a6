package find

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/operate/dlq"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/exchange"
)

// Kinds of steps.
const (
	Happened  = "happened"  // the user's action
	Published = "published" // the event's first record
	Again     = "duplicate" // another record with the same id
	Redriven  = "redriven"  // the copy that a redrive wrote
	Sent      = "sent"      // the first request that it was in
	Lettered  = "letter"    // its dead letter
	// Quarantined is the copy of its dead letter in quarantine.
	Quarantined = "quarantined"
	// A verdict has its class as the kind.
)

// Step is one thing that happened to an event.
type Step struct {
	// At is when; zero if that is not known, as of copies, which keep their original's
	// time.
	At   time.Time `json:"at,omitzero"`
	Kind string    `json:"kind"`
	// Record is the place in the source that it is about, and In that of the receipt
	// or the dead letter that says it.
	Record *Place `json:"record,omitempty"`
	In     *Place `json:"in,omitempty"`

	Bytes     int    `json:"bytes,omitempty"`
	Contract  string `json:"contract,omitempty"`
	RequestID string `json:"request_id,omitempty"`
	Attempts  int    `json:"attempts,omitempty"`
	Events    int    `json:"events,omitempty"` // that share the receipt
	Class     string `json:"class,omitempty"`
	Status    int    `json:"status,omitempty"`
	Code      string `json:"code,omitempty"`
	Field     string `json:"field,omitempty"`
	Message   string `json:"message,omitempty"`
	State     string `json:"state,omitempty"` // of a letter
	Redrives  int    `json:"redrives,omitempty"`
	// Text is the step in words.
	Text string `json:"text"`

	sort time.Time
	rank int
}

// steps are what happened, in the order of time.
func (s *story) steps(f *finder) (steps []Step) {
	add := func(st Step, at time.Time) {
		st.sort, st.rank = at, len(steps)
		steps = append(steps, st)
	}
	if !s.happened.IsZero() {
		add(Step{At: s.happened, Kind: Happened, Text: strings.TrimSpace("the user's action " + quoted(s.name))}, s.happened)
	}
	original := true
	for _, r := range s.records {
		st := s.recordStep(r, original)
		original = original && r.redrives > 0
		at := r.at
		if st.Kind == Redriven {
			at = s.roundAfter(r.redrives).Add(1) // after the letter
		}
		add(st, at)
	}
	for i := range s.answers {
		a := &s.answers[i]
		if !a.of.FirstSent.IsZero() {
			add(sentStep(a), a.of.FirstSent)
		}
		at := a.of.LastAnswered
		if at.IsZero() { // no request was made: its receipt has no time but the record's
			at = s.timeOf(a.Place)
		}
		add(a.step(), at)
	}
	rounds := dlq.NewRounds()
	for i := range s.letters {
		rounds.Add(&s.letters[i])
	}
	for i := range s.letters {
		e := &s.letters[i]
		add(letterStep(f.Letters, e, rounds), s.failed(e))
	}
	for i := range s.quarantined {
		e := &s.quarantined[i]
		add(quarantineStep(f.Quarantine, e), s.failed(e).Add(1)) // after the letter
	}
	slices.SortStableFunc(steps, func(a, b Step) int { return cmp.Or(a.sort.Compare(b.sort), cmp.Compare(a.rank, b.rank)) })
	return steps
}

func quoted(s string) string {
	if s == "" {
		return ""
	}
	return fmt.Sprintf("%q", s)
}

// timeOf is the time of the record at a place.
func (s *story) timeOf(p Place) time.Time {
	for _, r := range s.records {
		if r.Place == p {
			if r.redrives > 0 {
				return s.roundAfter(r.redrives)
			}
			return r.at
		}
	}
	return time.Time{}
}

// roundAfter is the time of the last failure that a redrive of that round came after.
func (s *story) roundAfter(redrives int) (at time.Time) {
	for i := range s.letters {
		if l := &s.letters[i]; l.Letter.Redrives < redrives {
			at = later(at, s.failed(l))
		}
	}
	if len(s.letters) > 0 {
		return at
	}
	for i := range s.answers {
		if a := &s.answers[i]; a.said.Class.DeadLetter() {
			at = later(at, a.of.LastAnswered)
		}
	}
	return at
}

// failed returns the time of the failure that a letter reports. Its receipt may have the
// answer a moment later, and comes before it all the same.
func (s *story) failed(l *dlq.Entry) time.Time {
	at := l.When()
	for i := range s.answers {
		if a := &s.answers[i]; a.Place == placeOf(&l.Letter) && a.said.Class.DeadLetter() && a.of.LastAnswered.Sub(at) < time.Second {
			at = later(at, a.of.LastAnswered)
		}
	}
	return at
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func (s *story) recordStep(r *record, original bool) Step {
	place := r.Place
	st := Step{At: r.at, Record: &place, Bytes: r.bytes, Redrives: r.redrives}
	what := count.Of(st.Bytes, "byte")
	if !r.readable {
		what += ", which cannot be read as an event"
	}
	switch {
	case s.copied(r):
		st.Kind, st.Text = Redriven, fmt.Sprintf("copied back to %s by redrive %d", r.Place, r.redrives)
		if r.rec.Attrs.TimestampType() != logAppendTime {
			st.At = time.Time{}
		}
		return st
	case original:
		st.Kind, st.Text = Published, fmt.Sprintf("published at %s, %s", r.Place, what)
	default:
		st.Kind, st.Text = Again, fmt.Sprintf("published again with the same id at %s, %s", r.Place, what)
	}
	if r.redrives > 0 {
		st.Text += "; a header says that it was redriven, and no dead letter does"
	}
	return st
}

// logAppendTime is the type of a timestamp that the brokers have put on a record.
const logAppendTime = 1

func sentStep(a *answer) Step {
	place := a.Place
	contract := redact.Line(redact.Text(a.of.Contract), redact.WordLimit)
	return Step{
		At: a.of.FirstSent, Kind: Sent, Record: &place, Contract: contract, Attempts: a.of.Attempts,
		Text: fmt.Sprintf("first sent to Amazon by %s, from %s", contract, a.Place),
	}
}

// requestID is the id of a request, as a receipt has it: anybody who can write to the
// topic can write another.
func requestID(id string) string {
	if exchange.IsOwnRequestID(id) {
		return id
	}
	return redact.RequestID(id)
}

// step is what a receipt says.
func (a *answer) step() Step {
	place, in := a.Place, a.in
	st := Step{
		At: a.of.LastAnswered, Kind: a.said.Class.String(), Record: &place, In: &in, RequestID: requestID(a.of.RequestID), Attempts: a.of.Attempts,
		Events: a.events, Class: a.said.Class.String(), Status: a.said.Status, Code: redact.Line(redact.Text(a.said.Code), redact.WordLimit),
	}
	var b strings.Builder
	switch {
	case a.said.Class == verdict.Accepted:
		b.WriteString("accepted by Amazon")
	case a.said.Class == verdict.Filtered:
		b.WriteString("left out on purpose")
	case a.said.Class == 0:
		st.Kind, st.Class = "other", ""
		b.WriteString("settled in a way that this version does not know")
	case a.said.Class == verdict.Rejected, a.said.Class == verdict.Auth:
		fmt.Fprintf(&b, "refused by Amazon (%s)", st.Class)
	default:
		fmt.Fprintf(&b, "refused before it was sent (%s)", st.Class)
	}
	if st.Status != 0 {
		fmt.Fprintf(&b, ", status %d", st.Status)
	}
	if st.Code != "" {
		fmt.Fprintf(&b, ", %s", st.Code)
	}
	switch {
	case st.RequestID == "":
	case exchange.IsOwnRequestID(st.RequestID):
		fmt.Fprintf(&b, ", request %s (our id, Amazon gave none)", st.RequestID)
	default:
		fmt.Fprintf(&b, ", Amazon's request id %s", st.RequestID)
	}
	if a.of.Attempts > 1 {
		fmt.Fprintf(&b, ", after %s", count.Of(a.of.Attempts, "attempt"))
	}
	fmt.Fprintf(&b, "; receipt %s", a.in)
	if a.events > 1 {
		fmt.Fprintf(&b, " of %s", count.Of(a.events, "event"))
	}
	st.Text = b.String()
	return st
}

func letterStep(topic string, e *dlq.Entry, rounds *dlq.Rounds) Step {
	v := e.View(rounds)
	place := Place{topic, v.Partition, v.Offset}
	st := Step{
		At: v.When, Kind: Lettered, In: &place, Contract: v.Contract, Attempts: v.Attempts,
		Class: v.Class, Status: v.Status, Code: v.Code, Field: v.Field, Message: v.Message, State: v.State, Redrives: v.Redrives,
	}
	if v.Source != nil {
		st.Record = &Place{v.Source.Topic, v.Source.Partition, v.Source.Offset}
	}
	state := map[string]string{"open": "open", "done": "since redriven or put into quarantine", "erased": "erased"}[v.State]
	st.Text = fmt.Sprintf("dead letter %s, %s: %s", place, state, dlq.Why(&v))
	if v.Message != "" {
		st.Text += "; " + v.Message
	}
	return st
}

// quarantineStep is about a copy, whose own time is unknown.
func quarantineStep(topic string, e *dlq.Entry) Step {
	v := e.View(dlq.NewRounds())
	in := Place{topic, v.Partition, v.Offset}
	st := Step{Kind: Quarantined, In: &in, Class: v.Class, Status: v.Status, Code: v.Code, Field: v.Field, Redrives: v.Redrives}
	if v.Source != nil {
		st.Record = &Place{v.Source.Topic, v.Source.Partition, v.Source.Offset}
	}
	st.Text = fmt.Sprintf("put into quarantine at %s: %s", in, dlq.Why(&v))
	return st
}
