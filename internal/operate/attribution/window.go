package attribution

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/history"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/registry"
	"github.com/tracklayer/amazon-capi/sink/deadletter"
)

// ReadWindow reads a window of each of the topics, of which the choice decides which events
// count. A window without any is an error that says why.
func (a *Audit) ReadWindow(ctx context.Context, s kafka.Settings, ranges []history.Range, registry *registry.Client, choice *history.Choice, progress *report.Progress) (*Window, error) {
	window := &Window{Chosen: choice.Describe()}
	defer progress.Done()
	w := &reading{
		audit: a, window: window, choice: choice,
		decoder: schemas.NewDecoder(registry, schemas.WithFramings(registry.Framings()), schemas.WithAliases(a.opts.Transformer.Aliases())),
	}
	choice.Watch()
	var topics, empty []string
	for _, rng := range ranges {
		topics = append(topics, rng.Topic)
		before := window.Records
		why, err := w.topic(ctx, s, rng, progress)
		if err != nil {
			return nil, err
		}
		if window.Records == before {
			empty = append(empty, why)
		}
	}
	window.Topic = strings.Join(topics, ", ")
	progress.Done()
	progress.Unmatched(choice.Unmatched())
	switch {
	case window.Records > 0:
		return window, nil
	case choice.Any():
		return nil, fmt.Errorf("there are no events of %s in the window", window.Chosen)
	}
	return nil, errors.New(strings.Join(empty, "; "))
}

// topic reads the window of a topic. It returns what to say if nothing is in it.
func (w *reading) topic(ctx context.Context, s kafka.Settings, rng history.Range, progress *report.Progress) (whyEmpty string, err error) {
	progress.Restart()
	reader, plan, err := history.Open(ctx, s, rng, progress)
	if err != nil {
		return "", err
	}
	defer reader.Close()
	w.copies = newCopies(w.audit.opts.MaxIDs)
	return plan.WhyEmpty(), w.read(ctx, reader, plan)
}

// reading is a window being read.
type reading struct {
	audit   *Audit
	window  *Window
	decoder *schemas.Decoder
	choice  *history.Choice
	copies  *copies
	ev      schemas.Event
}

// read reads the window; twice more if records claim to be copies, once for their
// originals and once to count those that have none.
func (w *reading) read(ctx context.Context, r *history.Reader, plan *history.Plan) error {
	err := r.Read(ctx, plan, func(rec *kgo.Record) error {
		if deadletter.Redrives(rec) > 0 {
			w.copies.claim(rec)
			return nil
		}
		return w.record(ctx, rec)
	})
	if err != nil || len(w.copies.originals) == 0 {
		return err
	}
	err = r.Read(ctx, plan, func(rec *kgo.Record) error {
		if deadletter.Redrives(rec) == 0 {
			w.copies.original(rec)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return r.Read(ctx, plan, func(rec *kgo.Record) error {
		switch {
		case deadletter.Redrives(rec) == 0:
			return nil
		case w.copies.take(rec):
			w.window.Copies++
			return nil
		}
		return w.record(ctx, rec)
	})
}

// record counts a record of the window.
func (w *reading) record(ctx context.Context, rec *kgo.Record) error {
	err := w.decoder.DecodeRecord(ctx, rec, &w.ev)
	bad, isBad := errors.AsType[*schemas.DecodeError](err)
	switch {
	case err != nil && !isBad:
		return fmt.Errorf("topic %s, partition %d, offset %d: %w", rec.Topic, rec.Partition, rec.Offset, err)
	case w.choice.Any() && !w.choice.Match(&w.ev):
		return nil
	case isBad:
		w.audit.Undecodable(bad)
	default:
		w.audit.Event(&w.ev, rec.Timestamp)
	}
	w.window.Saw(rec.Timestamp)
	return nil
}
