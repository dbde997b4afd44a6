package find

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/history"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/framing"
	"github.com/tracklayer/amazon-capi/schemas/receipt"
)

// receipts looks for what receipts say of the events. It goes back as far as the first
// of their records, and further if one of them should have a receipt and has none: its
// producer's clock may be ahead.
func (f *finder) receipts(ctx context.Context) error {
	if f.Receipts == "" {
		return nil
	}
	lower := time.Time{}
	if !f.Since.IsZero() {
		lower = f.Since.Add(-margin)
	}
	w, err := f.walk(ctx, f.Receipts, lower, f.before())
	if errors.Is(err, history.ErrNoTopic) {
		f.note("topic %s does not exist, so that nobody knows what was accepted", f.Receipts)
		return nil
	}
	if w == nil || err != nil {
		return err
	}
	defer f.close(w)
	r := &receiptsOf{finder: f, reader: receipt.NewReader(ownReceipts{f.schemas}), looked: make(map[Place]*story)}
	to := f.after()
	for !w.over() {
		r.expect()
		if err := w.back(ctx, to, r.record); err != nil {
			return err
		}
		if to.IsZero() || !f.All && !f.silent() {
			break
		}
		if to = to.Add(-23 * margin); to.Before(f.after().Add(-24 * margin)) {
			to = time.Time{}
		}
	}
	return nil
}

// silent reports whether the group has settled a record of which nothing says how.
func (f *finder) silent() bool {
	return slices.ContainsFunc(f.cases, func(s *story) bool {
		return slices.ContainsFunc(s.records, func(r *record) bool { return f.isSettled(r) && s.verdictOf(r.Place) == 0 })
	})
}

func (f *finder) isSettled(r *record) bool {
	live := f.live[r.Topic]
	return live != nil && live.Settled(r.Partition, r.Offset, r.rec.LeaderEpoch)
}

// receiptsOf reads receipts.
type receiptsOf struct {
	*finder
	reader *receipt.Reader
	// patterns are what the bytes of a receipt have if it is about one of the events.
	patterns [][]byte
	looked   map[Place]*story // records that receipts name
}

// expect makes the patterns. A receipt names an event by its id, or if it has none by
// its place; both are in its bytes as Avro writes them, whatever else a version of the
// schema has. So nearly all receipts need not be decoded.
func (r *receiptsOf) expect() {
	r.patterns = r.patterns[:0]
	add := func(p []byte) {
		if len(p) > 0 && !slices.ContainsFunc(r.patterns, func(o []byte) bool { return bytes.Equal(o, p) }) {
			r.patterns = append(r.patterns, p)
		}
	}
	if len(r.cases) == 0 {
		add([]byte(redact.EventID(r.query.Text)))
	}
	for _, s := range r.cases {
		add([]byte(s.shown.event))
		add([]byte(s.event)) // as receipts had it before --event-ids was set
		for _, p := range s.places {
			add(binary.AppendVarint(nil, p.Offset))
		}
	}
}

func (r *receiptsOf) record(ctx context.Context, rec *kgo.Record) error {
	if !r.mayBe(rec.Value) {
		return nil
	}
	read, err := r.reader.Parse(ctx, rec.Value)
	switch {
	case errors.Is(err, receipt.ErrNone):
		return nil
	case err != nil:
		return err
	case len(r.Topics) > 0 && !slices.Contains(r.Topics, read.Topic):
		return nil
	}
	in := Place{rec.Topic, rec.Partition, rec.Offset}
	events := len(read.Events)
	for _, e := range read.Events {
		at := Place{read.Topic, e.Partition, e.Offset}
		s, err := r.storyOf(ctx, read.ProfileID, e.EventID, at)
		if err != nil {
			return err
		}
		if s == nil || len(s.answers) >= maxPlaces {
			continue
		}
		of := read
		of.Events = nil
		s.answers = append(s.answers, answer{at, in, e, &of, events})
		s.place(at)
	}
	return nil
}

// mayBe reports whether a receipt may be about one of the events.
func (r *receiptsOf) mayBe(value []byte) bool {
	var found framing.Found
	if receipt.Framings.Find(value, nil, &found) == nil && found.Zlib {
		return true
	}
	return slices.ContainsFunc(r.patterns, func(p []byte) bool { return bytes.Contains(value, p) })
}

// maxLooks bounds the records that are read because a receipt names them.
const maxLooks = 50

// storyOf is the story that a receipt's event belongs to; nil for none.
func (r *receiptsOf) storyOf(ctx context.Context, profile, id string, at Place) (*story, error) {
	key := shownOf(profile, id)
	var same *story
	for _, s := range r.cases {
		if s.has(at) {
			return s, nil
		}
		if id != "" && s.event != "" && s.shown == key {
			same = s
		}
	}
	masked, unique := redact.Masked(key.event)
	certain := !masked || unique
	switch {
	case same == nil && (r.placed() || len(r.cases) > 0 || id == "" || key.event != redact.EventID(r.query.Text)):
		return nil, nil
	case same == nil:
		if !certain {
			r.note("receipts name ids with the tag of this one, which other ids have as well, and none of their records is left")
			return nil, nil
		}
		return r.of(&schemas.Event{EventID: id, ProfileID: profile}), nil
	}
	return r.look(ctx, same, certain, at)
}

// look reads the record that a receipt names by an event's id. It is an older one with
// the same id, or if the id is shown by a tag that others have, perhaps of another event.
func (r *receiptsOf) look(ctx context.Context, same *story, certain bool, at Place) (*story, error) {
	if s, ok := r.looked[at]; ok {
		return s, nil
	}
	var rec *kgo.Record
	if len(r.looked) < maxLooks {
		var err error
		rec, err = r.finder.reader.One(ctx, at.Topic, at.Partition, at.Offset)
		if ctx.Err() != nil {
			return nil, err
		}
	}
	s := same
	switch {
	case rec != nil:
		readable, err := r.decode(ctx, rec)
		if err != nil {
			return nil, err
		}
		if r.ev.EventID == s.event && r.ev.ProfileID == s.profile {
			s.add(r.finder, rec, readable)
		} else {
			s = nil
		}
	case !certain:
		s = nil
	}
	r.looked[at] = s
	return s, nil
}
