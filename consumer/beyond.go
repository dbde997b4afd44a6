package consumer

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strings"
)

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
}

// span is the offsets from, from+1, … up to and without to.
type span struct{ from, to int64 }

// has tells whether the record at that offset has had its verdict.
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

// beyond returns what is settled after the prefix. Records taken are known by
// sequence number and offsets may have holes, so a range reaches from one record
// without a verdict to the next: what a hole held does not come again.
func (l *ledger) beyond() (b beyond) {
	first := true
	next := int64(0) // the offset after the last record without a verdict
	undone := func(m mark) {
		if first {
			first, b.committed = false, m.offset
		} else if m.offset > next {
			b.settled = append(b.settled, span{next, m.offset})
		}
		next = m.offset + 1
	}
	for _, sl := range l.slots {
		switch {
		case sl.seg != nil:
			sl.seg.undone(func(j int32) { undone(sl.seg.marks[j]) })
		case sl.rest != nil:
			for _, e := range sl.rest.left {
				undone(e.mark)
			}
		}
	}
	if end := l.last.offset + 1; !first && end > next {
		b.settled = append(b.settled, span{next, end})
	}
	b.epoch = max(b.epoch, l.last.epoch)
	return b
}

// add takes over what an earlier owner had settled from that offset on, where this
// one has not come yet: a commit replaces the metadata of the one before, and what
// it did not repeat would be sent again. It returns true if the committed offset
// itself moves, because all before it is settled.
//
// If there are records of a later epoch now, brokers have lost some, and what was
// settled may not be what is there: then it is forgotten.
func (b *beyond) add(before *beyond, from int64) (moved bool) {
	if before.epoch < b.epoch {
		return false
	}
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
		b.epoch = before.epoch
	}
	return moved
}

// The metadata is text, since Kafka has it as a string: a version, a dot, and
// base64 of the rest, which is compressed: a CRC-32 of what follows, the
// committed offset, the epoch, and the ranges as distances.
const (
	metadataVersion = "1."
	// metadataLimit is the brokers' default for offset.metadata.max.bytes. A
	// commit with more is refused whole.
	metadataLimit = 4096
)

// metadata returns b as a commit's metadata; empty if there is nothing to tell.
// When it would be too long the shortest ranges are left out first: each costs
// about as much, and the longest save the most from being sent again.
func (b beyond) metadata() string {
	// No compression brings more ranges than this below the limit, and trying it
	// each second on the half million that a stuck profile leaves would cost more
	// than the events do.
	const most = 1 << 14
	for shortest := int64(1); len(b.settled) > 0; shortest *= 2 {
		if len(b.settled) <= most {
			if text := b.text(); len(text) <= metadataLimit {
				return text
			}
		}
		b.settled = slices.DeleteFunc(slices.Clone(b.settled), func(s span) bool { return s.to-s.from <= shortest })
	}
	return ""
}

func (b *beyond) text() string {
	raw := make([]byte, 4, 64)
	raw = binary.AppendVarint(raw, b.committed)
	raw = binary.AppendVarint(raw, int64(b.epoch))
	at := b.committed
	for _, s := range b.settled {
		raw = binary.AppendUvarint(raw, uint64(s.from-at))
		raw = binary.AppendUvarint(raw, uint64(s.to-s.from))
		at = s.to
	}
	binary.BigEndian.PutUint32(raw, crc32.ChecksumIEEE(raw[4:]))
	var packed bytes.Buffer
	w, _ := flate.NewWriter(&packed, flate.BestSpeed) // the level is a valid one
	_, _ = w.Write(raw)                               // a Buffer takes everything
	_ = w.Close()
	return metadataVersion + base64.RawStdEncoding.EncodeToString(packed.Bytes())
}

var errMetadata = errors.New("it is damaged")

// parseBeyond reads the metadata of a commit of that offset. Empty metadata is
// nothing settled. Metadata that is not ours, of another version, damaged or of
// another offset is an error, and then nothing is taken for settled: sending an
// event twice is mended by its event id, not sending it is mended by nobody.
func parseBeyond(text string, committed int64) (b beyond, err error) {
	if text == "" {
		return beyond{}, nil
	}
	packed, ok := strings.CutPrefix(text, metadataVersion)
	if !ok {
		return beyond{}, errors.New("it is of another program or version")
	}
	zipped, err := base64.RawStdEncoding.DecodeString(packed)
	if err != nil {
		return beyond{}, errMetadata
	}
	// Two bytes a range at least, and what fits 4096 characters: no more than
	// flate's ratio can make of them, and it must not be let to make more.
	const most = 4 << 20
	raw, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(zipped)), most+1))
	if err != nil || len(raw) < 4 || len(raw) > most || binary.BigEndian.Uint32(raw) != crc32.ChecksumIEEE(raw[4:]) {
		return beyond{}, errMetadata
	}
	r := bytes.NewReader(raw[4:])
	b.committed, _ = binary.ReadVarint(r)
	epoch, err := binary.ReadVarint(r)
	if err != nil {
		return beyond{}, errMetadata
	}
	b.epoch = int32(epoch)
	if b.committed != committed {
		return beyond{}, fmt.Errorf("it belongs to offset %d", b.committed)
	}
	for at := b.committed; r.Len() > 0; {
		gap, _ := binary.ReadUvarint(r)
		n, err := binary.ReadUvarint(r)
		if err != nil || gap == 0 || n == 0 || gap > 1<<62 || n > 1<<62 {
			return beyond{}, errMetadata
		}
		s := span{from: at + int64(gap), to: at + int64(gap) + int64(n)}
		if s.from < at || s.to < s.from {
			return beyond{}, errMetadata
		}
		b.settled = append(b.settled, s)
		at = s.to
	}
	return b, nil
}
