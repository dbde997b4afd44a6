package deadletter

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"
	"pgregory.net/rapid"
)

// What is kept of a record is what it was, null and empty told apart, and is not
// part of the memory that it was kept in.
func TestOriginalsAreKept(t *testing.T) {
	nullable := rapid.Custom(func(t *rapid.T) []byte {
		if rapid.Bool().Draw(t, "null") {
			return nil
		}
		return append([]byte{}, rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "bytes")...)
	})
	rapid.Check(t, func(t *rapid.T) {
		var kept []byte
		var want []Original
		var ends []int
		for range rapid.IntRange(1, 4).Draw(t, "records") {
			r := kgo.Record{Key: nullable.Draw(t, "key"), Value: nullable.Draw(t, "value")}
			for range rapid.IntRange(0, 3).Draw(t, "headers") {
				r.Headers = append(r.Headers, kgo.RecordHeader{Key: rapid.String().Draw(t, "header"), Value: nullable.Draw(t, "header's value")})
			}
			o := OriginalOf(&r)
			before := len(kept)
			kept = o.AppendTo(kept)
			if size := len(kept) - before; size > o.Size() {
				t.Fatalf("%d bytes, expected at most %d", size, o.Size())
			}
			want, ends = append(want, o), append(ends, len(kept))
		}
		var got []Original
		start := 0
		for _, end := range ends {
			if size := OriginalSize(kept[start:]); size != end-start {
				t.Fatalf("%d bytes, want %d", size, end-start)
			}
			got = append(got, ReadOriginal(kept[start:]))
			start = end
		}
		clear(kept)
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(Original{})); diff != "" {
			t.Fatalf("-want +got:\n%s", diff)
		}
	})
}
