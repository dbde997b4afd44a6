package count

import "testing"

func TestOf(t *testing.T) {
	for n, want := range map[int64]string{0: "0 events are, were", 1: "1 event is, was", 2: "2 events are, were", -1: "-1 events are, were"} {
		if got := Of(n, "event") + " " + Is(n) + ", " + Was(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}
