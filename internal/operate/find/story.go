package find

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/operate/dlq"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/receipt"
	"github.com/tracklayer/amazon-capi/sink/deadletter"
)

// story is what is known of an event.
type story struct {
	event, profile string // as they are; empty if unknown
	// shown are both in the form in which receipts, letters and the source have them in
	// common: the most hidden one.
	shown shownKey

	name, kind string // of the source, fit to show
	happened   time.Time

	places  []Place // of records, also of those that are gone
	records []*record
	letters []dlq.Entry
	// quarantined are copies of letters that are redriven no more
	quarantined []dlq.Entry
	answers     []answer
}

type shownKey struct{ profile, event string }

func shownOf(profile, event string) shownKey {
	return shownKey{redact.Profile(profile, false), redact.EventID(event)}
}

// record is a record of the source that holds the event.
type record struct {
	Place
	rec      *kgo.Record
	at       time.Time // its timestamp
	bytes    int       // of its value
	redrives int       // that it says that it is a copy of so many rounds
	readable bool
}

// answer is what a receipt says of a record.
type answer struct {
	Place                // of the record
	in     Place         // of the receipt
	said   receipt.Event // its id is that of the receipt
	of     *receipt.Receipt
	events int // in the receipt
}

func newStory(ev *schemas.Event) *story {
	s := &story{event: strings.Clone(ev.EventID), profile: strings.Clone(ev.ProfileID)}
	s.shown = shownOf(s.profile, s.event)
	s.describe(ev)
	return s
}

// nameLimit bounds the names of events that our rules have not looked at.
const nameLimit = 128

// describe takes what the event says of itself.
func (s *story) describe(ev *schemas.Event) {
	if ev.EventName != "" {
		s.name = redact.Line(redact.Text(ev.EventName), nameLimit)
	}
	if ev.EventType != "" {
		s.kind = redact.Line(redact.Text(ev.EventType), nameLimit)
	}
	if ev.OccurredAt != 0 {
		s.happened = time.UnixMilli(ev.OccurredAt).UTC()
	}
}

// has reports whether a place is one of the event's records.
func (s *story) has(p Place) bool { return slices.Contains(s.places, p) }

// add adds a record of the source.
func (s *story) add(f *finder, rec *kgo.Record, readable bool) {
	p := Place{rec.Topic, rec.Partition, rec.Offset}
	if len(s.records) >= maxPlaces || slices.ContainsFunc(s.records, func(r *record) bool { return r.Place == p }) {
		return
	}
	r := &record{Place: p, at: rec.Timestamp.UTC(), bytes: len(rec.Value), redrives: deadletter.Redrives(rec), readable: readable}
	own := *rec
	own.Key, own.Value, own.Headers = f.keep(rec.Key, rec.Value, rec.Headers)
	r.rec = &own
	s.records = append(s.records, r)
	s.place(p)
}

// place adds the place of a record that may be gone.
func (s *story) place(p Place) {
	if p.Topic != "" && p.Partition >= 0 && p.Offset >= 0 && !s.has(p) && len(s.places) < 2*maxPlaces {
		s.places = append(s.places, p)
	}
}

// sort puts what was found into the order of time: records by rounds of redrive and
// time, answers by when they came.
func (s *story) sort() {
	slices.SortFunc(s.records, func(a, b *record) int {
		return cmp.Or(cmp.Compare(a.redrives, b.redrives), a.at.Compare(b.at), cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.Offset, b.Offset))
	})
	slices.SortStableFunc(s.letters, func(a, b dlq.Entry) int { return a.When().Compare(b.When()) })
	slices.SortStableFunc(s.answers, func(a, b answer) int {
		return cmp.Or(a.of.LastAnswered.Compare(b.of.LastAnswered), cmp.Compare(a.in.Partition, b.in.Partition), cmp.Compare(a.in.Offset, b.in.Offset))
	})
}

// verdictOf is what happened to the record at a place: the last verdict counts, except
// for accepted, which nothing takes back. It is 0 if nothing says so.
func (s *story) verdictOf(p Place) (class verdict.Class) {
	for i := range s.answers {
		if a := &s.answers[i]; a.Place == p && class != verdict.Accepted && a.said.Class != 0 {
			class = a.said.Class
		}
	}
	if class != 0 {
		return class
	}
	for _, letters := range [][]dlq.Entry{s.quarantined, s.letters} {
		for i := range letters {
			if l := &letters[i].Letter; placeOf(l) == p {
				class = l.Reason.Class
			}
		}
	}
	return class
}

func placeOf(l *deadletter.Letter) Place { return Place{l.Topic, l.Partition, l.Offset} }

// copied reports whether a record that says that it is a copy is one: a redrive has a
// letter to copy, while anybody who writes to the source can write the header.
func (s *story) copied(r *record) bool {
	if r.redrives == 0 {
		return false
	}
	if len(s.letters) > 0 {
		return true
	}
	return slices.ContainsFunc(s.answers, func(a answer) bool { return a.Place != r.Place && a.said.Class.DeadLetter() })
}
