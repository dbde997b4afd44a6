package deadletter

import (
	"encoding/binary"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Original is what a dead letter repeats of its record.
type Original struct {
	Key, Value []byte
	Headers    []kgo.RecordHeader
}

// OriginalOf returns what a letter would repeat of a record, whose memory it shares.
func OriginalOf(r *kgo.Record) Original { return Original{r.Key, r.Value, r.Headers} }

// Events that are on their way have their originals copied into their batch's
// memory, and not their records kept. A record is 184 bytes around two slices,
// and keeps the whole fetch that brought it: with thousands of them in flight for
// as long as Amazon takes, in no order, fetches were most of the garbage and half
// of the memory. A copy of 300 bytes that are in the processor's cache costs less
// than to find a record again later, and lets the client use a fetch's memory for
// the next one as soon as it has been read.
//
// Lengths are varints, those of key and values one more than they are, with 0 for
// null: a dead letter must not make an empty value of a tombstone.

// AppendTo appends the original's bytes.
func (o *Original) AppendTo(b []byte) []byte {
	b = appendNullable(b, o.Key)
	b = appendNullable(b, o.Value)
	b = binary.AppendUvarint(b, uint64(len(o.Headers)))
	for i := range o.Headers {
		h := &o.Headers[i]
		b = binary.AppendUvarint(b, uint64(len(h.Key)))
		b = append(b, h.Key...)
		b = appendNullable(b, h.Value)
	}
	return b
}

func appendNullable(b, field []byte) []byte {
	if field == nil {
		return append(b, 0)
	}
	b = binary.AppendUvarint(b, uint64(len(field))+1)
	return append(b, field...)
}

// Size is how many bytes AppendTo appends, at most.
func (o *Original) Size() int {
	const length = binary.MaxVarintLen32
	size := 3*length + len(o.Key) + len(o.Value)
	for i := range o.Headers {
		size += 2*length + len(o.Headers[i].Key) + len(o.Headers[i].Value)
	}
	return size
}

// ReadOriginal reads what AppendTo has written, and perhaps other things behind
// it, into memory of its own.
func ReadOriginal(b []byte) (o Original) {
	r := originalReader(slices.Clone(b[:OriginalSize(b)]))
	o.Key, o.Value = r.nullable(), r.nullable()
	if n := r.length(); n > 0 {
		o.Headers = make([]kgo.RecordHeader, n)
	}
	for i := range o.Headers {
		o.Headers[i] = kgo.RecordHeader{Key: string(r.next(r.length())), Value: r.nullable()}
	}
	return o
}

// OriginalSize is how many bytes AppendTo has written, before perhaps others.
func OriginalSize(b []byte) int {
	r := originalReader(b)
	r.nullable()
	r.nullable()
	for range r.length() {
		r.next(r.length())
		r.nullable()
	}
	return len(b) - len(r)
}

type originalReader []byte

func (r *originalReader) length() int {
	n, size := binary.Uvarint(*r)
	*r = (*r)[size:]
	return int(n)
}

func (r *originalReader) next(n int) []byte {
	field := (*r)[:n:n]
	*r = (*r)[n:]
	return field
}

func (r *originalReader) nullable() []byte {
	n := r.length()
	if n == 0 {
		return nil
	}
	return r.next(n - 1)
}
