package history

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestSetAgainstModel: a set is what a map of the same records is.
func TestSetAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s Set
		model := make(map[int32][]int64)
		n := 0
		for p := range int32(3) {
			at := rapid.Int64Range(0, 1<<40).Draw(t, "start")
			for range rapid.IntRange(0, 200).Draw(t, "n") {
				at += rapid.SampledFrom([]int64{1, 1, 1, 2, 63, 64, 65, 1000}).Draw(t, "gap")
				s.Add(p, at)
				s.Add(p, at) // twice is once
				model[p] = append(model[p], at)
				n++
			}
		}
		for p, offsets := range model {
			for i := len(offsets) - 2; i >= 0; i -= rapid.IntRange(1, 50).Draw(t, "removed") {
				s.Remove(p, offsets[i])
				s.Remove(p, offsets[i])
				offsets = slices.Delete(offsets, i, i+1)
				n--
			}
			model[p] = offsets
		}
		s.Remove(7, 7)
		if s.Len() != n {
			t.Fatalf("%d records, want %d", s.Len(), n)
		}
		for p := range int32(4) {
			offsets := model[p]
			if got := slices.Collect(s.Offsets(p)); !slices.Equal(got, offsets) {
				t.Fatalf("partition %d: %v, want %v", p, got, offsets)
			}
			end := int64(0)
			for _, at := range offsets {
				end = at + 1
				for _, near := range []int64{at - 64, at - 1, at, at + 1, at + 64} {
					if s.Has(p, near) != slices.Contains(offsets, near) {
						t.Fatalf("partition %d: has %d: %v", p, near, s.Has(p, near))
					}
				}
			}
			if s.End(p) != end {
				t.Fatalf("partition %d ends at %d, want %d", p, s.End(p), end)
			}
			if slices.Contains(s.Partitions(), p) != (len(offsets) > 0) {
				t.Fatalf("partitions %v", s.Partitions())
			}
		}
	})
}
