package consumer

import "slices"

// beyond is what a partition has settled beyond the offset that is committed.
// It travels in the commit's metadata, so that whoever reads the partition next
// sends again only what had no verdict, and not all that came after one event
// that waited.
type beyond struct {
	// committed is the offset it belongs to: the first without a verdict.
	committed int64
	// epoch is the highest leader epoch among the records. A record of a later
	// one was written after brokers had lost some, perhaps in the place of one
	// that was settled, and is never taken for it.
	epoch int32
	// settled are the ranges of offsets that have a verdict, in order, with
	// others between them.
	settled []span
	// log and witnesses say which records all this is about. Nothing of it is
	// believed before they have been read again: offsets and metadata are copied
	// to other topics, and brokers lose records and write others in their place.
	log       logID
	witnesses witnesses
}

// span is the offsets from, from+1, … up to and without to.
type span struct{ from, to int64 }

// has reports whether the record at that offset has had its verdict.
func (b *beyond) has(offset int64, epoch int32) bool {
	if len(b.settled) == 0 || epoch > b.epoch {
		return false
	}
	i, found := slices.BinarySearchFunc(b.settled, offset, func(s span, o int64) int {
		switch {
		case s.to <= o:
			return -1
		case s.from > o:
			return 1
		}
		return 0
	})
	return found && b.settled[i].from <= offset
}

// upTo returns what b says of the offsets before the given one.
func (b beyond) upTo(offset int64) beyond {
	b.witnesses = b.witnesses.below(offset)
	for i, s := range b.settled {
		if s.to > offset {
			b.settled = slices.Clone(b.settled[:i])
			if s.from < offset {
				b.settled = append(b.settled, span{s.from, offset})
			}
			break
		}
	}
	return b
}

// end returns the offset after the last range; 0 if there is none.
func (b *beyond) end() int64 {
	if len(b.settled) == 0 {
		return 0
	}
	return b.settled[len(b.settled)-1].to
}

// after returns b without the ranges before the offset.
func (b beyond) after(offset int64) beyond {
	i := 0
	for i < len(b.settled) && b.settled[i].to <= offset {
		i++
	}
	b.settled = b.settled[i:]
	if len(b.settled) > 0 && b.settled[0].from < offset {
		b.settled = slices.Clone(b.settled)
		b.settled[0].from = offset
	}
	return b
}

// beyond returns what is settled after the prefix. Records taken are known by
// sequence number and offsets may have holes, so a range reaches from one record
// without a verdict to the next: what a hole held does not come again.
//
// After the brokers have lost records there are ranges only of what was taken
// since.
func (l *ledger) beyond() (b beyond) {
	b.committed = l.last.offset + 1
	first := true
	next := int64(0) // the offset after the last record without a verdict
	upTo := func(end int64) {
		if from := max(next, l.floor); end > from {
			b.settled = append(b.settled, span{from, end})
		}
	}
	for _, m := range l.waiting() {
		if first {
			first, b.committed = false, m.offset
		} else {
			upTo(m.offset)
		}
		next = m.offset + 1
	}
	if !first {
		upTo(l.last.offset + 1)
	}
	b.epoch = max(b.epoch, l.last.epoch)
	return b
}

// add takes over what an earlier owner had settled from that offset on, where this
// one has not come yet: a commit replaces the metadata of the one before, and what
// it did not repeat would be sent again. It returns true if the committed offset
// itself moves, because all before it is settled.
func (b *beyond) add(before *beyond, from int64) (moved bool) {
	for _, s := range before.settled {
		if s.to <= from {
			continue
		}
		s.from = max(s.from, from)
		last := len(b.settled) - 1
		switch {
		case s.from <= b.committed:
			b.committed, moved = s.to, true
		case last >= 0 && b.settled[last].to == s.from:
			b.settled[last].to = s.to
		default:
			b.settled = append(b.settled, s)
		}
		b.epoch = max(b.epoch, before.epoch)
	}
	return moved
}
