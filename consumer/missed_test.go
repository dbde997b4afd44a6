package consumer

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
	"github.com/tracklayer/amazon-capi/consumer/proof"
	"github.com/tracklayer/amazon-capi/consumer/tally"
	"github.com/tracklayer/amazon-capi/internal/health"
)

func (b *bench) deleteBefore(partition int32, offset int64) {
	b.t.Helper()
	var offsets kadm.Offsets
	offsets.Add(kadm.Offset{Topic: topic, Partition: partition, At: offset})
	if answers, err := b.admin.DeleteRecords(b.t.Context(), offsets); err != nil || answers.Error() != nil {
		b.t.Fatal(err, answers.Error())
	}
}

func (m *member) missedOf(partition string) float64 {
	var v dto.Metric
	if err := m.metrics.missed.WithLabelValues(topic, partition).Write(&v); err != nil {
		panic(err)
	}
	return v.GetCounter().GetValue()
}

// TestMissedAtTheStart is issue 15's case: committed 46, log start 166. It is told
// once, also if the member is started again.
func TestMissedAtTheStart(t *testing.T) {
	b := newBench(t, 1)
	b.publish(0, events("p1", 0, 200)...)
	var offsets kadm.Offsets
	offsets.Add(kadm.Offset{Topic: topic, Partition: 0, At: 46, LeaderEpoch: -1})
	if err := b.admin.CommitAllOffsets(t.Context(), group, offsets); err != nil {
		t.Fatal(err)
	}
	b.deleteBefore(0, 166)
	p, err := proof.ReadProgress(t.Context(), b.client, group, topic)
	if err != nil || p.Missed[0] != 120 {
		t.Errorf("progress tells of %d missed, %v; want 120", p.Missed[0], err)
	}
	s := newFakeSink(false)
	m := b.start(s, func(o *Options) { o.Drain = -1 })
	s.take(34)
	if got := m.missedOf("0"); got != 120 {
		t.Errorf("counted %v, want 120", got)
	}
	failing := false
	for _, st := range m.opts.Conditions.States() {
		failing = failing || st.Name == "retention" && strings.Contains(st.Reason, "120 records of partition tracklayer.events/0")
	}
	if !failing || strings.Count(b.log.String(), "were deleted before they were read") < 1 || !strings.Contains(b.log.String(), `"records":120`) {
		t.Errorf("readiness fails: %v; log:\n%s", failing, b.log)
	}
	b.eventually("what is missed is behind it", func() bool { return b.committed(0) == 166 })
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	m2 := b.start(newFakeSink(true), nil)
	b.eventually("all is committed", func() bool { return b.committed(0) == 200 })
	if got := m2.missedOf("0"); got != 0 {
		t.Errorf("counted again: %v", got)
	}
}

// TestMissedWhileRunning: the log's start passes a member that waits for room.
func TestMissedWhileRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newVirtualBench(t, 1, 1)
		b.publish(0, events("p1", 0, 10)...)
		s := newFakeSink(false)
		m := b.start(s, nil)
		vs := s.take(10)
		m.client.PauseFetchPartitions(map[string][]int32{topic: {0}}) // as a full window does
		time.Sleep(time.Minute)                                       // the fetch that was under way ends
		b.publish(0, events("p1", 10, 50)...)
		b.deleteBefore(0, 30)
		m.Settle(vs)
		m.client.ResumeFetchPartitions(map[string][]int32{topic: {0}})
		m.Settle(s.take(20))
		b.eventually("all is committed", func() bool { return b.committed(0) == 50 })
		if got := m.missedOf("0"); got != 20 {
			t.Errorf("counted %v, want 20", got)
		}
		if err := m.stop(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestMissedAtRest: nothing comes after what was deleted.
func TestMissedAtRest(t *testing.T) {
	b := newBench(t, 1)
	b.publish(0, events("p1", 0, 10)...)
	s := newFakeSink(true)
	m := b.start(s, nil)
	b.eventually("all is committed", func() bool { return b.committed(0) == 10 })
	m.client.PauseFetchPartitions(map[string][]int32{topic: {0}})
	time.Sleep(150 * time.Millisecond)
	b.publish(0, events("p1", 10, 50)...)
	b.deleteBefore(0, 50)
	before := m.lookForMissed(t.Context(), b.admin, nil)
	if len(before) != 1 || m.missedOf("0") != 0 {
		t.Fatalf("after one look: %v, counted %v", before, m.missedOf("0"))
	}
	m.lookForMissed(t.Context(), b.admin, before)
	m.lookForMissed(t.Context(), b.admin, before)
	if got := m.missedOf("0"); got != 40 {
		t.Errorf("counted %v, want 40", got)
	}
	b.eventually("it is behind it", func() bool { return b.committed(0) == 50 })
	m.client.ResumeFetchPartitions(map[string][]int32{topic: {0}})
	b.publish(0, "p1|e50")
	b.eventually("it goes on", func() bool { return b.committed(0) == 51 })
	if got := m.missedOf("0"); got != 40 {
		t.Errorf("counted %v after it went on, want 40", got)
	}
}

// TestMissedBesideABusyPartition: the client always holds records of one partition
// while those of another are deleted, and nothing comes after them.
func TestMissedBesideABusyPartition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newVirtualBench(t, 1, 2)
		b.publish(1, events("p1", 0, 10)...)
		s := newFakeSink(false)
		m := b.start(s, func(o *Options) { o.MaxInFlightEvents, o.MaxParkedEvents = 100, -1 })
		m.Settle(s.take(10))
		n := 1000
		busy := func() {
			b.publish(0, events("p1", n, n+467)...)
			n += 467
		}
		busy()
		time.Sleep(time.Second) // the window is full, and the client holds the rest
		b.publish(1, events("p1", 10, 50)...)
		b.deleteBefore(1, 50)
		held := true
		for i := range 300 { // seconds
			if i%3 == 0 {
				busy()
			}
			held = held && m.client.BufferedFetchRecords() > 0
			if i < 10 && m.missedOf("1") > 0 {
				t.Fatal("counted while it could be in the client's hands")
			}
			m.Settle(s.take(20))
			time.Sleep(time.Second)
		}
		if !held {
			t.Error("the client held nothing at times, so this shows nothing")
		}
		if got := m.missedOf("1"); got != 40 {
			t.Errorf("counted %v, want 40", got)
		}
		if got := m.missedOf("0"); got != 0 {
			t.Errorf("counted %v of the partition that is busy, want none", got)
		}
		b.publish(1, "p1|e50")
		s.acceptFromNowOn()
		time.Sleep(time.Minute)
		if got := b.committed(1); got != 51 || m.missedOf("1") != 40 {
			t.Errorf("committed %d, want 51; counted %v, want 40", got, m.missedOf("1"))
		}
	})
}

// TestMissedIsToldForAWhile: readiness is well again when it was seen.
func TestMissedIsToldForAWhile(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	c := &Consumer{log: zerolog.Nop(), tally: tally.New(), opts: Options{Now: func() time.Time { return now }}}
	c.metrics = newMetrics(c, nil)
	cs := health.NewConditions(zerolog.Nop(), nil)
	c.conditions.retention = cs.Condition("retention")
	c.miss(assignment.Of(topic, 0), 5, 10, 5)
	for _, step := range []struct {
		after   time.Duration
		failing bool
	}{{0, true}, {missedFor - time.Second, true}, {time.Second, false}} {
		now = now.Add(step.after)
		c.forgive()
		if cs.Failing() != step.failing {
			t.Errorf("after %s more: failing %v", step.after, cs.Failing())
		}
	}
}
