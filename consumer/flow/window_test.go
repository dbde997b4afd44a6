package flow

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestWindowStopsAndOpensAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWindow(100, 1000)
		room := func() int {
			t.Helper()
			n, err := w.Room(t.Context(), unrelieved, func() {})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		if n := room(); n != 100 {
			t.Fatalf("an empty window of 100 has room for %d", n)
		}
		w.Take(99, 990)
		if n := room(); n != 1 {
			t.Fatalf("room %d with 99 of 100 taken, want 1", n)
		}
		w.Take(1, 10)

		got := make(chan int, 1)
		go func() {
			n, _ := w.Room(t.Context(), unrelieved, func() {})
			got <- n
		}()
		synctest.Wait()
		w.Release(1, 10)
		synctest.Wait()
		if len(got) != 0 {
			t.Fatal("a full window opened for one event: polls would fetch single records")
		}
		w.Release(24, 240)
		synctest.Wait()
		if n := <-got; n != 25 {
			t.Fatalf("room %d after 25 verdicts, want 25", n)
		}
	})
}

func TestWindowIsBoundedByBytesToo(t *testing.T) {
	w := NewWindow(100, 1000)
	w.Take(1, 5000) // a record larger than the window still passes, alone
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.Room(ctx, unrelieved, func() {}); err == nil {
		t.Fatal("room in a window whose bytes are used up")
	}
	w.Release(1, 5000)
	if n, err := w.Room(ctx, unrelieved, func() {}); err != nil || n != 100 {
		t.Fatalf("room %d, %v after release", n, err)
	}
}

func unrelieved() bool { return false }

// TestAFullWindowAsksForRelief, at once and then again and again, and uses it.
func TestAFullWindowAsksForRelief(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWindow(100, 1<<20)
		w.Take(100, 1)
		began, asked := time.Now(), 0
		n, err := w.Room(t.Context(), func() bool {
			if asked++; asked < 4 {
				return false
			}
			w.Release(30, 0)
			return true
		}, func() {})
		if n != 30 || err != nil {
			t.Errorf("room for %d, %v", n, err)
		}
		if waited := time.Since(began); waited != 3*relieveEvery {
			t.Errorf("it was asked for the 4th time after %s", waited)
		}
	})
}

// A full window hurries batches along when no verdict comes, and does not while
// some do.
func TestAFullWindowThatIsStillHurries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWindow(100, 1<<20)
		w.Take(100, 1)
		hurried := 0
		go func() {
			for range 20 { // too few to open it
				time.Sleep(hurryAfter / 2)
				w.Release(1, 0)
			}
		}()
		began := time.Now()
		n, err := w.Room(t.Context(), unrelieved, func() {
			hurried++
			w.Release(80, 0)
		})
		if n != 100 || err != nil || hurried != 1 || time.Since(began) != 11*hurryAfter {
			t.Errorf("room for %d, %v, hurried %d times, after %s", n, err, hurried, time.Since(began))
		}
	})
}
