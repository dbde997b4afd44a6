package schemas

import (
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"math"
	"sync/atomic"

	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/framing"
	"github.com/tracklayer/amazon-capi/schemas/program"
)

// maxCached bounds the memory of cached programs. A typical schema of events takes
// about 100 KB of it. The largest that is accepted takes 17 MiB, or 22 MiB where aliases
// lead to its records again and again, so that two of them fit beside the common ones: a
// topic may move from one to the next.
const maxCached = 48 << 20

// cache holds programs by the records' names for their schemas. It is replaced and never
// changed, so that records of known schemas need no lock.
type cache struct {
	entries map[framing.Ref]*cached
	// ids are the entries named by an id, as most are: a Ref takes several times as long
	// to look up. few are the others, while there are so few that comparing them one by
	// one is faster than a lookup in entries.
	ids   map[uint32]*cached
	few   []fewer
	bytes int64
	// epoch grows with each program that is added, and each second. An entry records the
	// epoch in which it was last used.
	epoch uint64
}

type cached struct {
	program.Program
	sum   [sha256.Size]byte // of the schema
	bytes int64
	added uint64 // epoch
	used  atomic.Uint64
	asked atomic.Int64 // when it was last asked for because a record could not be read; 0 never
	// hasRead is set once it has read a record, so that garbage does not replace it.
	hasRead atomic.Bool
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

// reads records that it has read a record. It writes once: other cores would have to
// reload what they share.
func (e *cached) reads() {
	if !e.hasRead.Load() {
		e.hasRead.Store(true)
	}
}

type fewer struct {
	ref    framing.Ref
	cached *cached
}

// maxFewer bounds few: a topic has a handful of schemas.
const maxFewer = 8

func (c *cache) use(e *cached) *cached {
	if e == nil {
		return nil
	}
	// Nearly always it is recorded already, and nothing is written that other cores would
	// have to reload.
	if e.used.Load() != c.epoch {
		e.used.Store(c.epoch)
	}
	return e
}

// anyEpoch is after all others: everything in the cache may be evicted.
const anyEpoch = math.MaxUint64

// with returns a cache with one more program, and the programs that it evicted to stay
// within most bytes: the least recently used of those not used in this or the previous
// epoch. A large program evicts large ones first; otherwise it would evict all the common
// ones in vain. If evicting them does not free enough, next is nil.
func (c *cache) with(ref framing.Ref, p loaded, most int64, before uint64) (next *cache, dropped []framing.Ref) {
	next = &cache{
		entries: make(map[framing.Ref]*cached, len(c.entries)+1), ids: make(map[uint32]*cached, len(c.ids)+1),
		bytes: c.bytes, epoch: c.epoch + 1,
	}
	maps.Copy(next.entries, c.entries)
	next.remove(ref)
	for next.bytes+p.bytes > most && len(next.entries) > 0 {
		which, e := next.oldest(before, p.bytes > largeSchema)
		if e == nil {
			return nil, nil
		}
		next.remove(which)
		dropped = append(dropped, which)
	}
	e := &cached{Program: p.Program, sum: p.sum, bytes: p.bytes, added: next.epoch}
	e.used.Store(next.epoch)
	next.entries[ref], next.bytes = e, next.bytes+p.bytes
	for ref, e := range next.entries {
		if ref.Kind == framing.ID {
			next.ids[uint32(ref.Number())] = e
		} else if len(next.few) < maxFewer {
			next.few = append(next.few, fewer{ref, e})
		}
	}
	return next, dropped
}

// aged returns the same cache in its next epoch.
func (c *cache) aged() *cache {
	next := *c
	next.epoch++
	return &next
}

func (c *cache) remove(ref framing.Ref) {
	if e := c.entries[ref]; e != nil {
		c.bytes -= e.bytes
		delete(c.entries, ref)
	}
}

// oldest returns the least recently used program, nil if all were used in this or the
// previous epoch; of several, the one added last, because one that has been in use for
// long is more likely to be used again. largeFirst: a common one only if no large one is
// left.
func (c *cache) oldest(before uint64, largeFirst bool) (which framing.Ref, oldest *cached) {
	for ref, e := range c.entries {
		if e.used.Load() < before && (oldest == nil || e.goesBefore(oldest, largeFirst)) {
			oldest, which = e, ref
		}
	}
	return which, oldest
}

func (e *cached) goesBefore(other *cached, largeFirst bool) bool {
	if large := e.bytes > largeSchema; largeFirst && large != (other.bytes > largeSchema) {
		return large
	}
	if a, b := e.used.Load(), other.used.Load(); a != b {
		return a < b
	}
	return e.added > other.added
}

// loaded is a program that was just made from a schema.
type loaded struct {
	program.Program
	sum   [sha256.Size]byte // of the schema
	bytes int64             // of memory
}

// sumOf is equal for schemas of equal texts.
func sumOf(s *avro.Schema) (sum [sha256.Size]byte) {
	h := sha256.New()
	for _, text := range append([]string{s.Text}, s.References...) {
		fmt.Fprintf(h, "%d:", len(text))
		io.WriteString(h, text)
	}
	return [sha256.Size]byte(h.Sum(nil))
}
