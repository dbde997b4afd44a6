package batch

import (
	"github.com/tracklayer/amazon-capi/internal/slicepool"
	"github.com/tracklayer/amazon-capi/sink/deadletter"
)

// store is the memory of a batch, lent by the sink's memory.
type store struct {
	// encoded has the bytes of the events, in order and each behind the frame's
	// Between, which every try sends again.
	encoded   pages
	originals pages   // of the records, for dead letters
	kept      int     // bytes of those
	names     []byte  // the event ids, until the batch is closed
	ids       string  // and then
	events    []Event // all that it had when it was closed
	hashes    idSet   // of their ids
}

// pages are bytes in pieces, of which none is cut: each lies in one page. A batch
// that grows takes one page more, where a slice would be copied to a larger one;
// open batches, of which there is one for each profile, have no more than they
// need; and a page that is given back serves a batch of any size.
type pages [][]byte

const (
	// pageSize is that of all pages but the first of a small batch and those of
	// larger pieces. Of smaller ones a request would have too many parts, and each
	// ends with a piece's half wasted.
	pageSize = 16 << 10
	// smallPage is the smallest that a batch begins with.
	smallPage = 1 << 10
	// maxStart is where a piece begins at most: places have 16 bits for it.
	maxStart = 1<<16 - 1
)

// spot is where a piece begins that says itself how long it is.
type spot struct{ page, start uint16 }

// span is a part of a slice.
type span struct{ start, end uint32 }

// place is where a piece is.
type place struct {
	spot
	size uint32
}

func (p pages) from(s spot) []byte { return p[s.page][s.start:] }
func (p pages) at(l place) []byte  { return p[l.page][l.start:][:l.size] }

// end is where the piece ends in its page.
func (l place) end() uint32 { return uint32(l.start) + l.size }

// page returns the page that a piece of that size is to be appended to, and the
// spot at which the piece begins. What the spot is needed for may begin lead bytes
// later, which must be a place with 16 bits, too. A new page has at least that size.
func (p *pages) page(piece, lead, size int, from *slicepool.Slices[byte]) (*[]byte, spot) {
	last := len(*p) - 1
	if last < 0 || cap((*p)[last])-len((*p)[last]) < piece || len((*p)[last])+lead > maxStart {
		*p = append(*p, from.Get(max(piece, size)))
		last++
	}
	page := &(*p)[last]
	return page, spot{uint16(last), uint16(len(*page))}
}

// addEncoded adds an event that already has the frame's Between before it.
func (s *store) addEncoded(m *Memory, piece []byte, between, size int) place {
	page, at := s.encoded.page(len(piece), between, size, &m.Bytes)
	*page = append(*page, piece...)
	at.start += uint16(between)
	return place{at, uint32(len(piece) - between)}
}

// addOriginal adds what is kept of a record, which is that many bytes at most.
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

// close makes one text of the ids. Verdicts have parts of it, when the store is
// another batch's already, so it is a copy.
func (s *store) close(m *Memory) {
	s.ids = string(s.names)
	m.Bytes.Put(s.names)
	s.names = nil
}

// keep copies a record's original from the store that it is in. So many are yet to
// come, this one included.
func (s *store) keep(m *Memory, from *store, r *Stored, left int) {
	o := from.originals.from(r.original)
	o = o[:deadletter.OriginalSize(o)]
	page, at := s.originals.page(len(o), 0, min(len(o)*left, pageSize), &m.Bytes)
	*page = append(*page, o...)
	s.kept += len(o)
	r.original = at
}

const (
	// MaxOriginals bounds what a batch keeps of its records: a record can be much
	// larger than what is sent of it.
	MaxOriginals = 64 << 20
)
