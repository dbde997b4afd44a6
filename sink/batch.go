package sink

import (
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// record is one record whose verdict hangs on an event.
type record struct {
	token  Token
	record *kgo.Record
}

// live tells whether the record's assignment is still ours. Records without an
// owner, which tools send, always are.
func (r *record) live() bool { return r.token.Owner == nil || r.token.Owner.Live() }

// event is an encoded event on its way, and the records it stands for: nearly
// always one, more when a batch got the same event id again.
type event struct {
	record
	more       []record
	id         string
	start, end int // its bytes in the store
	attempts   int // requests it took part in
	// When an answer first and last failed it, in Unix milliseconds; 0 means
	// never.
	firstFailure, lastFailure int64
	firstSent                 time.Time
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

// store is the memory of a batch: the bytes of its events, one after the other,
// which every try sends again.
type store struct {
	buf    []byte
	events []event
	ids    map[string]int // event id to place in events, while the batch is open
}

// batch is a set of events that goes in one request.
type batch struct {
	store  *store
	events []event
	bytes  int // of its events, without what the frame adds
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

// find returns the event of that id, for as long as the batch is open.
func (b *batch) find(id string) *event {
	if i, ok := b.store.ids[id]; ok {
		return &b.events[i]
	}
	return nil
}

func (b *batch) add(r record, id string, encoded []byte) {
	s := b.store
	start := len(s.buf)
	s.buf = append(s.buf, encoded...)
	s.ids[id] = len(b.events)
	b.events = append(b.events, event{record: r, id: id, start: start, end: len(s.buf)})
	b.bytes += len(encoded)
}

// close ends the batch's growth. The ids go at once: they would keep memory of
// the records' from being freed.
func (b *batch) close() {
	b.store.events = b.events
	clear(b.store.ids)
}

// appendBody appends the body of a request with all events.
func (b *batch) appendBody(dst []byte, f Frame) []byte {
	dst = append(dst, f.Open...)
	for i := range b.events {
		if i > 0 {
			dst = append(dst, f.Between...)
		}
		dst = append(dst, b.encoded(&b.events[i])...)
	}
	return append(dst, f.Close...)
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
			b.bytes -= e.end - e.start
			continue
		}
		kept = append(kept, *e)
	}
	clear(b.events[len(kept):])
	b.events = kept
	return gone
}

func (b *batch) anyDead() bool {
	for i := range b.events {
		e := &b.events[i]
		if !e.record.live() || slices.ContainsFunc(e.more, func(r record) bool { return !r.live() }) {
			return true
		}
	}
	return false
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
	p := &batch{store: b.store, events: events, age: b.age}
	for i := range events {
		p.bytes += events[i].end - events[i].start
	}
	return p
}

// copyOf moves some of the batch's events to a batch with a store of its own,
// so that one event that has to wait does not keep the memory of five hundred.
func (b *batch) copyOf(events []event) *batch {
	c := &batch{store: &store{}, sole: true, age: b.age}
	size := 0
	for i := range events {
		size += events[i].end - events[i].start
	}
	c.store.buf = make([]byte, 0, size)
	c.events = make([]event, len(events))
	for i, e := range events {
		start := len(c.store.buf)
		c.store.buf = append(c.store.buf, b.encoded(&e)...)
		e.start, e.end = start, len(c.store.buf)
		c.events[i] = e
	}
	c.bytes = size
	return c
}

// sent counts an attempt of every event, and completes what their receipt says
// of the request.
func (b *batch) sent(r *request) {
	for i := range b.events {
		e := &b.events[i]
		e.attempts++
		if e.firstSent.IsZero() {
			e.firstSent = r.sent
		}
		r.firstSent, r.attempts = e.firstSent, e.attempts
	}
}

// failed notes the time of a failure.
func (b *batch) failed(now time.Time) {
	for i := range b.events {
		b.events[i].failed(now)
	}
}

func (e *event) failed(now time.Time) {
	e.lastFailure = now.UnixMilli()
	if e.firstFailure == 0 {
		e.firstFailure = e.lastFailure
	}
}
