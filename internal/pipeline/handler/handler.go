package handler

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/sink"
	"github.com/tracklayer/amazon-capi/transform"
)

// Decoder turns a record into an event. A *schemas.DecodeError means that the record is
// invalid; any other error that it cannot be read now.
type Decoder interface {
	DecodeRecord(ctx context.Context, rec *kgo.Record, ev *schemas.Event) error
}

// Feed passes the output of one worker to the sink's lanes; *sink.Feed. It keeps nothing
// of a record, or of strings that are parts of it, after Flush.
type Feed interface {
	// AddAgain adds an event. past is that of an event that the sink gave back, else nil.
	AddAgain(h verdict.Handle, rec *kgo.Record, c *transform.Conversion, past *sink.Past)
	Refuse(h verdict.Handle, rec *kgo.Record, profileID, eventID string, r verdict.Reason)
	Filter(h verdict.Handle, rec *kgo.Record, profileID, eventID string, r verdict.Reason)
	Flush()
}

// Lanes are the parts of a *sink.Sink that a Handler needs.
type Lanes interface {
	Flush()
	Hurry()
	Sweep()
	Shed(most int) []sink.Backlog
	Wants(profile string) int
}

// Options are what records are processed with.
type Options struct {
	Decoder     Decoder
	Transformer *transform.Transformer
	// Restore, if set, returns the record that is handled instead of the one that was
	// read. Its verdict is accounted for under the position of the one that was read.
	// While it returns an error, the partition is held.
	Restore func(context.Context, *kgo.Record) (*kgo.Record, error)
	// Erased, if set, reports whether an event must not be sent, because it was erased.
	// While it returns an error, the partition is held.
	Erased func(eventID string) (bool, error)
	// AttributeLeftOut, if set, is called with each attribute of an event that is not
	// sent, and why. It must not keep the name.
	AttributeLeftOut func(attribute string, why transform.Warning)

	Now        func() time.Time      // time.Now
	Registerer prometheus.Registerer // none
}

// Reader reads records. It becomes a Handler once there is a sink.
type Reader struct {
	opts     Options
	warnings *warnings
}

// NewReader returns a reader.
func NewReader(o Options) *Reader {
	if o.Now == nil {
		o.Now = time.Now
	}
	r := &Reader{opts: o, warnings: newWarnings()}
	if o.Registerer != nil {
		o.Registerer.MustRegister(r.warnings)
	}
	return r
}

// Handler is a consumer.Handler, except for the type of its workers: it passes the output
// of a Reader to lanes.
type Handler struct {
	*Reader
	lanes   Lanes
	newFeed func() Feed
}

// To returns the handler that passes events to these lanes, with a feed for each worker.
func (r *Reader) To(lanes Lanes, newFeed func() Feed) *Handler {
	return &Handler{Reader: r, lanes: lanes, newFeed: newFeed}
}

// ToSink is To with a sink's own feeds.
func (r *Reader) ToSink(s *sink.Sink) *Handler {
	return r.To(s, func() Feed { return s.NewFeed() })
}

// Flush implements consumer.Handler.
func (h *Handler) Flush(all bool) {
	if all {
		h.lanes.Flush()
		return
	}
	h.lanes.Hurry()
}

// Forget implements consumer.Handler.
func (h *Handler) Forget() { h.lanes.Sweep() }

// Wants implements consumer.Handler.
func (h *Handler) Wants(profile string) int { return h.lanes.Wants(profile) }

// GiveBack implements consumer.Handler.
func (h *Handler) GiveBack(most int) []verdict.Backlog {
	shed := h.lanes.Shed(most)
	if len(shed) == 0 {
		return nil
	}
	given := make([]verdict.Backlog, len(shed))
	for i, b := range shed {
		given[i] = verdict.Backlog{Profile: b.Profile, Handles: b.Tokens}
		if b.Past != nil {
			given[i].Past = verdict.NewPast(b.Past.NotBefore(), b.Past)
		}
	}
	return given
}
