package batch

import (
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/sink/deadletter"
	"github.com/tracklayer/amazon-capi/sink/exchange"
)

// Pending is an event on its way to its lane, with the record that it was made from.
type Pending struct {
	verdict.Record
	Rec  *kgo.Record
	ID   string
	Hash uint64 // of the id
	Kept int    // upper bound of the original's size in bytes
	End  int    // of its bytes in the feed's memory; they begin after the previous event and the frame's Between
}

// Stored is a record whose original is in its batch's store.
type Stored struct {
	verdict.Record
	original spot
}

// Event is an encoded event and the records it stands for: nearly always one, more if a
// batch received the same event id again.
type Event struct {
	Stored
	more  *[]Stored // nil if there are none
	hash  uint64    // of the id
	named span      // where the id is among the store's names
	place           // its bytes
}

// Others are the records that it stands for in addition to its own.
func (e *Event) Others() []Stored {
	if e.more == nil {
		return nil
	}
	return *e.more
}

// beside adds these records to those it stands for.
func (e *Event) beside(others []Stored) {
	e.more = nil
	if len(others) > 0 {
		more := others // here, so that an event without any is not moved to the heap
		e.more = &more
	}
}

// prune removes the records whose assignment has ended and returns how many it removed;
// the event is dead when none is left.
func (e *Event) prune() (gone int, dead bool) {
	if e.more == nil {
		if e.Live() {
			return 0, false
		}
		return 1, true
	}
	all := 1 + len(*e.more)
	others := slices.DeleteFunc(*e.more, func(r Stored) bool { return !r.Live() })
	if !e.Live() {
		if len(others) == 0 {
			return all, true
		}
		e.Stored, others = others[0], others[1:]
	}
	e.beside(others)
	return all - 1 - len(others), false
}

// Batch is a set of events that goes in one request.
type Batch struct {
	Trials
	store  *store
	Events []Event
	Bytes  int    // of its events, without the frame
	ids    *idSet // nil until needed, if the batch is a part of another
	// sole is set while no other batch shares its store.
	sole bool

	// AsOf is the version of the list of erased events by which none of them is on it.
	AsOf uint64

	Due   time.Time // when an open batch must be sent
	small int       // the expected size in bytes, if small
	// age is its position in the order in which batches were closed; parts of a batch
	// keep the whole batch's.
	Age uint64
}

// Kept returns how many bytes of its records it keeps.
func (b *Batch) Kept() int { return b.store.kept }

// Original returns what is kept of one of its records.
func (b *Batch) Original(r *Stored) deadletter.Original {
	return deadletter.ReadOriginal(b.store.originals.from(r.original))
}

// Encoded returns an event as it is sent.
func (b *Batch) Encoded(e *Event) []byte { return b.store.encoded.at(e.place) }

// ID returns an event's id; the batch must be closed.
func (b *Batch) ID(e *Event) string { return b.store.ids[e.named.start:e.named.end] }

// Add takes events, whose bytes begin at that offset in buf, each behind that many bytes
// of the frame, and copies what it needs of their records. most bounds the memory reserved
// for events.
func (b *Batch) Add(m *Memory, events []Pending, buf []byte, between, most, start int) {
	s := b.store
	b.Events = m.growEvents(b.Events, len(events), most)
	for i := range events {
		p := &events[i]
		e := Event{hash: p.Hash}
		e.Record = p.Record
		e.place = s.addEncoded(m, buf[start:p.End], between, b.pageSize(s.encoded))
		e.original = s.addOriginal(m, deadletter.OriginalOf(p.Rec), p.Kept, b.pageSize(s.originals))
		e.named = s.addID(m, p.ID)
		b.Events = append(b.Events, e)
		b.Bytes += int(e.size)
		start = p.End
	}
}

// pageSize returns the size of the next page. A batch that is expected to stay small
// starts with a small page, because thousands may be open at once.
func (b *Batch) pageSize(pages pages) int {
	if len(pages) == 0 && b.small > 0 {
		return b.small
	}
	return pageSize
}

// Close ends the batch's growth and merges events with the same id; it calls repeated
// for each, and says whether their contents differ. Searching the whole batch once, in a
// table that fits into the processor's cache, costs a tenth of a search for each event as
// it arrives.
func (b *Batch) Close(m *Memory, repeated func(differs bool)) {
	b.store.events = b.Events
	b.store.close(m)
	b.ids = &b.store.hashes
	b.ids.slots = m.hashes.Get(slotsFor(len(b.Events)))
	b.ids.reset(len(b.Events))
	kept := b.Events[:0]
	for i := range b.Events {
		e := &b.Events[i]
		if !b.ids.add(e.hash) {
			if first := b.find(kept, e); first != nil {
				repeated(string(b.Encoded(first)) != string(b.Encoded(e)))
				first.beside(append(first.Others(), e.Stored))
				b.Bytes -= int(e.size)
				continue
			}
		}
		if len(kept) == i {
			kept = kept[:i+1]
		} else {
			kept = append(kept, *e)
		}
	}
	clear(b.Events[len(kept):])
	b.Events = kept
}

// find returns the event with the same id as another one. It is called only if a hash
// matches, which is rare.
func (b *Batch) find(events []Event, of *Event) *Event {
	for i := range events {
		if e := &events[i]; e.hash == of.hash && b.ID(e) == b.ID(of) {
			return e
		}
	}
	return nil
}

// AppendBody appends the parts of a request body with all events. In every store events
// are in order and each stands behind a Between, so consecutive events in a page form a
// single part and are not copied.
func (b *Batch) AppendBody(to exchange.Body, f amazon.Frame) exchange.Body {
	to = append(to, []byte(f.Open))
	between := uint16(len(f.Between))
	var part place // without the first event's Between
	for i := range b.Events {
		e := &b.Events[i]
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

// Prune drops the events whose records' assignments have ended and returns the number of
// records dropped. Their next owners send them.
func (b *Batch) Prune() (gone int) {
	b.Drop(func(e *Event) bool {
		n, dead := e.prune()
		gone += n
		return dead
	})
	return gone
}

// Drop removes the events that are not wanted.
func (b *Batch) Drop(unwanted func(*Event) bool) {
	kept := b.Events[:0]
	for i := range b.Events {
		e := &b.Events[i]
		if unwanted(e) {
			b.Bytes -= int(e.size)
			continue
		}
		if len(kept) == i { // it stays in place
			kept = kept[:i+1]
		} else {
			kept = append(kept, *e)
		}
	}
	clear(b.Events[len(kept):])
	b.Events = kept
}

// Halves splits the batch in two that share its store. It must have at least two events.
func (b *Batch) Halves() (first, second *Batch) {
	b.sole = false
	n := len(b.Events) / 2
	// The capacity ends with the half, so that neither half can overwrite the other.
	return b.part(b.Events[:n:n]), b.part(b.Events[n:])
}

func (b *Batch) part(events []Event) *Batch {
	p := &Batch{Trials: Trials{History: b.History}, store: b.store, Events: events, AsOf: b.AsOf, Age: b.Age}
	for i := range events {
		p.Bytes += int(events[i].size)
	}
	return p
}

// CopyOf moves some of the batch's events to a batch with a store of its own, so that
// one event that has to wait does not retain the memory of five hundred.
func (b *Batch) CopyOf(m *Memory, events []Event, f amazon.Frame) *Batch {
	c := b.part(events)
	c.store, c.sole = &store{}, true
	c.Events = m.events.Get(len(events))
	between := len(f.Between)
	left := c.Bytes + len(events)*between
	for i, e := range events {
		// Its Between precedes it in this store, too.
		piece := b.store.encoded.from(spot{e.page, e.start - uint16(between)})[:between+int(e.size)]
		e.place = c.store.addEncoded(m, piece, between, min(left, pageSize))
		left -= len(piece)
		c.store.keep(m, b.store, &e.Stored, len(events)-i)
		others := slices.Clone(e.Others())
		for j := range others {
			c.store.keep(m, b.store, &others[j], len(others)-j)
		}
		e.beside(others)
		e.named = c.store.addID(m, b.ID(&events[i]))
		c.Events = append(c.Events, e)
	}
	c.store.events = c.Events
	c.store.close(m)
	return c
}
