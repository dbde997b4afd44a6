package proof

import (
	"slices"
	"testing"
)

func TestRememberable(t *testing.T) {
	scattered := make([]int64, 0, 1<<17)
	for i := range int64(1 << 17) {
		scattered = append(scattered, i*i*7919%(1<<30))
	}
	slices.Sort(scattered)
	for name, tc := range map[string]struct {
		unsettled []int64
		want      bool
	}{
		"nothing left":     {nil, true},
		"a few left":       {[]int64{5, 900, 901, 1 << 30}, true},
		"too many to tell": {slices.Compact(scattered), false},
	} {
		if got := Rememberable(tc.unsettled, 1<<31); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
