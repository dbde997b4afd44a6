package sink

import (
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// record is one record whose verdict hangs on an event.
type record struct {
	token  Token
	record *kgo.Record
	source Source
}

func newRecord(tok Token, r *kgo.Record) record { return record{tok, r, SourceOf(r)} }

// live tells whether the record's assignment is still ours. Records without an
// owner, which tools send, always are.
func (r *record) live() bool { return r.token.Owner == nil || r.token.Owner.Live() }

// event is an encoded event on its way, and the records it stands for: nearly
// always one, more when a batch got the same event id again.
type event struct {
	record
	more       []record
	id         string
	hash       uint64 // of the id
	start, end uint32 // its bytes in the store
}

// history is what has happened to a batch. All its events share it: batches are
// split, and events leave them, but none ever joins one that was sent.
type history struct {
	attempts  int // requests that it took part in
	firstSent time.Time
	// When an answer first and last failed it, in Unix milliseconds; 0 means
	// never.
	firstFailure, lastFailure int64
}

// sent counts an attempt, and completes what the receipts of its events say of
// the request.
func (h *history) sent(r *request) {
	h.attempts++
	if h.firstSent.IsZero() {
		h.firstSent = r.sent
	}
	r.firstSent, r.attempts = h.firstSent, h.attempts
}

// failed notes the time of a failure.
func (h *history) failed(now time.Time) {
	h.lastFailure = now.UnixMilli()
	if h.firstFailure == 0 {
		h.firstFailure = h.lastFailure
	}
}

// prune removes the records whose assignment has ended and returns how many
// those were; the event is dead when none is left.
func (e *event) prune() (gone int, dead bool) {
	for !e.record.live() {
		gone++
		if len(e.more) == 0 {
			return gone, true
		}
		e.record, e.more = e.more[0], e.more[1:]
	}
	if len(e.more) == 0 {
		return gone, false
	}
	kept := e.more[:0]
	for _, r := range e.more {
		if r.live() {
			kept = append(kept, r)
		}
	}
	gone += len(e.more) - len(kept)
	clear(e.more[len(kept):])
	e.more = kept
	return gone, false
}

// store is the memory of a batch: the bytes of its events, one after the other and
// each behind the frame's Between, which every try sends again.
type store struct {
	buf    []byte
	events []event
	ids    idSet // of the events, from when the batch was closed
}

// batch is a set of events that goes in one request.
type batch struct {
	history
	store  *store
	events []event
	bytes  int    // of its events, without what the frame adds
	ids    *idSet // nil until it is wanted, of a batch that is part of another
	// sole is set while no other batch has its events in the same store.
	sole bool

	due time.Time // when an open batch has waited long enough
	// age is its place in the order in which batches were closed; parts of a
	// batch have the whole one's.
	age uint64

	tries int // how often in a row it failed or was put off, since its last rest
	// Of a batch that was set aside, because Amazon wants its events later, did
	// not mention them, or takes others but not these:
	apart     bool
	notBefore time.Time
	stuck     bool // for a whole round of tries

	// renewed is set when it was sent again with a new token after a 401.
	renewed bool
}

func (b *batch) encoded(e *event) []byte { return b.store.buf[e.start:e.end] }

// add takes events whose encodings follow each other in a feed's memory from that
// place on, each after the frame's Between. That stays: the events of a batch are
// then a request's body but for its beginning and end.
func (b *batch) add(events []pending, encoded []byte, from int, f Frame) {
	s := b.store
	start := uint32(len(s.buf) + len(f.Between))
	shift := len(s.buf) - from
	s.buf = append(s.buf, encoded...)
	for i := range events {
		p := &events[i]
		end := uint32(p.end + shift)
		b.events = append(b.events, event{record: p.record, id: p.id, hash: p.hash, start: start, end: end})
		start = end + uint32(len(f.Between))
	}
	b.bytes += len(encoded) - len(events)*len(f.Between)
}

// close ends the batch's growth, and makes one event of those that have the same
// id; repeated is told of each, and whether their contents differ. Looking for
// them once for the whole batch, in a table that fits the processor's cache, costs
// a tenth of what looking for each as it came did.
func (b *batch) close(repeated func(differs bool)) {
	b.store.events = b.events
	b.ids = &b.store.ids
	b.ids.reset(len(b.events))
	kept := b.events[:0]
	for i := range b.events {
		e := &b.events[i]
		if !b.ids.add(e.hash) {
			if first := find(kept, e); first != nil {
				repeated(string(b.encoded(first)) != string(b.encoded(e)))
				first.more = append(first.more, e.record)
				b.bytes -= int(e.end - e.start)
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
func find(events []event, of *event) *event {
	for i := range events {
		if e := &events[i]; e.hash == of.hash && e.id == of.id {
			return e
		}
	}
	return nil
}

// body is that of a request with all events. In every store events are in order
// and each stands behind a Between, so they follow each other as they are sent just
// if they take as much room. Where some have left the batch, or were merged, it is
// put together in spare, which is returned as it is then.
func (b *batch) body(f Frame, spare []byte) (_ body, _ []byte) {
	n := len(b.events)
	if all := b.store.buf[b.events[0].start:b.events[n-1].end]; len(all) == f.size(n, b.bytes)-f.size(0, 0) {
		return body{[]byte(f.Open), all, []byte(f.Close)}, spare
	}
	spare = spare[:0]
	for i := range b.events {
		if i > 0 {
			spare = append(spare, f.Between...)
		}
		spare = append(spare, b.encoded(&b.events[i])...)
	}
	return body{[]byte(f.Open), spare, []byte(f.Close)}, spare
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
			b.bytes -= int(e.end - e.start)
			continue
		}
		kept = append(kept, *e)
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
	p := &batch{history: b.history, store: b.store, events: events, age: b.age}
	for i := range events {
		p.bytes += int(events[i].end - events[i].start)
	}
	return p
}

// copyOf moves some of the batch's events to a batch with a store of its own,
// so that one event that has to wait does not keep the memory of five hundred.
func (b *batch) copyOf(events []event, f Frame) *batch {
	c := b.part(events)
	c.store, c.sole = &store{buf: make([]byte, 0, c.bytes+len(events)*len(f.Between))}, true
	c.events = make([]event, len(events))
	for i, e := range events {
		c.store.buf = append(c.store.buf, f.Between...)
		start := len(c.store.buf)
		c.store.buf = append(c.store.buf, b.encoded(&e)...)
		e.start, e.end = uint32(start), uint32(len(c.store.buf))
		c.events[i] = e
	}
	return c
}
