package history

import (
	"iter"
	"maps"
	"math/bits"
	"slices"
)

// Set is a set of records by partition and offset. It takes a bit for every offset
// between a partition's first and last, so that a set of many millions can be kept. Its
// zero value is empty.
type Set struct {
	partitions map[int32]*offsetBits
	len        int
}

type offsetBits struct {
	base  int64 // of the first word, a multiple of 64
	words []uint64
	end   int64
}

// Add adds the record at an offset. Those of a partition must be added in the order of
// their offsets.
func (s *Set) Add(partition int32, offset int64) {
	if s.partitions == nil {
		s.partitions = make(map[int32]*offsetBits)
	}
	p := s.partitions[partition]
	if p == nil {
		p = &offsetBits{base: offset &^ 63}
		s.partitions[partition] = p
	}
	at := offset - p.base
	for int64(len(p.words)) <= at/64 {
		p.words = append(p.words, 0)
	}
	if bit := uint64(1) << (at % 64); p.words[at/64]&bit == 0 {
		p.words[at/64] |= bit
		s.len++
	}
	p.end = max(p.end, offset+1)
}

// Remove removes a record from the set. The partition's End stays.
func (s *Set) Remove(partition int32, offset int64) {
	if !s.Has(partition, offset) {
		return
	}
	p := s.partitions[partition]
	at := offset - p.base
	p.words[at/64] &^= 1 << (at % 64)
	s.len--
}

// Has reports whether the record at an offset is in the set.
func (s *Set) Has(partition int32, offset int64) bool {
	p := s.partitions[partition]
	if p == nil || offset < p.base || offset >= p.end {
		return false
	}
	at := offset - p.base
	return p.words[at/64]&(1<<(at%64)) != 0
}

// End returns the offset after the last record that was added to a partition; 0 if none was.
func (s *Set) End(partition int32) int64 {
	if p := s.partitions[partition]; p != nil {
		return p.end
	}
	return 0
}

// Len returns the number of records.
func (s *Set) Len() int { return s.len }

// Partitions returns the partitions with records in the set, in order.
func (s *Set) Partitions() []int32 { return slices.Sorted(maps.Keys(s.partitions)) }

// Offsets returns those of a partition, in order.
func (s *Set) Offsets(partition int32) iter.Seq[int64] {
	return func(yield func(int64) bool) {
		p := s.partitions[partition]
		if p == nil {
			return
		}
		for i, word := range p.words {
			for ; word != 0; word &= word - 1 {
				if !yield(p.base + int64(i)*64 + int64(bits.TrailingZeros64(word))) {
					return
				}
			}
		}
	}
}
