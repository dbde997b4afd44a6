package sink

import (
	"sync"
	"time"

	"github.com/tracklayer/amazon-capi/internal/slicepool"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// maxSpare is the largest piece of memory that is kept for later: of what is larger
// there are few.
const maxSpare = 1 << 20

// memory is what batches and verdicts are made of. They are a hundred kilobytes
// each and live for as long as Amazon takes, so they are lent and taken back.
type memory struct {
	bytes    slicepool.Slices[byte]
	events   slicepool.Slices[event]
	hashes   slicepool.Slices[uint64]
	verdicts slicepool.Slices[verdict.Verdict]
	ids      sync.Pool // *idSet
}

func newMemory() *memory {
	m := &memory{}
	m.bytes.Most = maxSpare
	m.ids.New = func() any { return &idSet{} }
	return m
}

// trim gives up what nobody needed since the last time.
func (m *memory) trim() {
	m.bytes.Trim()
	m.events.Trim()
	m.hashes.Trim()
	m.verdicts.Trim()
}

// newBatch returns an empty batch that is expected to become like one with that
// many events and bytes.
func (m *memory) newBatch(due time.Time, events, bytes int) *batch {
	b := &batch{store: &store{}, events: m.events.Get(events), sole: true, due: due}
	if bytes < pageSize {
		b.small = max(bytes, smallPage)
	}
	return b
}

// growEvents makes room for more events of at most that many. What has become more
// than a few becomes as large as it can be: the sizes in between would only lie
// about afterwards.
func (m *memory) growEvents(events []event, more, most int) []event {
	const few = 64
	n := len(events) + more
	if n > few && n < most && n > cap(events) {
		more = most - len(events)
	}
	return m.events.Grow(events, more)
}

// release takes a batch's memory back. Halves share theirs and leave it to the
// garbage collector.
func (m *memory) release(b *batch) {
	if !b.sole {
		return
	}
	s := b.store
	if s.events == nil {
		s.events = b.events // it was never closed
	}
	b.store, b.events, b.ids = nil, nil, nil
	clear(s.events)
	m.events.Put(s.events)
	m.hashes.Put(s.hashes.slots)
	m.bytes.Put(s.names)
	for _, p := range s.encoded {
		m.bytes.Put(p)
	}
	for _, p := range s.originals {
		m.bytes.Put(p)
	}
	*s = store{}
}

// giveBack takes the memory of verdicts back.
func (m *memory) giveBack(vs []verdict.Verdict) {
	clear(vs)
	m.verdicts.Put(vs)
}
