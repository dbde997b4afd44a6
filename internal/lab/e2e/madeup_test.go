//go:build !kafka

package e2e

import (
	"fmt"
	"runtime"
	"runtime/metrics"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/lab/testkit"
)

// peaks is the most that was in use at once: what the heap holds after a collection,
// and goroutines. Both are beyond what there was when the watch began.
func peaks() (most func() (heap uint64, goroutines int)) {
	var heap, goroutines atomic.Uint64
	// What is allocated while a collection runs counts as live, which on a busy machine is a
	// third more in one run of four. So it is the less of two in a row.
	collected := func() uint64 {
		runtime.GC()
		m := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
		metrics.Read(m)
		return m[0].Value.Uint64() + m[1].Value.Uint64()
	}
	live := func() uint64 { return min(collected(), collected()) }
	before, routines := live(), runtime.NumGoroutine()
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			goroutines.Store(max(goroutines.Load(), uint64(runtime.NumGoroutine())))
			heap.Store(max(heap.Load(), live()))
			select {
			case <-stop:
				return
			case <-time.After(200 * time.Millisecond):
			}
		}
	}()
	return func() (uint64, int) {
		close(stop)
		<-done
		return max(heap.Load(), before) - before, int(goroutines.Load()) - routines
	}
}

// TestMadeUpProfiles: a producer writes 60,000 events, each of a profile that nobody
// has heard of, before and among those of a profile that is served. Memory and
// goroutines stay within what is documented, and the other profile's events move.
func TestMadeUpProfiles(t *testing.T) {
	const served = "5551234567"
	madeUp := 60_000
	if testkit.Racing() {
		madeUp = 3000
	}
	only := sandbox.DefaultAccount()
	only.Profiles = []string{served}
	for name, account := range map[string]sandbox.Account{"refused": only, "taken": sandbox.DefaultAccount()} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, sandbox.Options{Accounts: []sandbox.Account{account}, ForgetEvents: true})
			if err := w.amazon.SetFaults(sandbox.Fault{Do: sandbox.Delay, Latency: 50 * time.Millisecond}); err != nil {
				t.Fatal(err)
			}
			good := 0
			w.publish(func(yield func(sample.Sample, error) bool) {
				i := 0
				for s, err := range generated(t, madeUp+madeUp/20, 41, sample.GeneratorOptions{}) {
					if s.Event.ProfileID = served; i%21 < 20 {
						s.Event.ProfileID = fmt.Sprint(7_000_000_000 + i)
					} else {
						good++
					}
					if i++; !yield(s, err) {
						return
					}
				}
			})
			w.published = nil
			most := peaks()
			c := w.config()
			c.MaxParkedEvents, c.AuthHold = 500_000, 2*time.Minute
			c.BackoffMin, c.BackoffMax = 0, 0
			c.Drain = time.Second // at the end most events still wait for their profiles
			// What is in flight with its lanes, places of what is parked, idle lanes of
			// profiles that were taken; and of the test the sandbox's memory of 60,000
			// profiles, and a log of each request. It was 621 MB.
			began := time.Now()
			p := w.start(c)
			w.eventually(p, "Amazon has the other profile's events", func() bool { return int(w.amazon.Stats().Profiles[served].Taken) == good })
			took := time.Since(began)
			heap, goroutines := most()
			t.Logf("%d MB, %d goroutines, %d events in %s", heap>>20, goroutines, good, took.Round(100*time.Millisecond))
			if heap > 256<<20 {
				t.Errorf("%d MB are in use", heap>>20)
			}
			if goroutines > 1000 {
				t.Errorf("%d goroutines", goroutines)
			}
		})
	}
}
