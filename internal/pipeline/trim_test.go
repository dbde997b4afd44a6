package pipeline

import (
	"testing"
	"testing/synctest"
	"time"
)

type trimmed struct{ times int }

func (d *trimmed) Trim() { d.times++ }

// What the lanes needed in a busy time is given up soon after it, until they are closed.
func TestLanesGiveUpUnusedMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(trimmed)
		stop := eachSecond(d.Trim)
		time.Sleep(2*time.Second + time.Millisecond)
		stop()
		time.Sleep(time.Minute)
		if d.times != 2 {
			t.Errorf("told %d times, want 2", d.times)
		}
	})
}
