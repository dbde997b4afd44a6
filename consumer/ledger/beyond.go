package ledger

import "slices"

// Beyond is what a partition has settled beyond the committed offset. It is stored in the
// commit's metadata, so that the partition's next reader sends again only what had no
// verdict, and not everything after one event that waited.
type Beyond struct {
	// committed is the offset it belongs to: the first without a verdict.
	Committed int64
	// epoch is the highest leader epoch among the records. A record of a later one was
	// written after brokers had lost some, perhaps in place of a settled one, and is
	// never mistaken for it.
	Epoch int32
	// settled are the ranges of offsets with a verdict, in order, with others between them.
	Settled []Span
	// log and witnesses say which records this is about. Nothing of it is believed before
	// they have been reread: offsets and metadata are copied to other topics, and brokers
	// lose records and write others in their place.
	Log       LogID
	Witnesses Witnesses
}

// Span is the offsets from, from+1, … up to and without to.
type Span struct{ From, To int64 }

// Has reports whether the record at that offset has its verdict.
func (b *Beyond) Has(offset int64, epoch int32) bool {
	if len(b.Settled) == 0 || epoch > b.Epoch {
		return false
	}
	i, found := slices.BinarySearchFunc(b.Settled, offset, func(s Span, o int64) int {
		switch {
		case s.To <= o:
			return -1
		case s.From > o:
			return 1
		}
		return 0
	})
	return found && b.Settled[i].From <= offset
}

// UpTo returns the part of b about the offsets before the given one.
func (b Beyond) UpTo(offset int64) Beyond {
	b.Witnesses = b.Witnesses.Below(offset)
	for i, s := range b.Settled {
		if s.To > offset {
			b.Settled = slices.Clone(b.Settled[:i])
			if s.From < offset {
				b.Settled = append(b.Settled, Span{s.From, offset})
			}
			break
		}
	}
	return b
}

// End returns the offset after the last range; 0 if there is none.
func (b *Beyond) End() int64 {
	if len(b.Settled) == 0 {
		return 0
	}
	return b.Settled[len(b.Settled)-1].To
}

// after returns b without the ranges before the offset.
func (b Beyond) after(offset int64) Beyond {
	i := 0
	for i < len(b.Settled) && b.Settled[i].To <= offset {
		i++
	}
	b.Settled = b.Settled[i:]
	if len(b.Settled) > 0 && b.Settled[0].From < offset {
		b.Settled = slices.Clone(b.Settled)
		b.Settled[0].From = offset
	}
	return b
}

// Beyond returns what is settled after the prefix. Records taken are identified by
// sequence number and offsets may have holes, so a range reaches from one record without
// a verdict to the next: what a hole held does not come again.
//
// After the brokers have lost records there are ranges only of what was taken since.
func (l *Ledger) Beyond() (b Beyond) {
	b.Committed = l.last.Offset + 1
	first := true
	next := int64(0) // the offset after the last record without a verdict
	upTo := func(end int64) {
		if from := max(next, l.floor); end > from {
			b.Settled = append(b.Settled, Span{from, end})
		}
	}
	for _, m := range l.waiting() {
		if first {
			first, b.Committed = false, m.Offset
		} else {
			upTo(m.Offset)
		}
		next = m.Offset + 1
	}
	if !first {
		upTo(l.last.Offset + 1)
	}
	b.Epoch = max(b.Epoch, l.last.Epoch)
	return b
}

// Add takes over what an earlier owner had settled from that offset on, where this one
// has not arrived yet: a commit replaces the previous one's metadata, and what it did not
// repeat would be sent again. It returns true if the committed offset itself moves,
// because everything before it is settled.
func (b *Beyond) Add(before *Beyond, from int64) (moved bool) {
	for _, s := range before.Settled {
		if s.To <= from {
			continue
		}
		s.From = max(s.From, from)
		last := len(b.Settled) - 1
		switch {
		case s.From <= b.Committed:
			b.Committed, moved = s.To, true
		case last >= 0 && b.Settled[last].To == s.From:
			b.Settled[last].To = s.To
		default:
			b.Settled = append(b.Settled, s)
		}
		b.Epoch = max(b.Epoch, before.Epoch)
	}
	return moved
}
