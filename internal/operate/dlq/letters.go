package dlq

import (
	"context"
	"errors"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/proof"
	"github.com/tracklayer/amazon-capi/internal/erasure"
	"github.com/tracklayer/amazon-capi/internal/history"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/pipeline"
	"github.com/tracklayer/amazon-capi/schemas"
)

// Letters is a dead-letter topic at the start of a command.
type Letters struct {
	reader   *history.Reader
	plan     *history.Plan
	done     *proof.Progress
	progress *report.Progress
	settings kafka.Settings
	topic    string
	erased   *erasure.List // nil for none

	openEvents  func() (Events, func(), error) // nil for none, or if it was called
	events      Events                         // nil if events cannot be read
	closeEvents func()
	untold      int
}

// Obey has the letters of erased events marked. It reads the list; empty for none. Letters
// whose headers do not tell are read with events, which may be nil.
func (l *Letters) Obey(ctx context.Context, list string, events func() (Events, func(), error)) (err error) {
	l.openEvents = events
	l.erased, err = erasure.Read(ctx, l.settings, list)
	return err
}

// Open reads where a topic ends, and which of its letters the group has redriven. Close it.
func Open(ctx context.Context, s kafka.Settings, topic, group string, partitions []int32, progress *report.Progress) (*Letters, error) {
	l := &Letters{progress: progress, settings: s, topic: topic}
	var err error
	if l.done, err = pipeline.Settled(ctx, s, group, topic); err != nil {
		return nil, err
	}
	l.reader, l.plan, err = history.Open(ctx, s, history.Range{Topic: topic, Partitions: partitions}, progress)
	if err != nil {
		return nil, err
	}
	return l, nil
}

// Rounds counts how often events were redriven.
func (l *Letters) Rounds(ctx context.Context) (*Rounds, error) {
	return countRounds(ctx, l.settings, l.topic, l.done, l.progress)
}

// countRounds reads the whole dead-letter topic, because the letters of an event can be
// in several partitions; nothing, if no letter is done.
func countRounds(ctx context.Context, s kafka.Settings, topic string, done *proof.Progress, progress *report.Progress) (*Rounds, error) {
	rounds := NewRounds()
	if !done.Begun() {
		return rounds, nil
	}
	reader, plan, err := history.Open(ctx, s, history.Range{Topic: topic}, progress)
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	return rounds, Scan(ctx, reader, plan, done, func(e *Entry) error { rounds.Add(e); return nil })
}

// Close closes the connections.
func (l *Letters) Close() {
	l.reader.Close()
	if l.closeEvents != nil {
		l.closeEvents()
	}
}

// Each calls f for every letter that the filter chooses, those of a partition in order. At the
// end it says which of the filter's values no letter has.
func (l *Letters) Each(ctx context.Context, filter *Filter, f func(*Entry) error) error {
	asked := newAsked(filter)
	err := l.each(ctx, asked, filter, f)
	l.progress.Done()
	if err == nil {
		l.progress.Unmatched(asked.Unmatched("dead letter"))
	}
	return err
}

func (l *Letters) each(ctx context.Context, asked *asked, filter *Filter, f func(*Entry) error) error {
	return Scan(ctx, l.reader, l.plan, l.done, func(e *Entry) (err error) {
		asked.note(e)
		if e.Erased, err = l.isErased(ctx, e); err != nil {
			return err
		}
		if !filter.Match(e) {
			return nil
		}
		return f(e)
	})
}

// Events reads events; *schemas.Decoder.
type Events interface {
	DecodeRecord(ctx context.Context, rec *kgo.Record, ev *schemas.Event) error
}

// Untold returns the number of letters that Each could not read, so that it is unknown
// whether their events are erased.
func (l *Letters) Untold() int { return l.untold }

// isErased reports whether the event of a letter is on the list. A letter is
// read if its header names no event, or has a tag that other events share. An unreadable
// letter is not known to be erased; its delivery checks the event's own id.
func (l *Letters) isErased(ctx context.Context, e *Entry) (bool, error) {
	told, erased := e.names(l.erased)
	if told || e.NoLetter || e.Done || l.erased.Len() == 0 {
		return erased, nil
	}
	id, err := l.eventID(ctx, e)
	if err == nil && id == "" && e.Letter.EventID != "" {
		l.untold++
	}
	return l.erased.Has(id), err
}

// eventID reads the id of a letter's event; none if it cannot be read.
func (l *Letters) eventID(ctx context.Context, e *Entry) (string, error) {
	if reads, err := l.reads(); err != nil || !reads || e.Letter.EventID == "" && !e.Letter.Whole() {
		return "", err // an original would be looked for in the source for each of them
	}
	var ev schemas.Event
	err := l.decode(ctx, e, &ev)
	return ev.EventID, err
}

// decode reads a letter's event as far as it goes.
func (l *Letters) decode(ctx context.Context, e *Entry, ev *schemas.Event) error {
	rec, err := Original(ctx, &e.Letter, l.reader)
	if err != nil {
		return ctx.Err()
	}
	if err := l.events.DecodeRecord(ctx, rec, ev); err != nil {
		if _, bad := errors.AsType[*schemas.DecodeError](err); !bad {
			l.events, *ev = nil, schemas.Event{} // the registry is away, and would be waited for with every letter
			return ctx.Err()
		}
	}
	return nil
}

// reads reports whether events can be read, and opens what reads them when it is first needed.
func (l *Letters) reads() (bool, error) {
	if open := l.openEvents; open != nil {
		l.openEvents = nil
		events, done, err := open()
		if err != nil {
			return false, err
		}
		l.events, l.closeEvents = events, done
	}
	return l.events != nil, nil
}
