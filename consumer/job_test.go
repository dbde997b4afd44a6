package consumer

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/proof"
	"github.com/tracklayer/amazon-capi/internal/history"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// chosen makes a selection of offsets of partitions 0, 1, …
func chosen(partitions ...[]int64) *history.Set {
	s := new(history.Set)
	for p, offsets := range partitions {
		for _, at := range offsets {
			s.Add(int32(p), at)
		}
	}
	return s
}

// ends waits for a member to end by itself.
func (m *member) ends(b *bench) {
	b.t.Helper()
	select {
	case err := <-m.done:
		if err != nil {
			b.t.Fatal(err)
		}
		m.done <- nil // for the clean-up
	case <-time.After(20 * time.Second):
		b.t.Fatalf("the job does not end\n%s", b.log)
	}
}

func (f *fakeSink) delivered() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Sorted(maps.Keys(f.seen))
}

func TestJobHandlesItsSelectionAndEnds(t *testing.T) {
	b := newBench(t, 3)
	b.publish(0, events("1", 0, 10)...)
	b.publish(1, events("2", 10, 15)...)
	b.publish(2, events("3", 20, 25)...)
	s := newFakeSink(true)
	m := b.start(s, func(o *Options) { o.Job = &Job{Selection: chosen([]int64{2, 3, 7}, []int64{4})} })
	m.ends(b)
	if want := []string{"e14", "e2", "e3", "e7"}; !slices.Equal(s.delivered(), want) {
		t.Errorf("delivered %q, want %q", s.delivered(), want)
	}
	if got := []int64{b.committed(0), b.committed(1)}; !slices.Equal(got, []int64{8, 5}) {
		t.Errorf("committed %v, want the ends of the selection", got)
	}
	if sum := m.Tally().Summary(); sum.Taken != 4 || sum.InFlight() != 0 {
		t.Errorf("taken %d, in flight %d: want what was selected, and nothing left", sum.Taken, sum.InFlight())
	}
	// The same job again finds nothing.
	again := newFakeSink(true)
	b.start(again, func(o *Options) { o.Job = &Job{Selection: chosen([]int64{2, 3, 7}, []int64{4})} }).ends(b)
	if got := again.delivered(); len(got) != 0 {
		t.Errorf("delivered %q a second time", got)
	}
}

// TestJobThatLeavesOthers: what one job leaves is there for the next, and what
// it did is not done again.
func TestJobThatLeavesOthers(t *testing.T) {
	b := newBench(t, 1)
	b.publish(0, events("1", 0, 10)...)
	var all []string
	for _, job := range []struct {
		offsets []int64
		want    []string
	}{
		{[]int64{2, 5, 6}, []string{"e2", "e5", "e6"}},
		{[]int64{8, 9}, []string{"e8", "e9"}},
		// It ends before those, and takes all before that there are.
		{[]int64{0, 1}, []string{"e0", "e1"}},
		{[]int64{0, 2, 3, 6, 9}, []string{"e3"}},
		{[]int64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, []string{"e4", "e7"}},
		{[]int64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, nil},
	} {
		s := newFakeSink(true)
		b.start(s, func(o *Options) { o.Job = &Job{Selection: chosen(job.offsets), LeaveOthers: true} }).ends(b)
		if got := s.delivered(); !slices.Equal(got, job.want) {
			t.Fatalf("%v: delivered %q, want %q", job.offsets, got, job.want)
		}
		all = append(all, job.want...)
		p, err := proof.ReadProgress(t.Context(), b.client, group, topic)
		if err != nil {
			t.Fatal(err)
		}
		for at := range int64(10) {
			if want := slices.Contains(all, fmt.Sprintf("e%d", at)); p.Settled(0, at, 0) != want {
				t.Errorf("after %v: offset %d settled %v, want %v", job.offsets, at, !want, want)
			}
		}
	}
	if got := b.committed(0); got != 10 {
		t.Errorf("committed %d, want all 10", got)
	}
}

// TestJobResumesWhereItStopped: what had its verdict is not handled again, what
// had none is.
func TestJobResumesWhereItStopped(t *testing.T) {
	b := newBench(t, 1)
	b.publish(0, events("1", 0, 6)...)
	job := func(o *Options) {
		o.Drain = -1
		o.Job = &Job{Selection: chosen([]int64{1, 2, 4, 5}), LeaveOthers: true}
	}
	s := newFakeSink(false)
	m := b.start(s, job)
	vs := s.take(4)
	s.settle(vs[1:3])
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	again := newFakeSink(true)
	b.start(again, job).ends(b)
	if want := []string{"e1", "e5"}; !slices.Equal(again.delivered(), want) {
		t.Errorf("delivered %q after the restart, want %q", again.delivered(), want)
	}
}

// TestJobEndsWithoutItsDeletedRecords: retention may take what a job has not read.
func TestJobEndsWithoutItsDeletedRecords(t *testing.T) {
	b := newBench(t, 1)
	b.publish(0, events("1", 0, 5)...)
	if _, err := b.admin.DeleteRecords(t.Context(), kadm.Offsets{topic: {0: {Topic: topic, At: 5}}}); err != nil {
		t.Fatal(err)
	}
	s := newFakeSink(true)
	b.start(s, func(o *Options) { o.Job = &Job{Selection: chosen([]int64{1, 3})} }).ends(b)
	if got := s.delivered(); len(got) != 0 {
		t.Errorf("delivered %q, which were deleted", got)
	}
}

// TestJobRestoresAndHandles: a handler can put another record in the place of the one
// it reads, handle it in its own way, and hold until it can.
func TestJobRestoresAndHandles(t *testing.T) { synctest.Test(t, testJobRestoresAndHandles) }

func testJobRestoresAndHandles(t *testing.T) {
	b := newVirtualBench(t, 1, 1)
	b.publish(0, "a", "b", "c")
	s := newFakeSink(true)
	var mu sync.Mutex
	var handled []string
	failures := 2
	restore := func(r *kgo.Record) (*kgo.Record, error) {
		mu.Lock()
		defer mu.Unlock()
		if failures--; failures >= 0 {
			return nil, errors.New("not now")
		}
		return &kgo.Record{Topic: "elsewhere", Offset: 70 + r.Offset, Value: append([]byte("was "), r.Value...)}, nil
	}
	handle := func(h verdict.Handle, r *kgo.Record) {
		mu.Lock()
		handled = append(handled, fmt.Sprintf("%s %d %s", r.Topic, r.Offset, r.Value))
		mu.Unlock()
		s.settle([]verdict.Verdict{{Handle: h, Source: verdict.SourceOf(r), Class: verdict.Accepted}})
	}
	b.startWith(s, handling{s, restore, handle}, func(o *Options) {
		o.Job, o.KeepsRecords = &Job{Selection: chosen([]int64{0, 2})}, true
	}).ends(b)
	if want := []string{"elsewhere 70 was a", "elsewhere 72 was c"}; !slices.Equal(handled, want) {
		t.Errorf("handled %q, want %q", handled, want)
	}
	if got := b.committed(0); got != 3 {
		t.Errorf("committed %d, want 3: a job accounts for what it read", got)
	}
}

// TestJobGivesUpARecord: what is left gets no verdict and stays for the next job,
// and the job ends all the same.
func TestJobGivesUpARecord(t *testing.T) {
	b := newBench(t, 1)
	b.publish(0, events("1", 0, 4)...)
	all := chosen([]int64{0, 1, 2, 3})
	s := newFakeSink(false)
	m := b.start(s, func(o *Options) { o.Job = &Job{Selection: all, LeaveOthers: true} })
	vs := s.take(4)
	m.Leave(vs[1].Handle)
	s.settle([]verdict.Verdict{vs[0], vs[2], vs[3]})
	m.ends(b)
	if sum := m.Tally().Summary(); sum.Returned != 1 || sum.InFlight() != 0 {
		t.Errorf("returned %d, in flight %d; want 1 and 0", sum.Returned, sum.InFlight())
	}
	if events, bytes := m.window.InFlight(); events != 0 || bytes != 0 {
		t.Errorf("the window has %d events and %d bytes in flight", events, bytes)
	}
	again := newFakeSink(true)
	b.start(again, func(o *Options) { o.Job = &Job{Selection: all, LeaveOthers: true} }).ends(b)
	if got := again.delivered(); !slices.Equal(got, []string{"e1"}) {
		t.Errorf("delivered %q, want what was left", got)
	}
}

func TestTwoMembersShareAJob(t *testing.T) { synctest.Test(t, testTwoMembersShareAJob) }

func testTwoMembersShareAJob(t *testing.T) {
	b := newVirtualBench(t, 1, 4)
	var offsets []int64
	for i := range int64(50) {
		offsets = append(offsets, i)
	}
	for p := range int32(4) {
		b.publish(p, events(fmt.Sprint(p+1), 100*int(p), 100*int(p)+50)...)
	}
	job := func(o *Options) { o.Job = &Job{Selection: chosen(offsets, offsets, offsets, offsets), Rate: 400} }
	sinks := []*fakeSink{newFakeSink(true), newFakeSink(true)}
	first, second := b.start(sinks[0], job), b.start(sinks[1], job)
	first.ends(b)
	second.ends(b)
	got := append(sinks[0].delivered(), sinks[1].delivered()...)
	if slices.Sort(got); len(got) != 200 || len(slices.Compact(got)) != 200 {
		t.Errorf("delivered %d events, want each of 200 once", len(got))
	}
}
