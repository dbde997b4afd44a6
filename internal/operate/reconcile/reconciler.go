package reconcile

import (
	"context"
	"errors"
	"math/big"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/tally"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/sink/deadletter"
	"github.com/tracklayer/amazon-capi/transform"
)

// Decoder reads records; *schemas.Decoder.
type Decoder interface {
	DecodeRecord(ctx context.Context, rec *kgo.Record, ev *schemas.Event) error
}

// Progress is a group's committed progress; *proof.Progress.
type Progress interface {
	Settled(partition int32, offset int64, leaderEpoch int32) bool
}

// Reconciler goes through the source and determines the fate of each record. Make it with
// New, give it every record, then call Finish.
type Reconciler struct {
	Verdicts    *Verdicts
	Decoder     Decoder
	Transformer *transform.Transformer
	// Live is the group's progress before the verdicts were read: what it had committed
	// must have a verdict.
	Live Progress
	// Amazon is what Amazon says that it has; nil if unknown.
	Amazon *Diagnostics
	// Each, if set, is called with every event of the source and its fate.
	Each func(*Event) error
	// Sent, if set, is called with every record of the source, copies included, and how
	// often Amazon accepted it. It must not keep the event.
	Sent func(*Sent)
	Now  func() time.Time

	rows   map[RowKey]*Counts
	known  map[eventKey]knowledge
	names  names
	lost   []Lost
	refuse []held // became dead letters; a copy may have done better
	silent []held // missing, unless a copy shows that they were dead letters once
	copies []held
	ev     schemas.Event
	c      transform.Conversion
}

// Event is an event of the source in the form for a join with Amazon's own data. It
// identifies no person.
type Event struct {
	EventID   string
	Name      string // as sent to Amazon, or as in the source if it is not sent
	Type      string
	Time      time.Time // of the user's action; zero if unknown
	Amount    string    // exact digits; empty for none
	Currency  string
	Profile   string
	Fate      string // a class's word, InFlight or Missing
	Duplicate bool   // its event id occurred before; for an accepted event, in an accepted one
	Partition int32
	Offset    int64
	Record    time.Time // the record's timestamp
}

// Sent is a record of the source, with how often Amazon accepted it as this record.
type Sent struct {
	*Event
	Source  string        // the event's name in the source
	Class   verdict.Class // 0 if it has no verdict
	Takes   int
	Repeats int // of Takes, those of an event id that was already accepted
	Recent  int // of Takes, those since Verdicts.Recently
	Retried bool
	Copy    bool
	// Consent is the consent sent with the event; empty if it is not sent.
	Consent transform.Consented
}

// knowledge is what has been seen of an event id.
type knowledge uint8

const (
	isThere    knowledge = 1 << iota // as a record that is not a copy
	isAccepted                       // and reported
	isTaken                          // as any record
)

// held is an event whose fate is known only when everything has been read.
type held struct {
	event    Event
	key      eventKey
	repeated bool // its event id occurred before
	retried  bool
	redrives int // how often it was redriven
}

// after reports whether a copy of an event says more about its fate than another:
// accepted is final, and otherwise the last redrive counts. Copies are read in any order,
// and those of one redrive are in the order of their offsets.
func (h *held) after(o *held) bool {
	accepted := verdict.Accepted.String()
	switch {
	case (h.event.Fate == accepted) != (o.event.Fate == accepted):
		return h.event.Fate == accepted
	case h.redrives != o.redrives:
		return h.redrives > o.redrives
	case h.event.Partition == o.event.Partition:
		return h.event.Offset > o.event.Offset
	}
	return h.event.Record.After(o.event.Record)
}

// Record adds a record of the source. An error is the registry's, or Each's.
func (r *Reconciler) Record(ctx context.Context, rec *kgo.Record) error {
	if r.rows == nil {
		r.rows, r.known, r.names = make(map[RowKey]*Counts), make(map[eventKey]knowledge), make(names)
	}
	err := r.Decoder.DecodeRecord(ctx, rec, &r.ev)
	var bad *schemas.DecodeError
	if err != nil && !errors.As(err, &bad) {
		return err
	}
	h := held{event: r.event(rec, err == nil), key: r.Verdicts.keyOf(&r.ev, rec.Value)}
	class, again, mended := r.Verdicts.of(rec.Partition, rec.Offset)
	h.retried, h.redrives = again, deadletter.Redrives(rec)
	switch {
	case class != 0:
		h.event.Fate = class.String()
	case r.Live != nil && r.Live.Settled(rec.Partition, rec.Offset, rec.LeaderEpoch):
		h.event.Fate = Missing
	default:
		h.event.Fate = InFlight
	}
	if r.Sent != nil {
		r.tellSent(&h, class)
	}
	if h.redrives > 0 {
		r.copies = append(r.copies, h)
		return nil
	}
	r.meet(&h)
	if class.DeadLetter() {
		r.refuse = append(r.refuse, h)
		return nil
	}
	if h.event.Fate == Missing && len(r.silent) < maxSilent {
		r.silent = append(r.silent, h)
		return nil
	}
	return r.settle(&h, mended)
}

// tellSent reports the current record, which event has transformed.
func (r *Reconciler) tellSent(h *held, class verdict.Class) {
	e := &h.event
	s := Sent{Event: e, Source: r.ev.EventName, Class: class, Retried: h.retried, Copy: h.redrives > 0, Consent: r.c.Consent}
	s.Takes, s.Recent = r.Verdicts.takesOf(e.Partition, e.Offset)
	if s.Takes > 0 {
		s.Repeats = s.Takes
		if r.known[h.key]&isTaken == 0 {
			s.Repeats--
		}
		r.known[h.key] |= isTaken
	}
	r.Sent(&s)
}

// meet notes that an event exists.
func (r *Reconciler) meet(h *held) {
	h.repeated = r.known[h.key]&isThere != 0
	r.known[h.key] |= isThere
}

// maxSilent bounds how many missing records wait for a copy. If there are more, the
// receipts of the whole range are gone.
const maxSilent = 100_000

// event is what is known about a record.
func (r *Reconciler) event(rec *kgo.Record, read bool) Event {
	e := Event{Profile: tally.NoProfile, Partition: rec.Partition, Offset: rec.Offset, Record: rec.Timestamp.UTC(), EventID: redact.EventID(r.ev.EventID)}
	if r.Transformer.ValidProfileID(r.ev.ProfileID) {
		e.Profile = r.ev.ProfileID
	}
	if !read {
		r.c.Consent = transform.Consented{} // of the previous record
		e.Type = "(unreadable)"
		return e
	}
	e.Name, e.Type = r.names.shown(r.ev.EventName), r.names.shown(r.ev.EventType)
	if e.Type == "" {
		e.Type = e.Name
	}
	if r.ev.OccurredAt != 0 {
		e.Time = time.UnixMilli(r.ev.OccurredAt).UTC()
	}
	now := time.Now
	if r.Now != nil {
		now = r.Now
	}
	if _, ok := r.Transformer.Transform(&r.ev, now(), &r.c); ok {
		e.Name, e.Type, e.Currency = r.c.Name, r.c.EventType, r.c.Currency
		if r.c.Amount.IsFinite() {
			e.Amount = r.c.Amount.String()
		}
	}
	return e
}

// settle counts an event whose fate is known.
func (r *Reconciler) settle(h *held, redriven bool) error {
	e := &h.event
	if e.Fate == verdict.Accepted.String() && r.Amazon != nil && !r.Amazon.Has(e.Profile, e.EventID) {
		e.Fate = Missing
		r.lose(e, "a receipt says that Amazon accepted it, and Amazon does not have it")
	} else if e.Fate == Missing {
		r.lose(e, "the group has committed past it, and neither a receipt nor a dead letter names it")
	}
	accepted := e.Fate == verdict.Accepted.String()
	e.Duplicate = h.repeated
	if accepted {
		// Amazon keeps the first that it accepts, which need not be the first in the source.
		e.Duplicate = r.known[h.key]&isAccepted != 0
		r.known[h.key] |= isAccepted
	}
	c := r.row(e)
	c.count(e.Fate)
	if h.retried {
		c.Retried++
	}
	if redriven {
		c.Redriven++
	}
	if h.repeated {
		c.Duplicates++
	}
	if accepted && e.Amount != "" && !e.Duplicate {
		if amount, ok := new(big.Rat).SetString(e.Amount); ok {
			c.Value = c.Value.plus(e.Currency, amount)
		}
	}
	if r.Each != nil {
		return r.Each(e)
	}
	return nil
}

func (r *Reconciler) lose(e *Event, why string) {
	if len(r.lost) < maxLost {
		r.lost = append(r.lost, Lost{Profile: e.Profile, EventID: e.EventID, EventType: e.Type, Partition: e.Partition, Offset: e.Offset, Time: e.Record, Why: why})
	}
}

func (r *Reconciler) row(e *Event) *Counts {
	key := RowKey{e.Profile, e.Type, e.Record.Truncate(time.Hour)}
	c := r.rows[key]
	if c == nil {
		c = new(Counts)
		r.rows[key] = c
	}
	return c
}

// Finish settles what had to wait for the rest, and returns the report. A redriven letter
// is one event of the source and not two: its fate is that of its last copy.
func (r *Reconciler) Finish() (*Report, error) {
	if err := r.expose(); err != nil {
		return nil, err
	}
	last := r.lastCopies()
	for _, list := range [][]held{r.silent, r.refuse} {
		for i := range list {
			h := &list[i]
			redriven := r.follow(h, last[h.key])
			if err := r.settle(h, redriven); err != nil {
				return nil, err
			}
		}
	}
	for i := range r.copies {
		h := &r.copies[i]
		if r.known[h.key]&isThere != 0 || last[h.key] != h {
			continue // is its original's, or not the last copy
		}
		// Its original is out of the range, so the copy is counted instead.
		r.follow(h, nil)
		if err := r.settle(h, true); err != nil {
			return nil, err
		}
	}
	report := &Report{Lost: r.lost}
	for key, c := range r.rows {
		report.Rows = append(report.Rows, Row{key, *c})
		report.Sum.add(c)
	}
	slices.SortFunc(report.Rows, compareRows)
	return report, nil
}

// expose settles the records that claim to be copies and are not. Anybody who writes to
// the source can put a redrive's header on a record; but a redrive has a dead letter to
// copy, so the event was refused as another record before. The receipt and the letter
// that prove it may have expired since: then the original is a record that nothing names,
// and its fate is that of its copy.
func (r *Reconciler) expose() error {
	refused := make(map[eventKey]bool, len(r.refuse)+len(r.silent))
	for i := range r.refuse {
		refused[r.refuse[i].key] = true
	}
	for i := range r.silent {
		refused[r.silent[i].key] = true
	}
	copies := r.copies[:0]
	for _, h := range r.copies {
		e := &h.event
		if refused[h.key] || r.Verdicts.refusedElsewhere(h.key, e.Partition, e.Offset) {
			copies = append(copies, h)
			continue
		}
		r.meet(&h)
		if err := r.settle(&h, r.elsewhere(&h)); err != nil {
			return err
		}
	}
	r.copies = copies
	return nil
}

// lastCopies are the copies that determine the fates of their events.
func (r *Reconciler) lastCopies() map[eventKey]*held {
	last := make(map[eventKey]*held)
	for i := range r.copies {
		h := &r.copies[i]
		if o := last[h.key]; o == nil || h.after(o) {
			last[h.key] = h
		}
	}
	return last
}

// follow gives an event the fate of its last copy, inside or outside the range, and
// reports whether it has one.
func (r *Reconciler) follow(h, last *held) (redriven bool) {
	redrives := h.redrives
	if last != nil {
		h.event.Fate, h.retried = last.event.Fate, h.retried || last.retried
		redrives, redriven = last.redrives, true
	}
	if h.event.Fate == verdict.Accepted.String() {
		return redriven // which is final
	}
	if beyond, ok := r.Verdicts.beyond[h.key]; ok && beyond.redrives > redrives {
		h.event.Fate, redriven = beyond.class.String(), true
	}
	if h.event.Fate == Missing {
		return redriven // another record with its id does not replace it
	}
	return r.elsewhere(h) || redriven
}

// elsewhere looks for an event among those that were accepted or filtered as other records.
func (r *Reconciler) elsewhere(h *held) bool {
	class, ok := r.Verdicts.elsewhere[h.key]
	if ok {
		h.event.Fate = class.String()
	}
	return ok
}
