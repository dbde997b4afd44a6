package consumer

import "math/bits"

// ledger remembers what an assignment took and what of it has a final verdict,
// and tells how far the partition may be committed: to the first record that
// has none.
//
// Records are known by their sequence number within the assignment, not by
// their offset: offsets have holes (compaction, transaction markers), sequence
// numbers have none, so that settling is two shifts and a bit. Entries lie in
// segments, and a segment whose records are all settled gives its memory back
// though an earlier record still holds the prefix: one event that waits for
// hours while a hundred million pass it costs 24 bytes per 512 of them.
//
// Not safe for concurrent use; the assignment's lock guards it.
type ledger struct {
	slots []slot // the first holds seq base
	base  uint64 // first seq of slots[0], a multiple of segmentLen
	next  uint64 // seq of the next record taken

	retired mark   // the last record of the segments that left at the front
	last    mark   // the last record taken
	changes uint64 // how many were settled, ever
	undone  int    // records taken and not settled
	bytes   int64
}

const (
	segmentBits = 9
	segmentLen  = 1 << segmentBits
)

// slot is a segment's place; its segment is nil once all of it is settled.
type slot struct {
	seg *segment
	end mark // the segment's last record, set when it is full
}

type segment struct {
	marks   [segmentLen]mark
	sizes   [segmentLen]int32
	done    [segmentLen / 64]uint64
	taken   int
	settled int
	// firstTaken is the timestamp (Unix ms) of the segment's first record: near
	// enough for the lag in seconds, and one word instead of one per record.
	firstTaken int64
}

// mark is a place in a partition: a record's offset and its leader epoch.
type mark struct {
	offset int64
	epoch  int32
}

// noMark is before any record.
var noMark = mark{offset: -1, epoch: -1}

func newLedger() ledger { return ledger{retired: noMark, last: noMark} }

// take enters a record and returns its sequence number. Offsets must rise.
func (l *ledger) take(m mark, size int32, timestamp int64) uint64 {
	seq := l.next
	i := int((seq - l.base) >> segmentBits)
	if i == len(l.slots) {
		l.slots = append(l.slots, slot{seg: &segment{firstTaken: timestamp}})
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

// settle notes that the record has a final verdict. It returns the record's
// size, and ok false when it was never taken or is settled already.
func (l *ledger) settle(seq uint64) (size int32, ok bool) {
	if seq < l.base || seq >= l.next {
		return 0, false
	}
	i := int((seq - l.base) >> segmentBits)
	s := l.slots[i].seg
	if s == nil {
		return 0, false
	}
	j := seq & (segmentLen - 1)
	word, bit := &s.done[j/64], uint64(1)<<(j%64)
	if *word&bit != 0 {
		return 0, false
	}
	*word |= bit
	s.settled++
	l.changes++
	size = s.sizes[j]
	l.undone--
	l.bytes -= int64(size)
	if s.settled == segmentLen {
		l.retire(i)
	}
	return size, true
}

// leave takes a record that will not be settled out of the bytes in hand. It
// returns its size, and ok false when it was never taken or is settled.
func (l *ledger) leave(seq uint64) (size int32, ok bool) {
	if seq < l.base || seq >= l.next {
		return 0, false
	}
	s := l.slots[(seq-l.base)>>segmentBits].seg
	j := seq & (segmentLen - 1)
	if s == nil || s.done[j/64]&(1<<(j%64)) != 0 {
		return 0, false
	}
	size, s.sizes[j] = s.sizes[j], 0
	l.bytes -= int64(size)
	return size, true
}

// retire frees the full segment i and forgets the slots that have none left at
// the front.
func (l *ledger) retire(i int) {
	l.slots[i].seg = nil
	n := 0
	for n < len(l.slots) && l.slots[n].seg == nil {
		n++
	}
	if n == 0 {
		return
	}
	l.retired = l.slots[n-1].end
	l.slots = l.slots[:copy(l.slots, l.slots[n:])]
	l.base += uint64(n) << segmentBits
}

// prefix returns the last record of the settled prefix, noMark while it is
// empty. The offset to commit is the one after it.
func (l *ledger) prefix() mark {
	if len(l.slots) == 0 {
		return l.retired
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

// oldest returns the timestamp (Unix ms) of a record at or shortly before the
// first unsettled one; ok is false when all is settled.
func (l *ledger) oldest() (timestamp int64, ok bool) {
	if l.undone == 0 {
		return 0, false
	}
	return l.slots[0].seg.firstTaken, true
}
