package consumer

import (
	"fmt"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/tracklayer/amazon-capi/consumer/ledger"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// TestRestartSendsAgainOnlyWhatHadNoVerdict: a process that dies with one event
// waiting must not have all sent again that came after it.
func TestRestartSendsAgainOnlyWhatHadNoVerdict(t *testing.T) {
	b := newBench(t, 1)
	b.publish(0, events("p1", 0, 1000)...)
	s := newFakeSink(false)
	m := b.start(s, func(o *Options) { o.Drain = -1 })
	vs := s.take(1000)
	for i, v := range vs {
		if i%100 != 3 { // ten of them wait
			m.Settle([]verdict.Verdict{v})
		}
	}
	b.eventually("the metadata is committed", func() bool {
		o, _ := b.offset(0)
		got, err := ledger.ParseBeyond(o.Metadata, o.At)
		return err == nil && o.At == 3 && got.Has(999, 0)
	})
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	s2 := newFakeSink(true)
	m2 := b.start(s2, nil)
	b.eventually("all is committed", func() bool { return b.committed(0) == 1000 })
	for i := range 1000 {
		want := 0
		if i%100 == 3 {
			want = 1
		}
		if n := s2.count(fmt.Sprintf("e%d", i)); n != want {
			t.Errorf("e%d was sent %d times after the restart, want %d", i, n, want)
		}
	}
	if sum := m2.Tally().Summary(); sum.Taken != 10 || sum.InFlight() != 0 {
		t.Errorf("taken %d, in flight %d; want only the ten that waited", sum.Taken, sum.InFlight())
	}
	if o, _ := b.offset(0); len(said(t, o).Settled) > 0 {
		t.Errorf("metadata %q names ranges though all is committed", o.Metadata)
	}
}

// said is what a commit's metadata says.
func said(t *testing.T, o kadm.OffsetResponse) ledger.Beyond {
	t.Helper()
	got, err := ledger.ParseBeyond(o.Metadata, o.At)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// TestStrangeMetadataIsIgnored: other programs commit metadata, too.
func TestStrangeMetadataIsIgnored(t *testing.T) {
	b := newBench(t, 1)
	b.publish(0, events("p1", 0, 10)...)
	var offsets kadm.Offsets
	offsets.Add(kadm.Offset{Topic: topic, Partition: 0, At: 2, LeaderEpoch: -1, Metadata: "somebody else's"})
	if err := b.admin.CommitAllOffsets(t.Context(), group, offsets); err != nil {
		t.Fatal(err)
	}
	s := newFakeSink(true)
	b.start(s, nil)
	b.eventually("all is committed", func() bool { return b.committed(0) == 10 })
	if s.count("e1") != 0 || s.count("e2") != 1 {
		t.Errorf("e1 sent %d times, e2 %d times; want 0 and 1", s.count("e1"), s.count("e2"))
	}
	if !strings.Contains(b.log.String(), "metadata cannot be used") {
		t.Errorf("no warning:\n%s", b.log)
	}
}

// TestANewLeaderWroteWhatFollows: a leader that is elected in order writes behind all
// that was settled before. One poll that brings both, what an earlier owner settled
// and what the new leader wrote, sends none of it again.
func TestANewLeaderWroteWhatFollows(t *testing.T) {
	b := newBench(t, 1)
	b.publish(0, events("p1", 0, 50)...)
	s := newFakeSink(false)
	m := b.start(s, func(o *Options) { o.Drain = -1 })
	for _, v := range s.take(50) {
		if v.EventID != "e10" && v.EventID != "e12" {
			m.Settle([]verdict.Verdict{v})
		}
	}
	b.eventually("the ranges are committed", func() bool {
		o, _ := b.offset(0)
		got, err := ledger.ParseBeyond(o.Metadata, o.At)
		return err == nil && o.At == 10 && got.Has(49, 0) && got.Has(11, 0)
	})
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	if err := b.cluster.MoveTopicPartition(topic, 0, b.cluster.LeaderFor(topic, 0)); err != nil {
		t.Fatal(err)
	}
	b.publish(0, events("p1", 50, 60)...)
	s = newFakeSink(true)
	b.start(s, nil)
	b.eventually("all is committed", func() bool { return b.committed(0) == 60 })
	for i := range 60 {
		want := 0
		if i == 10 || i == 12 || i >= 50 {
			want = 1
		}
		if n := s.count(fmt.Sprintf("e%d", i)); n != want {
			t.Errorf("e%d was sent %d times, want %d", i, n, want)
		}
	}
	if strings.Contains(b.log.String(), `"reason":`) {
		t.Errorf("the log is said to have changed:\n%s", b.log)
	}
}
