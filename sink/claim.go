package sink

import (
	"slices"

	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// claim is a part of the window: of what may be taken and have no verdict.
type claim struct {
	events int
	bytes  int64
}

func (c claim) plus(o claim) claim  { return claim{c.events + o.events, c.bytes + o.bytes} }
func (c claim) minus(o claim) claim { return claim{c.events - o.events, c.bytes - o.bytes} }
func (c claim) within(o claim) bool { return c.events <= o.events && c.bytes <= o.bytes }

// recordOverhead is what a record costs beside its contents, as the window counts.
const recordOverhead = 160

// claim is what the batch takes of the window, roughly.
func (b *batch) claim() claim {
	n := b.records()
	kept := int64(b.store.kept)
	if whole := len(b.store.events); whole > len(b.events) {
		kept = kept * int64(len(b.events)) / int64(whole)
	}
	return claim{n, kept + recordOverhead*int64(n)}
}

// fitting is how many of the batch's events fit into that much, counted from the
// first.
func (b *batch) fitting(room claim) (n int) {
	whole := b.claim()
	records := 0
	for i := range b.events {
		records += 1 + len(b.events[i].others())
		if records > room.events || whole.bytes*int64(records)/int64(whole.events) > room.bytes {
			return i
		}
	}
	return len(b.events)
}

// records is how many records the batch's events stand for.
func (b *batch) records() (n int) {
	for i := range b.events {
		n += 1 + len(b.events[i].others())
	}
	return n
}

func (b *batch) appendTokens(tokens []verdict.Handle) []verdict.Handle {
	tokens = slices.Grow(tokens, len(b.events))
	for i := range b.events {
		e := &b.events[i]
		tokens = append(tokens, e.Handle())
		for _, r := range e.others() {
			tokens = append(tokens, r.Handle())
		}
	}
	return tokens
}
