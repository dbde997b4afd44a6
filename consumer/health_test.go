package consumer

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tracklayer/amazon-capi/internal/health"
)

// TestAPartitionThatHangsIsNamed: an event that nobody works on any more is a
// bug, and the one thing a restart mends.
func TestAPartitionThatHangsIsNamed(t *testing.T) {
	b := newBench(t, 2)
	b.publish(1, events("p1", 0, 5)...)
	s := newFakeSink(false)
	conditions := health.NewConditions(b.logger(), nil)
	m := b.start(s, func(o *Options) { o.Conditions = conditions; o.Drain = -1 })
	vs := s.take(5)
	m.Settle(vs[:2])
	b.eventually("the member is well", func() bool { return !conditions.Failing() })

	now := time.Now()
	hangs := func(after time.Duration) string {
		now = now.Add(after)
		m.watch(now)
		if err := m.Live(); err != nil {
			return err.Error()
		}
		return ""
	}
	if e := hangs(0) + hangs(4*time.Minute); e != "" {
		t.Errorf("hangs before its time: %s", e)
	}
	if e := hangs(2 * time.Minute); !strings.Contains(e, topic+"/1") || !strings.Contains(e, "offset 2") {
		t.Errorf("after 6m without a verdict: %q, want the partition and the offset", e)
	}
	// A lane that is held excuses it, and the time begins anew.
	conditions.Condition("lane p1").Fail("throttled")
	if e := hangs(time.Hour); e != "" {
		t.Errorf("hangs while a lane is held: %s", e)
	}
	conditions.Condition("lane p1").OK()
	if e := hangs(4 * time.Minute); e != "" {
		t.Errorf("hangs right after the hold: %s", e)
	}
	// Progress is of the prefix: what passes a stuck event does not count.
	m.Settle(vs[3:])
	if e := hangs(2 * time.Minute); !strings.Contains(e, "offset 2") {
		t.Errorf("with one event stuck and others passing: %q", e)
	}
	m.Settle(vs[2:3])
	if e := hangs(time.Hour); e != "" {
		t.Errorf("hangs with nothing in hand: %s", e)
	}
}

// TestASumThatDoesNotHoldIsReported: the program checks its own promise.
func TestASumThatDoesNotHoldIsReported(t *testing.T) {
	synctest.Test(t, testASumThatDoesNotHoldIsReported)
}

func testASumThatDoesNotHoldIsReported(t *testing.T) {
	b := newVirtualBench(t, 1, 1)
	b.publish(0, events("p1", 0, 50)...)
	s := newFakeSink(false)
	m := b.start(s, nil)
	vs := s.take(50)
	m.Settle(vs[:20])
	m.checkSum(t.Context())
	if conditionFails(m, "sum") {
		t.Fatal("the sum is said not to hold with 30 in flight and 20 accepted")
	}
	m.tally.Take(1) // an event that was taken and is nowhere
	m.checkSum(t.Context())
	if !conditionFails(m, "sum") || !strings.Contains(b.log.String(), `"difference":1`) {
		t.Errorf("one event is missing and nobody says so:\n%s", b.log)
	}
	m.tally.GiveBack(1)
	m.window.Take(1, 0) // counted as in flight, and in no ledger
	if d := m.sumDifference(); d == 0 {
		t.Error("a window and ledgers that disagree pass for well")
	}
	m.window.Release(1, 0)
	m.Settle(vs[20:])
	m.checkSum(t.Context())
	if conditionFails(m, "sum") {
		t.Error("the condition stays though the sum holds again")
	}
}
