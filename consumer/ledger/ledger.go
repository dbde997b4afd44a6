package ledger

import (
	"iter"
	"math/bits"
	"slices"
)

// Ledger records what an assignment took and what of it has a final verdict, and returns
// how far the partition may be committed: to the first record without one.
//
// Records are identified by their sequence number within the assignment, not by their
// offset: offsets have holes (compaction, transaction markers), sequence numbers have
// none, so that settling is two shifts and a bit. Entries lie in segments, and a segment
// whose records are all settled returns its memory although an earlier record still holds
// the prefix: one event that waits for hours while a hundred million pass it costs 48
// bytes per 512 of them. A segment with few records left keeps only those, because the
// events of a profile that Amazon has stopped accepting are spread over all segments.
//
// Not safe for concurrent use; the assignment's lock guards it.
type Ledger struct {
	slots []slot // the first holds seq base
	base  uint64 // first seq of slots[0], a multiple of segmentLen
	next  uint64 // seq of the next record taken

	retired Mark     // the last record of the segments that left at the front
	last    Mark     // the last record taken
	spare   *segment // a retired segment, for the next
	changes uint64   // how many were ever settled
	undone  int      // records taken and not settled
	bytes   int64

	losses []loss // of records that are still in slots
	floor  int64  // the offset at which the brokers' last loss began
}

// loss means that brokers lost the end of the log: the records from that offset on of
// those taken before seq no longer exist. They still get their verdicts, but hold nothing
// back and prove nothing: other records are at their offsets now.
type loss struct {
	from int64
	seq  uint64
}

const (
	segmentBits = 9
	segmentLen  = 1 << segmentBits
)

// slot is a segment's place. Its segment is nil once nearly all of it is settled, and the
// rest has moved to rest.
type slot struct {
	seg  *segment
	rest *rest
	end  Mark // the segment's last record, set when it is full
}

// rest is what is left of a segment, in order.
type rest struct {
	left       []residue
	firstTaken int64
}

// residue is a record without a verdict.
type residue struct {
	Mark
	size int32
	at   int32 // its place in the segment
}

// maxRest is how many records may be left of a segment for it to become a rest, which is
// then at most a quarter of its size.
const maxRest = segmentLen / 4

type segment struct {
	marks   [segmentLen]Mark
	sizes   [segmentLen]int32
	done    [segmentLen / 64]uint64
	taken   int
	settled int
	// firstTaken is the timestamp (Unix ms) of the segment's first record: accurate
	// enough for the lag in seconds, and one word instead of one per record.
	firstTaken int64
}

// Mark is a position in a partition: a record's offset and its leader epoch.
type Mark struct {
	Offset int64
	Epoch  int32
}

// NoMark is before any record.
var NoMark = Mark{Offset: -1, Epoch: -1}

// New returns an empty ledger.
func New() Ledger { return Ledger{retired: NoMark, last: NoMark} }

// Last returns the last record taken.
func (l *Ledger) Last() Mark { return l.last }

// Next returns the sequence number of the next record taken; 0 before the first.
func (l *Ledger) Next() uint64 { return l.next }

// Undone returns how many records were taken and have no verdict.
func (l *Ledger) Undone() int { return l.undone }

// Bytes returns their memory.
func (l *Ledger) Bytes() int64 { return l.bytes }

// Changes returns a number that differs once there is something new to commit.
func (l *Ledger) Changes() uint64 { return l.changes }

// Touch makes the next commit happen although nothing was settled.
func (l *Ledger) Touch() { l.changes++ }

// Begin sets where the first record will be taken from.
func (l *Ledger) Begin(offset int64) {
	l.last = Mark{offset - 1, -1}
	l.retired = l.last
}

// Skip notes that no records are left up to that offset, except those that were taken.
func (l *Ledger) Skip(to int64) {
	if to-1 > l.last.Offset {
		l.last = Mark{to - 1, -1}
		l.changes++
	}
}

// Lose notes that the records from that offset on are lost. What is taken next begins there.
func (l *Ledger) Lose(from int64) {
	if from > l.last.Offset {
		return
	}
	l.losses = append(l.losses, loss{from, l.next})
	l.last = Mark{from - 1, -1}
	if l.retired.Offset >= from {
		l.retired = l.last
	}
	l.floor = from
	l.changes++ // the offset to commit goes back
}

// Lost reports whether the record that was taken with that number is lost.
func (l *Ledger) Lost(seq uint64, offset int64) bool {
	for _, x := range l.losses {
		if seq < x.seq && offset >= x.from {
			return true
		}
	}
	return false
}

// Take adds a record and returns its sequence number. Offsets must rise, except for a
// loss in between.
func (l *Ledger) Take(m Mark, size int32, timestamp int64) uint64 {
	seq := l.next
	i := int((seq - l.base) >> segmentBits)
	if i == len(l.slots) {
		l.slots = append(l.slots, slot{seg: l.segment()})
		l.slots[i].seg.firstTaken = timestamp
	}
	s := l.slots[i].seg
	s.marks[s.taken], s.sizes[s.taken] = m, size
	s.taken++
	if s.taken == segmentLen {
		l.slots[i].end = m
	}
	l.next++
	l.last = m
	l.undone++
	l.bytes += int64(size)
	return seq
}

// segment returns an empty one. Most are retired soon after the next was begun.
func (l *Ledger) segment() *segment {
	s := l.spare
	if l.spare = nil; s == nil {
		return new(segment)
	}
	s.done, s.taken, s.settled = [segmentLen / 64]uint64{}, 0, 0
	return s
}

// Settle notes that the record has a final verdict. It returns the record's size, and ok
// false if it was never taken or is settled already.
func (l *Ledger) Settle(seq uint64) (size int32, ok bool) {
	if seq < l.base || seq >= l.next {
		return 0, false
	}
	i, j := int((seq-l.base)>>segmentBits), int32(seq&(segmentLen-1))
	sl := &l.slots[i]
	switch {
	case sl.seg != nil:
		size, ok = sl.seg.settle(j)
	case sl.rest != nil:
		size, ok = sl.rest.settle(j)
	}
	if !ok {
		return 0, false
	}
	l.changes++
	l.undone--
	l.bytes -= int64(size)
	switch {
	case sl.seg == nil && len(sl.rest.left) == 0, sl.seg != nil && sl.seg.settled == segmentLen:
		l.retire(i)
	case sl.seg != nil && sl.seg.taken == segmentLen && segmentLen-sl.seg.settled <= maxRest:
		sl.rest, l.spare, sl.seg = sl.seg.rest(), sl.seg, nil
	}
	return size, true
}

func (s *segment) settle(j int32) (size int32, ok bool) {
	word, bit := &s.done[j/64], uint64(1)<<(j%64)
	if *word&bit != 0 {
		return 0, false
	}
	*word |= bit
	s.settled++
	return s.sizes[j], true
}

func (r *rest) settle(j int32) (size int32, ok bool) {
	i, ok := r.find(j)
	if !ok {
		return 0, false
	}
	size = r.left[i].size
	r.left = slices.Delete(r.left, i, i+1)
	if len(r.left) <= cap(r.left)/4 {
		r.left = slices.Clone(r.left)
	}
	return size, true
}

func (r *rest) find(j int32) (i int, ok bool) {
	return slices.BinarySearchFunc(r.left, j, func(e residue, j int32) int { return int(e.at - j) })
}

// rest is what is left of the segment.
func (s *segment) rest() *rest {
	r := &rest{left: make([]residue, 0, segmentLen-s.settled), firstTaken: s.firstTaken}
	s.undone(func(j int32) { r.left = append(r.left, residue{s.marks[j], s.sizes[j], j}) })
	return r
}

// undone calls f for each record without a verdict, in order.
func (s *segment) undone(f func(j int32)) {
	for j := range int32(s.taken) {
		if s.done[j/64]&(1<<(j%64)) == 0 {
			f(j)
		}
	}
}

// Resize notes that a record without a verdict takes another amount of memory, and
// returns its mark and the difference.
func (l *Ledger) Resize(seq uint64, size int32) (m Mark, more int32, ok bool) {
	if seq < l.base || seq >= l.next {
		return NoMark, 0, false
	}
	sl, j := &l.slots[(seq-l.base)>>segmentBits], int32(seq&(segmentLen-1))
	var was *int32
	switch {
	case sl.seg != nil && sl.seg.done[j/64]&(1<<(j%64)) == 0:
		m, was = sl.seg.marks[j], &sl.seg.sizes[j]
	case sl.rest != nil:
		if i, found := sl.rest.find(j); found {
			m, was = sl.rest.left[i].Mark, &sl.rest.left[i].size
		}
	}
	if was == nil {
		return NoMark, 0, false
	}
	more = size - *was
	*was = size
	l.bytes += int64(more)
	return m, more, true
}

// retire frees the rest of slot i, which is entirely settled, and forgets empty slots at
// the front.
func (l *Ledger) retire(i int) {
	if s := l.slots[i].seg; s != nil {
		l.spare = s
	}
	l.slots[i].seg, l.slots[i].rest = nil, nil
	n := 0
	for n < len(l.slots) && l.slots[n].seg == nil && l.slots[n].rest == nil {
		n++
	}
	if n == 0 {
		return
	}
	l.retired = l.slots[n-1].end
	l.slots = l.slots[:copy(l.slots, l.slots[n:])]
	l.base += uint64(n) << segmentBits
	for _, x := range l.losses {
		if l.base <= x.seq && l.retired.Offset >= x.from {
			l.retired = Mark{x.from - 1, -1}
		}
	}
	l.losses = slices.DeleteFunc(l.losses, func(x loss) bool { return x.seq <= l.base })
}

// waiting yields the records without a verdict, with their sequence numbers and in the
// order of their offsets, except those that are lost.
func (l *Ledger) waiting() iter.Seq2[uint64, Mark] {
	return func(yield func(uint64, Mark) bool) {
		more := true
		each := func(seq uint64, m Mark) {
			more = more && (l.Lost(seq, m.Offset) || yield(seq, m))
		}
		for i, sl := range l.slots {
			first := l.base + uint64(i)<<segmentBits
			switch {
			case !more:
				return
			case sl.seg != nil:
				sl.seg.undone(func(j int32) { each(first+uint64(j), sl.seg.marks[j]) })
			case sl.rest != nil:
				for _, e := range sl.rest.left {
					each(first+uint64(e.at), e.Mark)
				}
			}
		}
	}
}

// Prefix returns the end of the settled prefix: its last record, or the offset before the
// first record without a verdict; noMark while it is empty. The offset to commit is the
// next one.
func (l *Ledger) Prefix() Mark {
	if len(l.losses) > 0 {
		for _, m := range l.waiting() {
			return Mark{m.Offset - 1, -1}
		}
		return l.last
	}
	if len(l.slots) == 0 {
		return l.retired
	}
	if r := l.slots[0].rest; r != nil {
		if r.left[0].at == 0 {
			return l.retired
		}
		// The previous record is no longer known, only that there was one: what is
		// between its offset and this one does not come again.
		return Mark{Offset: r.left[0].Offset - 1, Epoch: r.left[0].Epoch}
	}
	s := l.slots[0].seg
	n := 0
	for _, word := range s.done {
		ones := bits.TrailingZeros64(^word)
		n += ones
		if ones < 64 {
			break
		}
	}
	if n == 0 {
		return l.retired
	}
	return s.marks[n-1]
}

// Oldest returns the timestamp (Unix ms) of a record at or shortly before the first
// unsettled one; ok is false if everything is settled.
func (l *Ledger) Oldest() (timestamp int64, ok bool) {
	if l.undone == 0 {
		return 0, false
	}
	if r := l.slots[0].rest; r != nil {
		return r.firstTaken, true
	}
	return l.slots[0].seg.firstTaken, true
}
