package consumer

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strings"
	"sync"
)

// The metadata is text, since Kafka has it as a string: a version, a dot, and
// base64 of a CRC-32 of what follows, the committed offset, the epoch, the log,
// the witnesses, and the ranges as distances, compressed if there are many.
//
// Version 1 did not say which log and which records it was about, and was
// believed of any. It is not believed any more: what it names is sent again,
// once.
const (
	metadataVersion    = "2."
	metadataOldVersion = "1."
	// metadataLimit is the brokers' default for offset.metadata.max.bytes. A
	// commit with more is refused whole.
	metadataLimit = 4096
	// packFrom is how many bytes of ranges are worth compressing.
	packFrom = 64
)

// metadata returns b as a commit's metadata of at most limit characters. What
// does not fit is left out: the shortest ranges first, since each costs about as
// much and the longest save the most from being sent again; then all but the
// newest witness; then everything.
func (b beyond) metadata(limit int) string {
	// No compression brings more ranges than this below the limit, and trying it
	// each second on the half million that a stuck profile leaves would cost more
	// than the events do.
	const most = 1 << 14
	for shortest := int64(1); ; shortest *= 2 {
		if len(b.settled) <= most {
			if text := b.text(); len(text) <= limit {
				return text
			}
		}
		if len(b.settled) == 0 {
			break
		}
		b.settled = slices.DeleteFunc(slices.Clone(b.settled), func(s span) bool { return s.to-s.from <= shortest })
	}
	if n := len(b.witnesses); n > 1 {
		b.witnesses = b.witnesses[n-1:]
		if text := b.text(); len(text) <= limit {
			return text
		}
	}
	return ""
}

func (b *beyond) text() string {
	raw := make([]byte, 4, 256)
	raw = binary.AppendVarint(raw, b.committed)
	raw = binary.AppendVarint(raw, int64(b.epoch))
	raw = binary.BigEndian.AppendUint64(raw, b.log.cluster)
	raw = binary.BigEndian.AppendUint64(raw, b.log.name)
	raw = append(raw, b.log.topic[:]...)
	raw = binary.AppendUvarint(raw, uint64(len(b.witnesses)))
	at := int64(0)
	for _, w := range b.witnesses {
		raw = binary.AppendUvarint(raw, uint64(w.offset-at))
		raw = binary.BigEndian.AppendUint64(raw, w.print)
		at = w.offset
	}
	var ranges []byte
	at = b.committed
	for _, s := range b.settled {
		ranges = binary.AppendUvarint(ranges, uint64(s.from-at))
		ranges = binary.AppendUvarint(ranges, uint64(s.to-s.from))
		at = s.to
	}
	if len(ranges) < packFrom {
		raw = append(append(raw, 0), ranges...)
	} else {
		raw = pack(append(raw, 1), ranges)
	}
	binary.BigEndian.PutUint32(raw, crc32.ChecksumIEEE(raw[4:]))
	return metadataVersion + base64.RawStdEncoding.EncodeToString(raw)
}

// packers are kept: each is more than a megabyte, and every partition commits
// every second.
var packers = sync.Pool{New: func() any {
	w, _ := flate.NewWriter(nil, flate.BestSpeed) // the level is a valid one
	return w
}}

// pack appends the compressed bytes.
func pack(to, b []byte) []byte {
	out := bytes.NewBuffer(to)
	w := packers.Get().(*flate.Writer)
	defer packers.Put(w)
	w.Reset(out)
	_, _ = w.Write(b) // a Buffer takes everything
	_ = w.Close()
	return out.Bytes()
}

// unpack returns what was packed.
func unpack(b []byte) ([]byte, error) {
	// Two bytes a range at least, and what fits 4096 characters: no more than
	// flate's ratio can make of them, and it must not be let to make more.
	const most = 4 << 20
	raw, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(b)), most+1))
	if err == nil && len(raw) > most {
		err = errDamaged
	}
	return raw, err
}

// metadataError is why metadata cannot be read.
type metadataError struct {
	reason reason
	text   string
}

func (e *metadataError) Error() string { return e.text }

var (
	errForeign    = &metadataError{reasonForeign, "it is of another program or a later version"}
	errOldVersion = &metadataError{reasonOldVersion, "it is of an earlier version of this program, which did not say which records it was about"}
	errDamaged    = &metadataError{reasonDamaged, "it is damaged"}
)

// parseBeyond reads the metadata of a commit of that offset. Empty metadata is
// nothing settled. Metadata that is not ours, of another version, damaged or of
// another offset is an error, a *metadataError, and then nothing is taken for
// settled: sending an event twice is mended by its event id, not sending it is
// mended by nobody.
func parseBeyond(text string, committed int64) (beyond, error) {
	if text == "" {
		return beyond{}, nil
	}
	packed, ok := strings.CutPrefix(text, metadataVersion)
	switch {
	case strings.HasPrefix(text, metadataOldVersion):
		return beyond{}, errOldVersion
	case !ok:
		return beyond{}, errForeign
	}
	raw, err := base64.RawStdEncoding.DecodeString(packed)
	if err != nil || len(raw) < 4 || binary.BigEndian.Uint32(raw) != crc32.ChecksumIEEE(raw[4:]) {
		return beyond{}, errDamaged
	}
	var b beyond
	r := bytes.NewReader(raw[4:])
	if !b.readHead(r) {
		return beyond{}, errDamaged
	}
	if b.committed != committed {
		return beyond{}, &metadataError{reasonWrongOffset, fmt.Sprintf("it belongs to offset %d", b.committed)}
	}
	if !b.readWitnesses(r) || !b.readRanges(r) {
		return beyond{}, errDamaged
	}
	return b, nil
}

func (b *beyond) readHead(r *bytes.Reader) bool {
	var err error
	if b.committed, err = binary.ReadVarint(r); err != nil || b.committed < 0 {
		return false
	}
	epoch, err := binary.ReadVarint(r)
	if err != nil || epoch != int64(int32(epoch)) {
		return false
	}
	b.epoch = int32(epoch)
	var head [32]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return false
	}
	b.log = logID{cluster: binary.BigEndian.Uint64(head[:]), name: binary.BigEndian.Uint64(head[8:]), topic: [16]byte(head[16:])}
	return true
}

func (b *beyond) readWitnesses(r *bytes.Reader) bool {
	n, err := binary.ReadUvarint(r)
	if err != nil || n > maxWitnesses {
		return false
	}
	at := int64(0)
	for i := range n {
		gap, err := binary.ReadUvarint(r)
		var print [8]byte
		if err == nil {
			_, err = io.ReadFull(r, print[:])
		}
		if err != nil || gap > 1<<62 || gap == 0 && i > 0 || at+int64(gap) < at {
			return false
		}
		at += int64(gap)
		b.witnesses = append(b.witnesses, witness{at, binary.BigEndian.Uint64(print[:])})
	}
	return true
}

func (b *beyond) readRanges(r *bytes.Reader) bool {
	packed, err := r.ReadByte()
	if err != nil || packed > 1 {
		return false
	}
	if packed == 1 {
		rest := make([]byte, r.Len())
		_, _ = r.Read(rest)
		raw, err := unpack(rest)
		if err != nil {
			return false
		}
		r = bytes.NewReader(raw)
	}
	for at := b.committed; r.Len() > 0; {
		gap, _ := binary.ReadUvarint(r)
		n, err := binary.ReadUvarint(r)
		if err != nil || gap == 0 || n == 0 || gap > 1<<62 || n > 1<<62 {
			return false
		}
		s := span{from: at + int64(gap), to: at + int64(gap) + int64(n)}
		if s.from < at || s.to < s.from {
			return false
		}
		b.settled = append(b.settled, s)
		at = s.to
	}
	return true
}
