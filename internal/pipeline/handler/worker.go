package handler

import (
	"context"
	"errors"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/sink"
	"github.com/tracklayer/amazon-capi/transform"
)

// Worker has the memory for reading records; there are as many workers as records are
// read at the same time.
type Worker struct {
	*Handler
	feed       Feed
	at         time.Time // of the first record since the last Flush: one reading of the clock is enough
	event      schemas.Event
	conversion transform.Conversion
	warned     map[transform.Warning]int

	// The current record's:
	rec     *kgo.Record
	profile string         // empty if it names none that is valid
	reason  verdict.Reason // why it is not sent; without a class if it is sent
}

// NewWorker returns a worker, which must not be used concurrently.
func (h *Handler) NewWorker() *Worker {
	return &Worker{Handler: h, feed: h.newFeed(), warned: make(map[transform.Warning]int)}
}

// Read implements consumer.Worker.
func (w *Worker) Read(ctx context.Context, rec *kgo.Record, again bool) (r verdict.Reading, err error) {
	if w.opts.Restore != nil {
		if rec, err = w.opts.Restore(ctx, rec); err != nil {
			return r, err
		}
	}
	w.rec = rec
	err = w.opts.Decoder.DecodeRecord(ctx, rec, &w.event)
	bad, isBad := errors.AsType[*schemas.DecodeError](err) // errors.As would allocate for each record
	if err != nil && !isBad {
		return r, err
	}
	if w.opts.Erased != nil {
		// Before anything else: nothing about the event is examined or reported, and no
		// dead letter makes another copy of it.
		erased, err := w.opts.Erased(w.event.EventID)
		if err != nil {
			return r, err
		}
		if erased {
			return w.refused(sink.Erased()), nil
		}
	}
	if isBad {
		// The ids may have been read before the decoder reached what is invalid.
		return w.refused(bad.Reason()), nil
	}
	if w.at.IsZero() {
		w.at = w.opts.Now()
	}
	reason, ok := w.opts.Transformer.Transform(&w.event, w.at, &w.conversion)
	if !ok {
		return w.refused(reason), nil
	}
	w.reason.Class = 0
	w.profile = w.conversion.ProfileID
	if ws := w.conversion.Warnings; ws != 0 && !again {
		ws.Each(func(x transform.Warning) { w.warned[x]++ })
		if w.opts.AttributeLeftOut != nil && (ws.Has(transform.AttributeInvalid) || ws.Has(transform.AttributesTooMany)) {
			w.opts.Transformer.AttributesLeftOut(&w.event, w.opts.AttributeLeftOut)
		}
	}
	return verdict.Reading{Profile: w.profile, Sends: true}, nil
}

// letterOverhead is approximately what a dead letter takes in memory in addition to its
// record's bytes and its reason.
const letterOverhead = 512

// refused notes why the current record is not sent.
func (w *Worker) refused(reason verdict.Reason) (r verdict.Reading) {
	w.reason, w.profile = reason, ""
	// A label or header made from an invalid id could contain anything.
	if w.opts.Transformer.ValidProfileID(w.event.ProfileID) {
		w.profile = w.event.ProfileID
	}
	r.Profile = w.profile
	if reason.Class != verdict.Filtered {
		// A record of a few bytes can be refused for a reason of hundreds, and for one
		// that consists of its id, the id is kept as well. Without counting them, the
		// bound of what is in flight would admit several times as much.
		r.Size = verdict.SizeOf(w.rec) + int32(letterOverhead+len(w.event.EventID)+len(reason.Code)+len(reason.Field)+len(reason.Message))
	}
	return r
}

// Take implements consumer.Worker.
func (w *Worker) Take(h verdict.Handle, past *verdict.Past) {
	switch w.reason.Class {
	case 0:
		var before *sink.Past
		if past != nil {
			before, _ = past.Of.(*sink.Past)
		}
		w.feed.AddAgain(h, w.rec, &w.conversion, before)
	case verdict.Filtered:
		w.feed.Filter(h, w.rec, w.profile, w.event.EventID, w.reason)
	default:
		w.feed.Refuse(h, w.rec, w.profile, w.event.EventID, w.reason)
	}
}

// Refuse implements consumer.Worker.
func (w *Worker) Refuse(h verdict.Handle, rec *kgo.Record, profile string, why verdict.Reason) {
	w.feed.Refuse(h, rec, profile, "", why)
}

// Flush implements consumer.Worker.
func (w *Worker) Flush() {
	if len(w.warned) > 0 {
		w.warnings.add(w.warned)
		clear(w.warned)
	}
	w.feed.Flush()
	// The last event's strings are parts of its record, whose memory the next fetch reuses.
	w.event.Reset()
	w.conversion = transform.Conversion{}
	w.rec, w.profile, w.reason, w.at = nil, "", verdict.Reason{}, time.Time{}
}
