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

// Pending is an event on its way to its lane, and the record that it was made of.
type Pending struct {
	verdict.Record
	Rec  *kgo.Record
	ID   string
	Hash uint64 // of the id
	Kept int    // how many bytes the original takes, at most
	End  int    // of its bytes in the feed's memory; they begin where the one before ends, after the frame's Between
}

// Stored is a record whose original is in its batch's store.
type Stored struct {
	verdict.Record
	original spot
}

// Event is an encoded event on its way, and the records it stands for: nearly
// always one, more when a batch got the same event id again.
type Event struct {
	Stored
	more  *[]Stored // nil if there are none
	hash  uint64    // of the id
	named span      // where the id is among the store's names
	place           // its bytes
}

// Others are the records that it stands for beside its own.
func (e *Event) Others() []Stored {
	if e.more == nil {
		return nil
	}
	return *e.more
}

// beside has it stand for these beside its own.
func (e *Event) beside(others []Stored) {
	e.more = nil
	if len(others) > 0 {
		more := others // here, so that events without any do not put it on the heap
		e.more = &more
	}
}

// prune removes the records whose assignment has ended and returns how many
// those were; the event is dead when none is left.
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
	Bytes  int    // of its events, without what the frame adds
	ids    *idSet // nil until it is wanted, of a batch that is part of another
	// sole is set while no other batch has its events in the same store.
	sole bool

	Due   time.Time // when an open batch has waited long enough
	small int       // how many bytes it is expected to become, if that is little
	// age is its place in the order in which batches were closed; parts of a
	// batch have the whole one's.
	Age uint64
}

// Kept is how many bytes of its records it keeps.
func (b *Batch) Kept() int { return b.store.kept }

// Original is what is kept of one of its records.
func (b *Batch) Original(r *Stored) deadletter.Original {
	return deadletter.ReadOriginal(b.store.originals.from(r.original))
}

// Encoded is an event as it is sent.
func (b *Batch) Encoded(e *Event) []byte { return b.store.encoded.at(e.place) }

// ID is an event's id, once the batch is closed.
func (b *Batch) ID(e *Event) string { return b.store.ids[e.named.start:e.named.end] }

// Add takes events, whose bytes begin there in buf, each behind that many bytes of the
// frame, and copies what is wanted of their records. The batch is not to become larger
// than most.
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

// pageSize is that of the next page. A batch that is expected to be small has a
// small one first: there can be thousands that are open.
func (b *Batch) pageSize(pages pages) int {
	if len(pages) == 0 && b.small > 0 {
		return b.small
	}
	return pageSize
}

// Close ends the batch's growth, and makes one event of those that have the same
// id; repeated is told of each, and whether their contents differ. Looking for
// them once for the whole batch, in a table that fits the processor's cache, costs
// a tenth of what looking for each as it came did.
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

// find returns the event that has the id of another one. It is asked where their
// hashes say that there is one, which is rarely.
func (b *Batch) find(events []Event, of *Event) *Event {
	for i := range events {
		if e := &events[i]; e.hash == of.hash && b.ID(e) == b.ID(of) {
			return e
		}
	}
	return nil
}

// AppendBody appends the parts of the body of a request with all events. In every
// store events are in order and each stands behind a Between, so those that follow
// each other in a page are one part, as they lie there.
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

// Prune drops the events whose records' assignments have ended, and returns how
// many records that were. Their next owners send them.
func (b *Batch) Prune() (gone int) {
	kept := b.Events[:0]
	for i := range b.Events {
		e := &b.Events[i]
		n, dead := e.prune()
		gone += n
		if dead {
			b.Bytes -= int(e.size)
			continue
		}
		if len(kept) == i { // it is where it was
			kept = kept[:i+1]
		} else {
			kept = append(kept, *e)
		}
	}
	clear(b.Events[len(kept):])
	b.Events = kept
	return gone
}

// Halves splits the batch in two that share its store. It has two events at
// least.
func (b *Batch) Halves() (first, second *Batch) {
	b.sole = false
	n := len(b.Events) / 2
	// The capacity ends with the half, so that neither can grow into the other.
	return b.part(b.Events[:n:n]), b.part(b.Events[n:])
}

func (b *Batch) part(events []Event) *Batch {
	p := &Batch{Trials: Trials{History: b.History}, store: b.store, Events: events, Age: b.Age}
	for i := range events {
		p.Bytes += int(events[i].size)
	}
	return p
}

// CopyOf moves some of the batch's events to a batch with a store of its own,
// so that one event that has to wait does not keep the memory of five hundred.
func (b *Batch) CopyOf(m *Memory, events []Event, f amazon.Frame) *Batch {
	c := b.part(events)
	c.store, c.sole = &store{}, true
	c.Events = m.events.Get(len(events))
	between := len(f.Between)
	left := c.Bytes + len(events)*between
	for i, e := range events {
		// Its Between is before it in this store, too.
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
