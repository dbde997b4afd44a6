package bench

import (
	"os"
	"runtime"
	"testing"
)

func TestTenthsKeepTheMost(t *testing.T) {
	var of tenths
	for _, step := range []struct{ done, bytes int64 }{
		{0, 5}, {0, 3}, {99, 9}, {99, 0}, {100, 4}, {250, 2}, {899, 8}, {900, 6}, {999, 7}, {1000, 6}, {1003, 1},
	} {
		of.at(step.done, 1000)
		of.add(step.bytes)
	}
	if got, want := of.seen(), (Tenths{9, 4, 2, 0, 0, 0, 0, 0, 8, 7}); got != want || got.First() != 9 || got.Last() != 7 {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestMemoryOf(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("other systems do not tell")
	}
	now, peak := memoryOf(os.Getpid())
	if now < 1<<20 || peak < now {
		t.Errorf("%d bytes, %d at most", now, peak)
	}
	if now, peak := memoryOf(1 << 30); now != 0 || peak != 0 {
		t.Errorf("nobody has %d bytes, %d at most", now, peak)
	}
}
