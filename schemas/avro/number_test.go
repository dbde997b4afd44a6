package avro

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestNumbersAreReadLikeVarints(t *testing.T) {
	w := layoutWalker{}
	for _, last := range []byte{0, 1, 2, 0x7f, 0x80} {
		b := append(bytes.Repeat([]byte{0xff}, 9), last)
		w.rest = b
		_, err := w.long()
		if _, next := ReadLong(string(b), 0); (err == nil) != (next == len(b)) {
			t.Errorf("%x is read up to %d, want error %v", b, next, err)
		}
	}
	for _, n := range []int64{0, -1, 1, 63, 64, -64, -65, 1 << 20, math.MaxInt32, math.MinInt32, math.MaxInt64, math.MinInt64} {
		if v, next := ReadLong(string(binary.AppendVarint(nil, n)), 0); v != n || next != len(binary.AppendVarint(nil, n)) {
			t.Errorf("%d is read as %d, up to %d", n, v, next)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(rapid.OneOf(rapid.Byte(), rapid.ByteRange(0x80, 0xff), rapid.Just(byte(1))), 0, 12).Draw(t, "bytes")
		w.rest = b
		want, err := w.long()
		got, next := ReadLong(string(b), 0)
		if (err != nil) != (next < 0) || err == nil && (got != want || next != len(b)-len(w.rest)) {
			t.Fatalf("%x: read %d up to %d, want %d, %v", b, got, next, want, err)
		}
	})
}
