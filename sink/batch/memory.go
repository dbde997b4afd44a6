package batch

import (
	"sync"
	"time"

	"github.com/tracklayer/amazon-capi/internal/slicepool"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// maxSpare is the largest piece of memory that is kept for reuse; larger pieces are rare.
const maxSpare = 1 << 20

// Memory is the pooled memory of batches and verdicts. Each is about a hundred kilobytes
// and lives for as long as Amazon takes to answer.
type Memory struct {
	Bytes    slicepool.Slices[byte]
	events   slicepool.Slices[Event]
	hashes   slicepool.Slices[uint64]
	Verdicts slicepool.Slices[verdict.Verdict]
	ids      sync.Pool // *idSet
}

// NewMemory returns an empty pool.
func NewMemory() *Memory {
	m := &Memory{}
	m.Bytes.Most = maxSpare
	m.ids.New = func() any { return &idSet{} }
	return m
}

// Trim releases what was not used since the last call.
func (m *Memory) Trim() {
	m.Bytes.Trim()
	m.events.Trim()
	m.hashes.Trim()
	m.Verdicts.Trim()
}

// NewBatch returns an empty batch that is expected to become as large as one with that
// many events and bytes.
func (m *Memory) NewBatch(due time.Time, events, bytes int) *Batch {
	b := &Batch{store: &store{}, Events: m.events.Get(events), sole: true, Due: due}
	if bytes < pageSize {
		b.small = max(bytes, smallPage)
	}
	return b
}

// growEvents makes room for more events, for at most that many in all. A slice of more than a few
// events gets its final size at once: intermediate sizes would only remain unused in the
// pool.
func (m *Memory) growEvents(events []Event, more, most int) []Event {
	const few = 64
	n := len(events) + more
	if n > few && n < most && n > cap(events) {
		more = most - len(events)
	}
	return m.events.Grow(events, more)
}

// Release returns a batch's memory to the pool. Halves share theirs and leave it to the
// garbage collector.
func (m *Memory) Release(b *Batch) {
	if !b.sole {
		return
	}
	s := b.store
	if s.events == nil {
		s.events = b.Events // it was never closed
	}
	b.store, b.Events, b.ids = nil, nil, nil
	clear(s.events)
	m.events.Put(s.events)
	m.hashes.Put(s.hashes.slots)
	m.Bytes.Put(s.names)
	for _, p := range s.encoded {
		m.Bytes.Put(p)
	}
	for _, p := range s.originals {
		m.Bytes.Put(p)
	}
	*s = store{}
}

// GiveBack returns the memory of verdicts to the pool.
func (m *Memory) GiveBack(vs []verdict.Verdict) {
	clear(vs)
	m.Verdicts.Put(vs)
}
