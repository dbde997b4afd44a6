package consumer

import (
	"context"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/pipeline/handler"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/transform"
)

// lanes are a sink, or what stands in for one.
type lanes interface {
	handler.Lanes
	NewFeed() handler.Feed
}

// stages is the pipeline's handler with its workers in this package's words.
type stages struct{ *handler.Handler }

func (s stages) NewWorker() Worker { return s.Handler.NewWorker() }

func newStages(tb testing.TB, d handler.Decoder, to lanes) stages {
	tb.Helper()
	tr, err := transform.New(transform.Options{ConsentDenied: transform.ConsentFilter})
	if err != nil {
		tb.Fatal(err)
	}
	return stages{handler.NewReader(handler.Options{Decoder: d, Transformer: tr}).To(to, to.NewFeed)}
}

// handling is a Handler that does one thing with each record.
type handling struct {
	*fakeSink
	read func(*kgo.Record) (*kgo.Record, error) // before it; nil for nothing
	do   func(h verdict.Handle, rec *kgo.Record)
}

func (h handling) NewWorker() Worker              { return &handlingWorker{handling: h} }
func (h handling) Flush(bool)                     {}
func (h handling) Forget()                        {}
func (h handling) GiveBack(int) []verdict.Backlog { return nil }

type handlingWorker struct {
	handling
	rec *kgo.Record
}

func (w *handlingWorker) Read(_ context.Context, rec *kgo.Record, _ bool) (r verdict.Reading, err error) {
	if w.read != nil {
		rec, err = w.read(rec)
	}
	w.rec = rec
	return r, err
}

func (w *handlingWorker) Take(h verdict.Handle, _ *verdict.Past)                     { w.do(h, w.rec) }
func (w *handlingWorker) Refuse(verdict.Handle, *kgo.Record, string, verdict.Reason) {}
func (w *handlingWorker) Flush()                                                     {}
