//go:build faultpoints

package faultpoint

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestAtWaitsAtTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		waits := 0
		for range 800 {
			time.Sleep(time.Millisecond)
			began := time.Now()
			At("here")
			d := time.Since(began)
			if d > 0 {
				waits++
			}
			if d >= longest {
				t.Errorf("waited %s, want less than %s", d, longest)
			}
		}
		if waits < 50 || waits > 200 {
			t.Errorf("%d of 800 times it waited, want about 100", waits)
		}
	})
}
