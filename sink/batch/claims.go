package batch

import (
	"math/bits"
	"slices"
)

// Claims are the batches that a lane has in flight, for their event ids. A
// source may publish an id twice, and two batches get it: one after the other,
// as they were published, Amazon removes the second. At the same moment it may
// answer one with a conflict, which would make a dead letter of a good event,
// and of two that differ nobody could say which was kept. So the later batch
// waits.
type Claims []*Batch

// Take claims the ids of a batch, all or none.
func (c *Claims) Take(b *Batch, m *Memory) bool {
	for _, other := range *c {
		for i := range b.Events {
			if other.ids.has(b.Events[i].hash) {
				return false
			}
		}
	}
	if b.ids == nil {
		b.ids = m.ids.Get().(*idSet)
		b.ids.reset(len(b.Events))
		for i := range b.Events {
			b.ids.add(b.Events[i].hash)
		}
	}
	*c = append(*c, b)
	return true
}

// Release ends the claims of a batch.
func (c *Claims) Release(b *Batch, m *Memory) {
	*c = slices.DeleteFunc(*c, func(other *Batch) bool { return other == b })
	if b.ids != &b.store.hashes {
		m.ids.Put(b.ids)
		b.ids = nil
	}
}

// idSet is a set of event ids, known by their hashes alone: open addressing, with
// a slot of eight bytes per id and as many free ones. Two ids with one hash are
// taken for the same, which for claims means that a batch waits although it need
// not, once in some billion years; who must be sure compares the ids.
type idSet struct {
	slots []uint64 // 0 is free
}

// slotsFor is how many slots n ids need.
func slotsFor(n int) int { return 1 << bits.Len(uint(2*n)) }

// reset empties the set and makes room for n ids.
func (s *idSet) reset(n int) {
	size := slotsFor(n)
	if cap(s.slots) < size {
		s.slots = make([]uint64, size)
		return
	}
	s.slots = s.slots[:size]
	clear(s.slots)
}

// slot returns where a hash is, or where it belongs.
func (s *idSet) slot(hash uint64) *uint64 {
	mask := uint64(len(s.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		if at := &s.slots[i]; *at == hash || *at == 0 {
			return at
		}
	}
}

// add returns false if the hash is in the set already.
func (s *idSet) add(hash uint64) bool {
	hash = max(hash, 1) // 0 is a free slot
	at := s.slot(hash)
	if *at == hash {
		return false
	}
	*at = hash
	return true
}

func (s *idSet) has(hash uint64) bool {
	hash = max(hash, 1)
	return *s.slot(hash) == hash
}
