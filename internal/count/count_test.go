package count

import "testing"

func TestOf(t *testing.T) {
	for n, want := range map[int64]string{0: "0 events are, they were", 1: "1 event is, it was", 2: "2 events are, they were", -1: "-1 events are, they were"} {
		if got := Of(n, "event") + " " + Is(n) + ", " + They(n) + " " + Was(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}
