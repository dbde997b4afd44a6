package schemas

import (
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"sync/atomic"

	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/framing"
)

// maxCached bounds the memory of cached programs. A typical schema of events takes
// about 100 KB of it, and the largest that is accepted half of it.
const maxCached = 32 << 20

// cache holds programs by what records call their schemas. It is replaced and never
// changed, so that records of known schemas need no lock.
type cache struct {
	entries map[framing.Ref]*cached
	// ids are the entries that are called by an id, as most are: a Ref takes several
	// times as long to look up. few are the others, as far as comparing them one by
	// one is faster than a look into entries.
	ids   map[uint32]*cached
	few   []fewer
	bytes int64
	// epoch grows with each program that is added. An entry notes the epoch in which
	// it was last used.
	epoch uint64
}

type cached struct {
	program
	sum   [sha256.Size]byte // of the schema
	bytes int64
	added uint64 // epoch
	used  atomic.Uint64
}

// id returns the entry of an id, or nil.
func (c *cache) id(id uint32) *cached { return c.use(c.ids[id]) }

// get returns the entry of a schema, or nil.
func (c *cache) get(ref *framing.Ref) *cached {
	for i := range c.few {
		if f := &c.few[i]; f.ref == *ref {
			return c.use(f.cached)
		}
	}
	if len(c.entries) == len(c.few) {
		return nil
	}
	return c.use(c.entries[*ref])
}

type fewer struct {
	ref    framing.Ref
	cached *cached
}

// maxFewer is how many of them there are: a topic has a handful of schemas.
const maxFewer = 8

func (c *cache) use(e *cached) *cached {
	if e == nil {
		return nil
	}
	// Nearly always it is noted already; then nothing is written that other cores
	// would have to reload.
	if e.used.Load() != c.epoch {
		e.used.Store(c.epoch)
	}
	return e
}

// with returns a cache with one more program. The least recently used ones are left
// out if it would otherwise exceed most bytes; the new one stays whatever its size.
func (c *cache) with(ref framing.Ref, p loaded, most int64) *cache {
	next := &cache{
		entries: make(map[framing.Ref]*cached, len(c.entries)+1), ids: make(map[uint32]*cached, len(c.ids)+1),
		bytes: c.bytes, epoch: c.epoch + 1,
	}
	maps.Copy(next.entries, c.entries)
	next.remove(ref)
	for next.bytes+p.bytes > most && len(next.entries) > 0 {
		next.evict()
	}
	e := &cached{program: p.program, sum: p.sum, bytes: p.bytes, added: next.epoch}
	e.used.Store(next.epoch)
	next.entries[ref], next.bytes = e, next.bytes+p.bytes
	for ref, e := range next.entries {
		if ref.Kind == framing.ID {
			next.ids[uint32(ref.Number())] = e
		} else if len(next.few) < maxFewer {
			next.few = append(next.few, fewer{ref, e})
		}
	}
	return next
}

func (c *cache) remove(ref framing.Ref) {
	if e := c.entries[ref]; e != nil {
		c.bytes -= e.bytes
		delete(c.entries, ref)
	}
}

// evict removes the least recently used program; of several, the one added last,
// because one that has been in use for long is more likely to be used again.
func (c *cache) evict() {
	var oldest *cached
	var which framing.Ref
	for ref, e := range c.entries {
		if oldest != nil {
			a, b := e.used.Load(), oldest.used.Load()
			if a > b || a == b && e.added < oldest.added {
				continue
			}
		}
		oldest, which = e, ref
	}
	c.remove(which)
}

// loaded is a program that was made of a schema just now.
type loaded struct {
	program
	sum   [sha256.Size]byte // of the schema
	bytes int64             // of memory
}

// sumOf is the same for schemas of the same texts.
func sumOf(s *avro.Schema) (sum [sha256.Size]byte) {
	h := sha256.New()
	for _, text := range append([]string{s.Text}, s.References...) {
		fmt.Fprintf(h, "%d:", len(text))
		io.WriteString(h, text)
	}
	return [sha256.Size]byte(h.Sum(nil))
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
