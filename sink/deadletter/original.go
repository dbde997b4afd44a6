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

// OriginalOf returns what a letter repeats of a record; it shares the record's memory.
func OriginalOf(r *kgo.Record) Original { return Original{r.Key, r.Value, r.Headers} }

// Originals of events in flight are copied into their batch's memory, and their records
// released. A record is 184 bytes around two slices and retains the whole fetch that
// brought it: with thousands in flight for as long as Amazon takes, in no order, fetches
// were most of the garbage and half of the memory. Copying 300 bytes that are in the
// processor's cache costs less than finding a record again later, and lets the client
// reuse a fetch's memory as soon as it has been read.
//
// Lengths are varints. Those of keys and values are one more than the length, with 0 for
// null: a dead letter must not turn a tombstone into an empty value.

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

// Size returns an upper bound of what AppendTo appends.
func (o *Original) Size() int {
	const length = binary.MaxVarintLen32
	size := 3*length + len(o.Key) + len(o.Value)
	for i := range o.Headers {
		size += 2*length + len(o.Headers[i].Key) + len(o.Headers[i].Value)
	}
	return size
}

// ReadOriginal reads what AppendTo wrote, possibly followed by other bytes, into memory of
// its own.
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

// OriginalSize returns how many bytes AppendTo wrote, possibly followed by others.
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
