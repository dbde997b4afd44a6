package flow

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
)

// TestUnpackerBounds: a fetch brings many batches, so that each is bounded by its own
// size, in bytes and in records; what is meant to be read is not refused.
func TestUnpackerBounds(t *testing.T) {
	u, err := NewUnpacker(nil)
	if err != nil {
		t.Fatal(err)
	}
	comp, err := kgo.DefaultCompressor(kgo.GzipCompression())
	if err != nil {
		t.Fatal(err)
	}
	record := func(i, n int) []byte { // as a batch has them
		body := []byte{0}
		body = binary.AppendVarint(body, int64(i))
		body = binary.AppendVarint(body, int64(i))
		body = binary.AppendVarint(body, -1)
		v := value(i, n)
		body = binary.AppendVarint(body, int64(len(v)))
		body = append(append(body, v...), 0)
		return append(binary.AppendVarint(nil, int64(len(body))), body...)
	}
	for name, tc := range map[string]struct {
		records, bytes int
		random         bool
		refused        bool
	}{
		"events":           {1000, 300, true, false},
		"small events":     {20_000, 60, true, false},
		"large events":     {500, 20_000, true, false},
		"one event":        {1, 300, true, false},
		"sixty":            {60, 1, false, false},
		"empty records":    {200_000, 0, false, true},
		"one record large": {1, 8 << 20, false, true},
		"many of the same": {3000, 4000, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			var batch []byte
			for i := range tc.records {
				if tc.random {
					batch = append(batch, record(i, tc.bytes)...)
				} else {
					batch = append(batch, record(0, -tc.bytes)...)
				}
			}
			var buf bytes.Buffer
			packed, codec := comp.Compress(&buf, batch)
			out, err := u.Decompress(packed, codec)
			if refused := errors.Is(err, kgo.ErrMaxDecompress); refused != tc.refused || err == nil && !bytes.Equal(out, batch) {
				t.Errorf("%d bytes of %d: %v, want it refused: %v", len(packed), len(batch), err, tc.refused)
			}
		})
	}
}

// value is an event's: an id, and attributes that are always the same. For a negative
// length it is zeros.
func value(i, n int) []byte {
	if n <= 0 {
		return make([]byte, -n)
	}
	sum := sha256.Sum256(binary.AppendVarint(nil, int64(i)))
	return append(sum[:16], bytes.Repeat([]byte("attribute "), n/10+1)...)[:n]
}

// TestMoreRecordsAtItsBounds: so many records are taken, and one more is not; what cannot
// be records of a batch is for the client to refuse.
func TestMoreRecordsAtItsBounds(t *testing.T) {
	empty := []byte{12, 1, 1, 1, 1, 1, 1} // seven bytes, of which six are a record without anything
	for name, c := range map[string]struct {
		batch []byte
		most  int
		want  bool
	}{
		"as many as may be":        {bytes.Repeat(empty, 9), 9, false},
		"one more":                 {bytes.Repeat(empty, 10), 9, true},
		"many more":                {bytes.Repeat(empty, 1000), 9, true},
		"none":                     {nil, 0, false},
		"one where none may be":    {empty, 0, true},
		"fewer, and larger":        {bytes.Repeat(append([]byte{40}, bytes.Repeat([]byte{1}, 20)...), 9), 9, false},
		"of a former format":       {append([]byte{0}, bytes.Repeat(empty, 100)...), 9, false},
		"a length below zero":      {append([]byte{1}, bytes.Repeat(empty, 100)...), 9, false},
		"a length beyond its end":  {append(bytes.Repeat(empty, 9), 14, 1, 1, 1, 1, 1, 1), 8, true},
		"one that ends too early":  {append(bytes.Repeat(empty, 3), 126, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1), 4, false},
		"a length that never ends": {bytes.Repeat([]byte{0xff}, 100), 9, false},
	} {
		if got := moreRecords(c.batch, c.most); got != c.want {
			t.Errorf("%s: more than %d records: %v, want %v", name, c.most, got, c.want)
		}
	}
}

// TestUnpackerLeavesTheRestToTheClient: what is not packed, and what cannot be unpacked.
func TestUnpackerLeavesTheRestToTheClient(t *testing.T) {
	u, err := NewUnpacker(nil)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := u.Decompress([]byte("as it is"), kgo.CodecNone); err != nil || string(out) != "as it is" {
		t.Errorf("%q, %v; want what came", out, err)
	}
	if out, err := u.Decompress([]byte("no gzip"), kgo.CodecGzip); err == nil || errors.Is(err, kgo.ErrMaxDecompress) {
		t.Errorf("%q, %v; want the client's error", out, err)
	}
}
