package find

import (
	"context"
	"errors"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/proof"
	"github.com/tracklayer/amazon-capi/internal/history"
	"github.com/tracklayer/amazon-capi/internal/operate/dlq"
	"github.com/tracklayer/amazon-capi/internal/pipeline"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/sink/deadletter"
)

// after is from when on what happened to the events may have been written: nothing is
// older than the first of their records. It is zero if that is not known.
func (f *finder) after() (at time.Time) {
	switch oldest := f.oldest(); {
	case !oldest.IsZero():
		at = oldest.Add(-margin)
	case !f.Since.IsZero():
		at = f.Since.Add(-margin)
	}
	return at
}

// before bounds what happened to the events; it is zero for no bound. If the sources have
// none of them within the bounds, a letter or receipt long after is not of them either.
func (f *finder) before() (at time.Time) {
	if len(f.cases) == 0 && !f.Until.IsZero() {
		at = f.Until.Add(margin)
	}
	return at
}

// letters looks for dead letters of the events. If the sources have none of them, a
// letter can be the only copy.
func (f *finder) letters(ctx context.Context) error {
	if f.Letters == "" {
		return nil
	}
	done, err := pipeline.Settled(ctx, f.Kafka, f.RedriveGroup, f.Letters)
	if err != nil {
		return err
	}
	w, err := f.walk(ctx, f.Letters, f.after(), f.before())
	if errors.Is(err, history.ErrNoTopic) {
		f.note("topic %s does not exist, so that there are no dead letters", f.Letters)
		return nil
	}
	if w == nil || err != nil {
		return err
	}
	defer f.close(w)
	return w.back(ctx, time.Time{}, func(ctx context.Context, rec *kgo.Record) error { return f.letter(ctx, rec, done) })
}

// quarantine looks for letters that a redrive has put away, and that can be the only copy.
func (f *finder) quarantine(ctx context.Context) error {
	if f.Quarantine == "" {
		return nil
	}
	w, err := f.walk(ctx, f.Quarantine, f.after(), f.before())
	if errors.Is(err, history.ErrNoTopic) {
		return nil // no redrive has needed it
	}
	if w == nil || err != nil {
		return err
	}
	defer f.close(w)
	return w.back(ctx, time.Time{}, func(ctx context.Context, rec *kgo.Record) error {
		e := dlq.Read(rec, nil)
		s, err := f.storyOf(ctx, &e.Letter)
		if s == nil || err != nil || len(s.quarantined) >= maxPlaces {
			return err
		}
		l := &e.Letter
		l.Key, l.Value, l.Headers = f.keep(l.Key, l.Value, l.Headers)
		s.quarantined = append(s.quarantined, e)
		s.place(placeOf(l))
		return nil
	})
}

func (f *finder) letter(ctx context.Context, rec *kgo.Record, done *proof.Progress) error {
	e := dlq.Read(rec, done)
	s, err := f.storyOf(ctx, &e.Letter)
	if s == nil || err != nil {
		return err
	}
	if len(s.letters) < maxPlaces {
		l := &e.Letter
		l.Key, l.Value, l.Headers = f.keep(l.Key, l.Value, l.Headers)
		s.letters = append(s.letters, e)
		s.place(placeOf(&e.Letter))
	}
	return nil
}

// storyOf is the story that a letter belongs to; nil for none.
func (f *finder) storyOf(ctx context.Context, l *deadletter.Letter) (*story, error) {
	at, header := placeOf(l), shownOf(l.ProfileID, l.EventID)
	masked, unique := redact.Masked(header.event)
	certain := l.EventID != "" && (!masked || unique)
	if s := f.caseOf(at, header, certain); s != nil {
		f.learn(ctx, s, l)
		return s, nil
	}
	named := certain && !f.placed() && len(f.cases) == 0 && header.event == redact.EventID(f.query.Text)
	// What the header does not tell the event does: of a tag that other ids have, of an
	// order reference, and where the id was given otherwise than the letter has it.
	if !named && (certain && (f.placed() || len(f.cases) > 0) || !certain && l.EventID != "" && !f.like(header.event) || len(l.Value) == 0) {
		return nil, nil
	}
	f.ev = schemas.Event{}
	if len(l.Value) > 0 {
		if _, err := f.decode(ctx, l.Again()); err != nil {
			return nil, err
		}
	}
	if !named && !f.meant() {
		return nil, nil
	}
	if f.ev.EventID == "" {
		f.ev = schemas.Event{EventID: l.EventID, ProfileID: l.ProfileID}
	}
	return f.of(&f.ev), nil
}

// caseOf is the story of a place, or of an event whose shown ids are certain to be its own;
// nil if there is none yet.
func (f *finder) caseOf(at Place, header shownKey, certain bool) *story {
	for _, s := range f.cases {
		if s.has(at) || certain && s.event != "" && s.shown == header {
			return s
		}
	}
	return nil
}

// like reports whether an id that is shown so may be one that is looked for.
func (f *finder) like(form string) bool {
	if !f.placed() && len(f.cases) == 0 {
		return true
	}
	for _, s := range f.cases {
		if s.shown.event == form {
			return true
		}
	}
	return false
}

// learn completes a story that began with a place whose record is gone by what the
// letter has kept of it.
func (f *finder) learn(ctx context.Context, s *story, l *deadletter.Letter) {
	if s.event != "" || len(s.records) > 0 || len(l.Value) == 0 {
		return
	}
	if _, err := f.decode(ctx, l.Again()); err == nil && f.ev.EventID != "" {
		known := newStory(&f.ev)
		s.event, s.profile, s.shown, s.name, s.kind, s.happened = known.event, known.profile, known.shown, known.name, known.kind, known.happened
	}
}

// startAtLetter begins a story with a dead letter.
func (f *finder) startAtLetter(ctx context.Context, rec *kgo.Record) error {
	l, err := deadletter.Parse(rec)
	if err != nil {
		f.note("the record at %s is not a dead letter", Place{rec.Topic, rec.Partition, rec.Offset})
		return nil
	}
	original, err := dlq.Original(ctx, &l, f.reader)
	if err != nil {
		if ctx.Err() != nil {
			return err
		}
		original = l.Again()
	}
	f.ev = schemas.Event{}
	readable := false
	if len(original.Value) > 0 {
		if readable, err = f.decode(ctx, original); err != nil {
			return err
		}
	}
	if f.ev.EventID == "" && !readable {
		f.ev.EventID, f.ev.ProfileID = l.EventID, l.ProfileID
	}
	s := newStory(&f.ev)
	s.place(placeOf(&l))
	f.cases = append(f.cases, s)
	return nil
}
