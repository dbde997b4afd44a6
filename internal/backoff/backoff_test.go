package backoff

import (
	"testing"
	"time"
)

func TestABackoffIsExponentialJitteredAndCapped(t *testing.T) {
	roll := 0.0
	b := New(time.Second, 30*time.Second, func() float64 { return roll })
	for n, want := range []string{"1s", "2s", "4s", "8s", "16s", "30s", "30s", "30s"} {
		if got := b.step(n).String(); got != want {
			t.Errorf("step %d: %s, want %s", n, got, want)
		}
	}
	if b.Full(3) != 0 || b.Spaced(3) != 4*time.Second {
		t.Errorf("at the low end: full %s, spaced %s; want 0 and 4s", b.Full(3), b.Spaced(3))
	}
	roll = 0.5
	if b.Full(3) != 4*time.Second || b.Spaced(3) != 6*time.Second {
		t.Errorf("in the middle: full %s, spaced %s; want 4s and 6s", b.Full(3), b.Spaced(3))
	}
	if b.step(1_000_000) != 30*time.Second {
		t.Error("a long outage overflows the backoff")
	}
}
