package sink

import (
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/sink/deadletter"
	"github.com/tracklayer/amazon-capi/sink/exchange"
)

// pending is an event on its way to its lane, and the record that it was made of.
type pending struct {
	verdict.Record
	rec  *kgo.Record
	id   string
	hash uint64 // of the id
	kept int    // how many bytes the original takes, at most
	end  int    // of its bytes in the feed's memory; they begin where the one before ends, after the frame's Between
}

// stored is a record whose original is in its batch's store.
type stored struct {
	verdict.Record
	original spot
}

// event is an encoded event on its way, and the records it stands for: nearly
// always one, more when a batch got the same event id again.
type event struct {
	stored
	more  *[]stored // nil if there are none
	hash  uint64    // of the id
	named span      // where the id is among the store's names
	place           // its bytes
}

// others are the records that it stands for beside its own.
func (e *event) others() []stored {
	if e.more == nil {
		return nil
	}
	return *e.more
}

// beside has it stand for these beside its own.
func (e *event) beside(others []stored) {
	e.more = nil
	if len(others) > 0 {
		more := others // here, so that events without any do not put it on the heap
		e.more = &more
	}
}

// prune removes the records whose assignment has ended and returns how many
// those were; the event is dead when none is left.
func (e *event) prune() (gone int, dead bool) {
	if e.more == nil {
		if e.Live() {
			return 0, false
		}
		return 1, true
	}
	all := 1 + len(*e.more)
	others := slices.DeleteFunc(*e.more, func(r stored) bool { return !r.Live() })
	if !e.Live() {
		if len(others) == 0 {
			return all, true
		}
		e.stored, others = others[0], others[1:]
	}
	e.beside(others)
	return all - 1 - len(others), false
}

// batch is a set of events that goes in one request.
type batch struct {
	trials
	store  *store
	events []event
	bytes  int    // of its events, without what the frame adds
	ids    *idSet // nil until it is wanted, of a batch that is part of another
	// sole is set while no other batch has its events in the same store.
	sole bool

	due   time.Time // when an open batch has waited long enough
	small int       // how many bytes it is expected to become, if that is little
	// age is its place in the order in which batches were closed; parts of a
	// batch have the whole one's.
	age uint64
}

// kept is how many bytes of its records it keeps.
func (b *batch) kept() int { return b.store.kept }

// original is what is kept of one of its records.
func (b *batch) original(r *stored) deadletter.Original {
	return deadletter.ReadOriginal(b.store.originals.from(r.original))
}

func (b *batch) encoded(e *event) []byte { return b.store.encoded.at(e.place) }

// id is an event's id, once the batch is closed.
func (b *batch) id(e *event) string { return b.store.ids[e.named.start:e.named.end] }

// add takes events, whose bytes begin there in buf, each behind that many bytes of the
// frame, and copies what is wanted of their records. The batch is not to become larger
// than most.
func (b *batch) add(m *memory, events []pending, buf []byte, between, most, start int) {
	s := b.store
	b.events = m.growEvents(b.events, len(events), most)
	for i := range events {
		p := &events[i]
		e := event{hash: p.hash}
		e.Record = p.Record
		e.place = s.addEncoded(m, buf[start:p.end], between, b.pageSize(s.encoded))
		e.original = s.addOriginal(m, deadletter.OriginalOf(p.rec), p.kept, b.pageSize(s.originals))
		e.named = s.addID(m, p.id)
		b.events = append(b.events, e)
		b.bytes += int(e.size)
		start = p.end
	}
}

// pageSize is that of the next page. A batch that is expected to be small has a
// small one first: there can be thousands that are open.
func (b *batch) pageSize(pages pages) int {
	if len(pages) == 0 && b.small > 0 {
		return b.small
	}
	return pageSize
}

// close ends the batch's growth, and makes one event of those that have the same
// id; repeated is told of each, and whether their contents differ. Looking for
// them once for the whole batch, in a table that fits the processor's cache, costs
// a tenth of what looking for each as it came did.
func (b *batch) close(m *memory, repeated func(differs bool)) {
	b.store.events = b.events
	b.store.close(m)
	b.ids = &b.store.hashes
	b.ids.slots = m.hashes.Get(slotsFor(len(b.events)))
	b.ids.reset(len(b.events))
	kept := b.events[:0]
	for i := range b.events {
		e := &b.events[i]
		if !b.ids.add(e.hash) {
			if first := b.find(kept, e); first != nil {
				repeated(string(b.encoded(first)) != string(b.encoded(e)))
				first.beside(append(first.others(), e.stored))
				b.bytes -= int(e.size)
				continue
			}
		}
		if len(kept) == i {
			kept = kept[:i+1]
		} else {
			kept = append(kept, *e)
		}
	}
	clear(b.events[len(kept):])
	b.events = kept
}

// find returns the event that has the id of another one. It is asked where their
// hashes say that there is one, which is rarely.
func (b *batch) find(events []event, of *event) *event {
	for i := range events {
		if e := &events[i]; e.hash == of.hash && b.id(e) == b.id(of) {
			return e
		}
	}
	return nil
}

// appendBody appends the parts of the body of a request with all events. In every
// store events are in order and each stands behind a Between, so those that follow
// each other in a page are one part, as they lie there.
func (b *batch) appendBody(to exchange.Body, f amazon.Frame) exchange.Body {
	to = append(to, []byte(f.Open))
	between := uint16(len(f.Between))
	var part place // without the first event's Between
	for i := range b.events {
		e := &b.events[i]
		if i == 0 {
			part = e.place
			continue
		}
		start := e.start - between
		if e.page == part.page && uint32(start) == part.end() {
			part.size += uint32(between) + e.size
			continue
		}
		to = append(to, b.store.encoded.at(part))
		part = place{spot{e.page, start}, e.size + uint32(between)}
	}
	return append(to, b.store.encoded.at(part), []byte(f.Close))
}

// prune drops the events whose records' assignments have ended, and returns how
// many records that were. Their next owners send them.
func (b *batch) prune() (gone int) {
	kept := b.events[:0]
	for i := range b.events {
		e := &b.events[i]
		n, dead := e.prune()
		gone += n
		if dead {
			b.bytes -= int(e.size)
			continue
		}
		if len(kept) == i { // it is where it was
			kept = kept[:i+1]
		} else {
			kept = append(kept, *e)
		}
	}
	clear(b.events[len(kept):])
	b.events = kept
	return gone
}

// halves splits the batch in two that share its store. It has two events at
// least.
func (b *batch) halves() (first, second *batch) {
	b.sole = false
	n := len(b.events) / 2
	// The capacity ends with the half, so that neither can grow into the other.
	return b.part(b.events[:n:n]), b.part(b.events[n:])
}

func (b *batch) part(events []event) *batch {
	p := &batch{trials: trials{history: b.history}, store: b.store, events: events, age: b.age}
	for i := range events {
		p.bytes += int(events[i].size)
	}
	return p
}

// copyOf moves some of the batch's events to a batch with a store of its own,
// so that one event that has to wait does not keep the memory of five hundred.
func (b *batch) copyOf(m *memory, events []event, f amazon.Frame) *batch {
	c := b.part(events)
	c.store, c.sole = &store{}, true
	c.events = m.events.Get(len(events))
	between := len(f.Between)
	left := c.bytes + len(events)*between
	for i, e := range events {
		// Its Between is before it in this store, too.
		piece := b.store.encoded.from(spot{e.page, e.start - uint16(between)})[:between+int(e.size)]
		e.place = c.store.addEncoded(m, piece, between, min(left, pageSize))
		left -= len(piece)
		c.store.keep(m, b.store, &e.stored, len(events)-i)
		others := slices.Clone(e.others())
		for j := range others {
			c.store.keep(m, b.store, &others[j], len(others)-j)
		}
		e.beside(others)
		e.named = c.store.addID(m, b.id(&events[i]))
		c.events = append(c.events, e)
	}
	c.store.events = c.events
	c.store.close(m)
	return c
}
