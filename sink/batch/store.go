package batch

import (
	"github.com/tracklayer/amazon-capi/internal/slicepool"
	"github.com/tracklayer/amazon-capi/sink/deadletter"
)

// store is the memory of a batch, taken from the pool.
type store struct {
	// encoded holds the bytes of the events in order, each behind the frame's Between.
	// Every attempt sends the same bytes.
	encoded   pages
	originals pages   // of the records, for dead letters
	kept      int     // bytes of those
	names     []byte  // the event ids, until the batch is closed
	ids       string  // and then
	events    []Event // the memory it had when it was closed
	hashes    idSet   // of their ids
}

// pages are bytes in pieces, each of which lies in a single page. A growing batch gets a
// further page, where a slice would be copied to a larger one; open batches, one per
// profile, hold no more than they need; and a returned page fits a batch of any size.
type pages [][]byte

const (
	// pageSize is the size of all pages except the first of a small batch and those of larger
	// pieces. Smaller pages would split a request into too many parts, and each page wastes
	// half a piece at its end.
	pageSize = 16 << 10
	// smallPage is the smallest first page of a batch.
	smallPage = 1 << 10
	// maxStart is the last possible start of a piece: places have 16 bits for it.
	maxStart = 1<<16 - 1
)

// spot is the start of a piece that encodes its own length.
type spot struct{ page, start uint16 }

// span is a part of a slice.
type span struct{ start, end uint32 }

// place is the location of a piece.
type place struct {
	spot
	size uint32
}

func (p pages) from(s spot) []byte { return p[s.page][s.start:] }
func (p pages) at(l place) []byte  { return p[l.page][l.start:][:l.size] }

// end returns where the piece ends in its page.
func (l place) end() uint32 { return uint32(l.start) + l.size }

// page returns the page to append a piece of that size to, and the spot at which the piece
// begins. The addressed bytes may begin lead bytes later, at an offset that must also fit
// into 16 bits. A new page has at least that size.
func (p *pages) page(piece, lead, size int, from *slicepool.Slices[byte]) (*[]byte, spot) {
	last := len(*p) - 1
	if last < 0 || cap((*p)[last])-len((*p)[last]) < piece || len((*p)[last])+lead > maxStart {
		*p = append(*p, from.Get(max(piece, size)))
		last++
	}
	page := &(*p)[last]
	return page, spot{uint16(last), uint16(len(*page))}
}

// addEncoded adds an event that already follows the frame's Between.
func (s *store) addEncoded(m *Memory, piece []byte, between, size int) place {
	page, at := s.encoded.page(len(piece), between, size, &m.Bytes)
	*page = append(*page, piece...)
	at.start += uint16(between)
	return place{at, uint32(len(piece) - between)}
}

// addOriginal adds what is kept of a record, at most that many bytes.
func (s *store) addOriginal(m *Memory, o deadletter.Original, most, size int) spot {
	page, at := s.originals.page(most, 0, size, &m.Bytes)
	*page = o.AppendTo(*page)
	s.kept += most
	return at
}

// addID adds an event's id.
func (s *store) addID(m *Memory, id string) span {
	start := len(s.names)
	s.names = append(m.Bytes.Grow(s.names, len(id)), id...)
	return span{uint32(start), uint32(len(s.names))}
}

// close joins the ids into one string. Verdicts refer to parts of it after the store has
// been reused for another batch, so it is a copy.
func (s *store) close(m *Memory) {
	s.ids = string(s.names)
	m.Bytes.Put(s.names)
	s.names = nil
}

// keep copies a record's original from another store. left is how many are still to
// come, including this one.
func (s *store) keep(m *Memory, from *store, r *Stored, left int) {
	o := from.originals.from(r.original)
	o = o[:deadletter.OriginalSize(o)]
	page, at := s.originals.page(len(o), 0, min(len(o)*left, pageSize), &m.Bytes)
	*page = append(*page, o...)
	s.kept += len(o)
	r.original = at
}

const (
	// MaxOriginals bounds what a batch keeps of its records: a record can be much larger than
	// the event made of it.
	MaxOriginals = 64 << 20
)
