package ledger

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

// The metadata is text, because Kafka defines it as a string: a version, a dot, and
// base64 of a CRC-32 of the rest, the committed offset, the epoch, the log, the
// witnesses, and the ranges as distances, compressed if there are many.
//
// Version 1 did not say which log and which records it was about, and was believed of
// any. It is no longer believed: what it names is sent again, once.
const (
	metadataVersion    = "2."
	metadataOldVersion = "1."
	// MetadataLimit is the brokers' default for offset.metadata.max.bytes. A commit with
	// more is refused entirely.
	MetadataLimit = 4096
	// packFrom is how many bytes of ranges are worth compressing.
	packFrom = 64
)

// Metadata returns b as a commit's metadata of at most limit characters. What does not
// fit is left out: the shortest ranges first, because each costs about as much and the
// longest save the most from being sent again; then all but the newest witness; then
// everything.
func (b Beyond) Metadata(limit int) string {
	// No compression brings more ranges than this below the limit, and trying it each
	// second on the half million that a stuck profile leaves would cost more than the
	// events do.
	const most = 1 << 14
	for shortest := int64(1); ; shortest *= 2 {
		if len(b.Settled) <= most {
			if text := b.Text(); len(text) <= limit {
				return text
			}
		}
		if len(b.Settled) == 0 {
			break
		}
		b.Settled = slices.DeleteFunc(slices.Clone(b.Settled), func(s Span) bool { return s.To-s.From <= shortest })
	}
	if n := len(b.Witnesses); n > 1 {
		b.Witnesses = b.Witnesses[n-1:]
		if text := b.Text(); len(text) <= limit {
			return text
		}
	}
	return ""
}

// Text returns all of b as metadata, whatever its length.
func (b *Beyond) Text() string {
	raw := make([]byte, 4, 256)
	raw = binary.AppendVarint(raw, b.Committed)
	raw = binary.AppendVarint(raw, int64(b.Epoch))
	raw = binary.BigEndian.AppendUint64(raw, b.Log.Cluster)
	raw = binary.BigEndian.AppendUint64(raw, b.Log.Name)
	raw = append(raw, b.Log.Topic[:]...)
	raw = binary.AppendUvarint(raw, uint64(len(b.Witnesses)))
	at := int64(0)
	for _, w := range b.Witnesses {
		raw = binary.AppendUvarint(raw, uint64(w.Offset-at))
		raw = binary.BigEndian.AppendUint64(raw, w.Print)
		at = w.Offset
	}
	var ranges []byte
	at = b.Committed
	for _, s := range b.Settled {
		ranges = binary.AppendUvarint(ranges, uint64(s.From-at))
		ranges = binary.AppendUvarint(ranges, uint64(s.To-s.From))
		at = s.To
	}
	if len(ranges) < packFrom {
		raw = append(append(raw, 0), ranges...)
	} else {
		raw = pack(append(raw, 1), ranges)
	}
	binary.BigEndian.PutUint32(raw, crc32.ChecksumIEEE(raw[4:]))
	return metadataVersion + base64.RawStdEncoding.EncodeToString(raw)
}

// packers are pooled: each is more than a megabyte, and every partition commits every second.
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
	// At least two bytes a range, and at most what fits 4096 characters: no more than
	// flate's ratio can produce, and it must not produce more.
	const most = 4 << 20
	raw, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(b)), most+1))
	if err == nil && len(raw) > most {
		err = errDamaged
	}
	return raw, err
}

// MetadataError is why metadata cannot be read.
type MetadataError struct {
	Reason Reason
	text   string
}

func (e *MetadataError) Error() string { return e.text }

var (
	errForeign    = &MetadataError{ReasonForeign, "it is of another program or a later version"}
	errOldVersion = &MetadataError{ReasonOldVersion, "it is of an earlier version of this program, which did not say which records it was about"}
	errDamaged    = &MetadataError{ReasonDamaged, "it is damaged"}
)

// ParseBeyond parses the metadata of a commit of that offset. Empty metadata means that
// nothing is settled. Metadata that is not ours, of another version, damaged or of
// another offset is an error, a *metadataError, and nothing counts as settled then: an
// event sent twice is removed by its event id, an event not sent is lost.
func ParseBeyond(text string, committed int64) (Beyond, error) {
	if text == "" {
		return Beyond{}, nil
	}
	packed, ok := strings.CutPrefix(text, metadataVersion)
	switch {
	case strings.HasPrefix(text, metadataOldVersion):
		return Beyond{}, errOldVersion
	case !ok:
		return Beyond{}, errForeign
	}
	raw, err := base64.RawStdEncoding.DecodeString(packed)
	if err != nil || len(raw) < 4 || binary.BigEndian.Uint32(raw) != crc32.ChecksumIEEE(raw[4:]) {
		return Beyond{}, errDamaged
	}
	var b Beyond
	r := bytes.NewReader(raw[4:])
	if !b.readHead(r) {
		return Beyond{}, errDamaged
	}
	if b.Committed != committed {
		return Beyond{}, &MetadataError{ReasonWrongOffset, fmt.Sprintf("it belongs to offset %d", b.Committed)}
	}
	if !b.readWitnesses(r) || !b.readRanges(r) {
		return Beyond{}, errDamaged
	}
	return b, nil
}

func (b *Beyond) readHead(r *bytes.Reader) bool {
	var err error
	if b.Committed, err = binary.ReadVarint(r); err != nil || b.Committed < 0 {
		return false
	}
	epoch, err := binary.ReadVarint(r)
	if err != nil || epoch != int64(int32(epoch)) {
		return false
	}
	b.Epoch = int32(epoch)
	var head [32]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return false
	}
	b.Log = LogID{Cluster: binary.BigEndian.Uint64(head[:]), Name: binary.BigEndian.Uint64(head[8:]), Topic: [16]byte(head[16:])}
	return true
}

func (b *Beyond) readWitnesses(r *bytes.Reader) bool {
	n, err := binary.ReadUvarint(r)
	if err != nil || n > MaxWitnesses {
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
		b.Witnesses = append(b.Witnesses, Witness{at, binary.BigEndian.Uint64(print[:])})
	}
	return true
}

func (b *Beyond) readRanges(r *bytes.Reader) bool {
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
	for at := b.Committed; r.Len() > 0; {
		gap, _ := binary.ReadUvarint(r)
		n, err := binary.ReadUvarint(r)
		if err != nil || gap == 0 || n == 0 || gap > 1<<62 || n > 1<<62 {
			return false
		}
		s := Span{From: at + int64(gap), To: at + int64(gap) + int64(n)}
		if s.From < at || s.To < s.From {
			return false
		}
		b.Settled = append(b.Settled, s)
		at = s.To
	}
	return true
}
