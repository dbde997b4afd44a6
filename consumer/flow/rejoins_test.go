package flow

import (
	"testing"
	"time"
)

// TestRejoins: the first loss after an answer costs nothing, and each one after it twice
// as much, up to a bound.
func TestRejoins(t *testing.T) {
	var r Rejoins
	now := time.Unix(1000, 0)
	lost := func(want time.Duration) {
		t.Helper()
		got := r.Lost(now)
		if got != want {
			t.Errorf("paused for %s, want %s", got, want)
		}
		now = now.Add(got + time.Second)
	}
	for _, seconds := range []int{0, 1, 2, 4, 8, 10, 10} {
		lost(time.Duration(seconds) * time.Second)
	}
	for range 100 {
		lost(maxRejoin)
	}
	r.Told()
	lost(0)
	lost(firstRejoin)
	now = now.Add(rejoinsApart)
	lost(0)
}
