package batch

import (
	"slices"

	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// Part is a part of the window: of what may be taken and have no verdict.
type Part struct {
	Events int
	Bytes  int64
}

// Plus is both together.
func (c Part) Plus(o Part) Part { return Part{c.Events + o.Events, c.Bytes + o.Bytes} }

// Minus is what is left without o.
func (c Part) Minus(o Part) Part { return Part{c.Events - o.Events, c.Bytes - o.Bytes} }

// Within reports whether o has room for it.
func (c Part) Within(o Part) bool { return c.Events <= o.Events && c.Bytes <= o.Bytes }

// RecordOverhead is what a record costs beside its contents, as the window counts.
const RecordOverhead = 160

// Takes is what the batch takes of the window, roughly.
func (b *Batch) Takes() Part {
	n := b.Records()
	kept := int64(b.store.kept)
	if whole := len(b.store.events); whole > len(b.Events) {
		kept = kept * int64(len(b.Events)) / int64(whole)
	}
	return Part{n, kept + RecordOverhead*int64(n)}
}

// Fitting is how many of the batch's events fit into that much, counted from the
// first.
func (b *Batch) Fitting(room Part) (n int) {
	whole := b.Takes()
	records := 0
	for i := range b.Events {
		records += 1 + len(b.Events[i].Others())
		if records > room.Events || whole.Bytes*int64(records)/int64(whole.Events) > room.Bytes {
			return i
		}
	}
	return len(b.Events)
}

// Records is how many records the batch's events stand for.
func (b *Batch) Records() (n int) {
	for i := range b.Events {
		n += 1 + len(b.Events[i].Others())
	}
	return n
}

// AppendHandles appends the handles of all its records.
func (b *Batch) AppendHandles(tokens []verdict.Handle) []verdict.Handle {
	tokens = slices.Grow(tokens, len(b.Events))
	for i := range b.Events {
		e := &b.Events[i]
		tokens = append(tokens, e.Handle())
		for _, r := range e.Others() {
			tokens = append(tokens, r.Handle())
		}
	}
	return tokens
}
