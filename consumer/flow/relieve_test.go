package flow

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestRoomThatIsMadeIsUsedAtOnce: as long as relieving makes room, nobody is hurried and no
// time passes.
func TestRoomThatIsMadeIsUsedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWindow(100, 1000)
		w.Take(100, 0)
		began, relieved := time.Now(), 0
		n, err := w.Room(t.Context(), func() bool {
			relieved++
			w.Release(10, 0)
			return true
		}, func() { t.Error("somebody is hurried") })
		if err != nil || n != 30 || relieved != 3 || time.Since(began) != 0 {
			t.Errorf("room for %d, %v, after relieving %d times and %s; want 30 after 3 times and at once", n, err, relieved, time.Since(began))
		}
	})
}

// TestWindowAtItsBounds: what is exactly full, and what is over.
func TestWindowAtItsBounds(t *testing.T) {
	for _, tc := range []struct {
		events     int
		bytes      int64
		full, over bool
	}{{99, 999, false, false}, {100, 0, true, false}, {0, 1000, true, false}, {125, 1250, true, false}, {126, 0, true, true}, {0, 1251, true, true}} {
		w := NewWindow(100, 1000)
		w.Take(tc.events, tc.bytes)
		if w.Full() != tc.full || w.Over(5, 4) != tc.over {
			t.Errorf("%d events, %d bytes: full %v, over %v; want %v, %v", tc.events, tc.bytes, w.Full(), w.Over(5, 4), tc.full, tc.over)
		}
	}
}
