package e2e

import (
	"fmt"
	"testing"

	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// TestAStuckProfileHoldsNobodyUp: Amazon fails one of six profiles, which has
// far more events than the program takes at a time. The others get through
// meanwhile, and this one afterwards, each event once.
func TestAStuckProfileHoldsNobodyUp(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	w.publish(generated(t, 9000, 31, sample.GeneratorOptions{Profiles: 6, Broken: 0.01}))
	events := make(map[string]int)
	for _, s := range w.published {
		if s.Expect == verdict.Accepted {
			events[s.ProfileID()]++
		}
	}
	stuck, others := "", 0
	for profile, n := range events {
		if n > events[stuck] {
			stuck = profile
		}
		others += n
	}
	others -= events[stuck]
	if err := w.amazon.SetFaults(sandbox.Fault{Do: sandbox.Status, Status: 503, Profile: stuck}); err != nil {
		t.Fatal(err)
	}
	c := w.config()
	c.BatchEvents, c.MaxInFlightEvents, c.MaxParkedEvents = 20, 500, 100_000
	if events[stuck] < 2*c.MaxInFlightEvents {
		t.Fatalf("%d events cannot fill a window of %d twice", events[stuck], c.MaxInFlightEvents)
	}
	p := w.start(c)
	w.eventually(p, fmt.Sprintf("Amazon has all %d events of the other profiles", others), func() bool {
		s := w.amazon.Stats()
		return int(s.Accepted) == others
	})
	if n := w.amazon.Stats().Profiles[stuck].Accepted; n != 0 {
		t.Errorf("%d of the stuck profile were accepted", n)
	}
	if err := w.amazon.SetFaults(); err != nil {
		t.Fatal(err)
	}
	w.delivered(p)
	records, letters := w.deadLetters()
	w.checkVerdicts(letters)
	w.checkReceipts(letters)
	w.checkPrivacy(p, records)
	w.checkMetrics(p)
	if n := w.amazon.Stats().Taken; int(n) != others+events[stuck] {
		t.Errorf("Amazon took %d events, want each of %d once", n, others+events[stuck])
	}
}
