package attribution

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/history"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/registry"
	"github.com/tracklayer/amazon-capi/sink/deadletter"
)

// ReadWindow reads a window of the topic, of which the choice decides which events count.
// A window without any is an error that says why.
func (a *Audit) ReadWindow(ctx context.Context, s kafka.Settings, rng history.Range, registry *registry.Client, choice *history.Choice, progress *report.Progress) (*Window, error) {
	window := &Window{Topic: rng.Topic, Chosen: choice.Describe()}
	defer progress.Done()
	reader, plan, err := history.Open(ctx, s, rng, progress)
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	if plan.Empty() {
		return nil, errors.New(plan.WhyEmpty())
	}
	w := &reading{
		audit: a, window: window, choice: choice, copies: newCopies(a.opts.MaxIDs),
		decoder: schemas.NewDecoder(registry, schemas.WithFramings(registry.Framings()), schemas.WithAliases(a.opts.Transformer.Aliases())),
	}
	choice.Watch()
	err = w.read(ctx, reader, plan)
	progress.Done()
	if err == nil {
		progress.Unmatched(choice.Unmatched())
	}
	switch {
	case err != nil || window.Records > 0:
		return window, err
	case choice.Any():
		return nil, fmt.Errorf("there are no events of %s in the window", window.Chosen)
	}
	return nil, errors.New(plan.WhyEmpty())
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
		return fmt.Errorf("partition %d, offset %d: %w", rec.Partition, rec.Offset, err)
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
