package find

import (
	"context"
	"errors"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/history"
)

// walk reads a topic from its end backwards, a part at a time; each part is read in the
// order of its offsets. What is at an offset before the first record of a time is older
// than that time, so that records may also be out of order.
type walk struct {
	topic   string
	reader  *history.Reader
	plan    *history.Plan
	upTo    map[int32]int64 // what is not read yet of each partition
	records int64
	from    time.Time // what was read begins here; zero for the start
}

// walk begins a walk; nil for a topic of which nothing is left that is asked for, which
// is noted.
func (f *finder) walk(ctx context.Context, topic string, since, until time.Time) (*walk, error) {
	f.Progress.Restart()
	reader, plan, err := history.Open(ctx, f.Kafka, history.Range{Topic: topic, From: history.Position{Time: since}, To: history.Position{Time: until}}, f.Progress)
	switch {
	case errors.Is(err, history.ErrNotRetained):
		f.note("%v", err)
		f.read = append(f.read, Read{Topic: topic})
		return nil, nil
	case err != nil:
		return nil, err
	}
	w := &walk{topic: topic, reader: reader, plan: plan, upTo: make(map[int32]int64), from: f.Now()}
	for _, s := range plan.Spans {
		w.upTo[s.Partition] = s.To
	}
	return w, nil
}

// back reads what is not read yet, back to the first record of a time; all of it for
// the zero time.
func (w *walk) back(ctx context.Context, to time.Time, each func(context.Context, *kgo.Record) error) error {
	begin := map[int32]int64{}
	if len(w.upTo) > 0 { // for the zero time, too: retention may have moved the start
		var err error
		if begin, err = w.reader.Offsets(ctx, w.topic, history.Position{Time: to}); err != nil {
			return err
		}
	}
	part := history.Plan{Topic: w.topic, Since: w.plan.Since, Until: w.plan.Until}
	for _, s := range w.plan.Spans {
		end, open := w.upTo[s.Partition]
		if !open {
			continue
		}
		from := min(max(begin[s.Partition], s.From), end)
		if from < end {
			part.Spans = append(part.Spans, history.Span{Partition: s.Partition, From: from, To: end})
		}
		if w.upTo[s.Partition] = from; to.IsZero() || from <= s.From {
			delete(w.upTo, s.Partition)
		}
	}
	w.from = to
	return w.reader.Read(ctx, &part, func(rec *kgo.Record) error {
		w.records++
		return each(ctx, rec)
	})
}

// over reports whether everything is read.
func (w *walk) over() bool { return w == nil || len(w.upTo) == 0 }

// close ends the walk and notes how far it went.
func (f *finder) close(w *walk) {
	if w == nil {
		return
	}
	r := Read{Topic: w.topic, Records: w.records, From: w.from}
	if w.over() {
		r.From = w.plan.Since
	}
	f.read = append(f.read, r)
	w.reader.Close()
}

// margin is how much earlier than a record what belongs to it is looked for: clocks
// differ, and a source that publishes an event twice does so soon.
const margin = time.Hour

// furthest is how far steps grow; beyond it everything is read.
const furthest = 5 * 365 * 24 * time.Hour

// source looks for the event in the sources, newest first. It stops when an original is
// found and what was published shortly before it is read as well.
func (f *finder) source(ctx context.Context) error {
	if f.placed() && len(f.cases) == 0 {
		return nil
	}
	var walks []*walk
	defer func() {
		for _, w := range walks {
			f.close(w)
		}
	}()
	for _, topic := range f.Topics {
		w, err := f.walk(ctx, topic, f.Since, f.Until)
		if err != nil {
			return err
		}
		walks = append(walks, w)
	}
	anchor := f.Now()
	if !f.Until.IsZero() && f.Until.Before(anchor) {
		anchor = f.Until
	}
	reached := anchor
	for step := margin; ; step *= 4 {
		to := f.backTo(anchor, reached, step)
		left := false
		for _, w := range walks {
			if w.over() {
				continue
			}
			if err := w.back(ctx, to, f.record); err != nil {
				return err
			}
			left = left || !w.over()
		}
		if reached = to; !left || to.IsZero() || !f.All && f.whole(reached) {
			return nil
		}
	}
}

// backTo is the time to which a step reads what was published: a little before the oldest
// record that was found, or a step before the anchor if there is none yet, or only copies.
func (f *finder) backTo(anchor, reached time.Time, step time.Duration) time.Time {
	if f.All || step > furthest {
		return time.Time{}
	}
	if oldest := f.oldest(); !oldest.IsZero() {
		if to := oldest.Add(-margin); to.Before(reached) {
			return to
		}
	}
	return anchor.Add(-step)
}

// whole reports whether an original was found and what is around it was read.
func (f *finder) whole(reached time.Time) bool {
	original := false
	for _, s := range f.cases {
		for _, r := range s.records {
			original = original || r.redrives == 0
		}
	}
	return original && !f.oldest().Add(-margin).Before(reached)
}

// oldest is the time of the oldest record that was found; zero if there is none.
func (f *finder) oldest() (at time.Time) {
	for _, s := range f.cases {
		for _, r := range s.records {
			if at.IsZero() || r.at.Before(at) {
				at = r.at
			}
		}
	}
	return at
}

// record looks at a record of the source.
func (f *finder) record(ctx context.Context, rec *kgo.Record) error {
	readable, err := f.decode(ctx, rec)
	if err != nil || !f.meant() {
		return err
	}
	if s := f.of(&f.ev); s != nil {
		s.add(f, rec, readable)
	}
	return nil
}

// meant reports whether the event in hand is looked for.
func (f *finder) meant() bool {
	if !f.placed() {
		return f.query.matches(&f.ev)
	}
	for _, s := range f.cases {
		if s.event != "" && s.event == f.ev.EventID && s.profile == f.ev.ProfileID {
			return true
		}
	}
	return false
}

// placed reports whether the query is a place, where something is or was.
func (f *finder) placed() bool { return f.query.Place != nil }

// start looks at the place that the query names. If there is no such place it is a text.
func (f *finder) start(ctx context.Context) error {
	p := f.query.Place
	if p == nil {
		return nil
	}
	topics := f.Topics
	if p.Topic != "" {
		topics = []string{p.Topic}
	}
	gone := false
	for _, topic := range topics {
		rec, err := f.reader.One(ctx, topic, p.Partition, p.Offset)
		switch {
		case errors.Is(err, history.ErrNotRetained):
			f.note("the record at %s is no longer retained", Place{topic, p.Partition, p.Offset})
			gone = true
			continue
		case errors.Is(err, history.ErrBadRange), errors.Is(err, history.ErrNoTopic) && p.Topic != "", err == nil && rec == nil:
			continue // an id that looks like a place
		case err != nil:
			return err
		}
		if topic == f.Letters {
			err = f.startAtLetter(ctx, rec)
		} else {
			err = f.startAt(ctx, rec)
		}
		if err != nil {
			return err
		}
	}
	switch {
	case len(f.cases) > 0 && p.Topic != "" && p.Topic != f.Letters:
		f.Topics = topics
	case len(f.cases) > 0:
	case gone && (f.Letters == "" || p.Topic != f.Letters):
		f.Topics = topics
		for _, topic := range topics {
			s := &story{}
			s.places = append(s.places, Place{topic, p.Partition, p.Offset})
			f.cases = append(f.cases, s)
		}
	default:
		f.query.Place = nil
	}
	return nil
}

// startAt begins a story with a record of the source.
func (f *finder) startAt(ctx context.Context, rec *kgo.Record) error {
	readable, err := f.decode(ctx, rec)
	if err != nil {
		return err
	}
	if f.ev.EventID == "" { // what has no id is told apart by its place alone
		s := newStory(&f.ev)
		s.add(f, rec, readable)
		f.cases = append(f.cases, s)
		return nil
	}
	if s := f.of(&f.ev); s != nil {
		s.add(f, rec, readable)
	}
	return nil
}
