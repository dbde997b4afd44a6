package schemas

import (
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"maps"
	"sync/atomic"
)

// maxCached bounds the memory of cached programs. A typical schema of events takes
// about 100 KB of it, and the largest that is accepted half of it.
const maxCached = 32 << 20

// cache holds programs by schema id. It is replaced and never changed, so that records
// of known schemas need no lock.
type cache struct {
	entries map[uint32]*cached
	bytes   int64
	// epoch grows with each program that is added. An entry notes the epoch in which
	// it was last used.
	epoch uint64
}

type cached struct {
	program
	bytes int64
	added uint64 // epoch
	used  atomic.Uint64
}

// get returns the program of an id, or nil.
func (c *cache) get(id uint32) program {
	e := c.entries[id]
	if e == nil {
		return nil
	}
	// Nearly always it is noted already; then nothing is written that other cores
	// would have to reload.
	if e.used.Load() != c.epoch {
		e.used.Store(c.epoch)
	}
	return e.program
}

// with returns a cache with one more program. The least recently used ones are left
// out if it would otherwise exceed most bytes; the new one stays whatever its size.
func (c *cache) with(id uint32, p program, bytes, most int64) *cache {
	next := &cache{entries: make(map[uint32]*cached, len(c.entries)+1), bytes: c.bytes, epoch: c.epoch + 1}
	maps.Copy(next.entries, c.entries)
	if old := next.entries[id]; old != nil {
		next.bytes -= old.bytes
		delete(next.entries, id)
	}
	for next.bytes+bytes > most && len(next.entries) > 0 {
		next.evict()
	}
	e := &cached{program: p, bytes: bytes, added: next.epoch}
	e.used.Store(next.epoch)
	next.entries[id], next.bytes = e, next.bytes+bytes
	return next
}

// evict removes the least recently used program; of several, the one added last,
// because one that has been in use for long is more likely to be used again.
func (c *cache) evict() {
	var oldest *cached
	var which uint32
	for id, e := range c.entries {
		if oldest != nil {
			a, b := e.used.Load(), oldest.used.Load()
			if a > b || a == b && e.added < oldest.added {
				continue
			}
		}
		oldest, which = e, id
	}
	c.bytes -= oldest.bytes
	delete(c.entries, which)
}

// cost estimates the memory of a schema's program. A test checks that it is not too
// low.
func cost(s *avro.Schema, parts int) int64 {
	const base, perPart, perByte = 16 << 10, 650, 4
	size := len(s.Text)
	for _, ref := range s.References {
		size += len(ref)
	}
	return base + perPart*int64(parts) + perByte*int64(size)
}
