package batch

import (
	"math/bits"
	"slices"
)

// Claims are the event ids of the batches that a lane has in flight. A source may publish
// an id twice, in two batches. If they are sent one after the other, in the order of
// publication, Amazon removes the second. If they are sent at once, Amazon may answer one
// of them with a conflict, which would dead-letter a good event, and if they differ there
// is no way to tell which one was kept. So the later batch waits.
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

// idSet is a set of event ids, represented by their hashes: open addressing with eight
// bytes per slot and as many free slots as ids. Two ids with the same hash count as one,
// which for claims delays a batch needlessly about once in a billion years; callers that
// must be certain compare the ids.
type idSet struct {
	slots []uint64 // 0 is free
}

// slotsFor returns the number of slots for n ids.
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

// slot returns the slot that holds a hash, or the free slot for it.
func (s *idSet) slot(hash uint64) *uint64 {
	mask := uint64(len(s.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		if at := &s.slots[i]; *at == hash || *at == 0 {
			return at
		}
	}
}

// add returns false if the set already contains the hash.
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
