package batch

import (
	"slices"

	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// Part is a part of the window, which bounds the records and bytes without a verdict.
type Part struct {
	Events int
	Bytes  int64
}

// Plus returns the sum of both.
func (c Part) Plus(o Part) Part { return Part{c.Events + o.Events, c.Bytes + o.Bytes} }

// Minus returns the difference.
func (c Part) Minus(o Part) Part { return Part{c.Events - o.Events, c.Bytes - o.Bytes} }

// Within reports whether it fits into o.
func (c Part) Within(o Part) bool { return c.Events <= o.Events && c.Bytes <= o.Bytes }

// RecordOverhead is what the window counts for a record beside its contents.
const RecordOverhead = 160

// Takes returns approximately what the batch uses of the window.
func (b *Batch) Takes() Part {
	n := b.Records()
	kept := int64(b.store.kept)
	if whole := len(b.store.events); whole > len(b.Events) {
		kept = kept * int64(len(b.Events)) / int64(whole)
	}
	return Part{n, kept + RecordOverhead*int64(n)}
}

// Fitting returns how many of the batch's events, counted from the first, fit into a part
// of the window.
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

// Records returns how many records the batch's events stand for.
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
