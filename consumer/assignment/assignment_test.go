package assignment

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/ledger"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// upTo is the selection of the even offsets below it.
type upTo int64

func (u upTo) Has(_ int32, offset int64) bool { return offset < int64(u) && offset%2 == 0 }
func (u upTo) End(int32) int64                { return int64(u) }

func handles(a *Assignment, seqs ...uint64) (list []verdict.Handle) {
	for _, s := range seqs {
		list = append(list, verdict.Handle{Owner: a, Seq: s})
	}
	return list
}

// TestWhatIsInFlightAddsUp: taken, settled, parked, read again, left to others: what is
// in flight is counted once, in records and in bytes, and what is given back at the end
// is exactly that. A second end gives nothing back.
func TestWhatIsInFlightAddsUp(t *testing.T) {
	a := taking(10)
	records := logged(0, 10)
	size := func(seqs ...int) (n int64) {
		for _, s := range seqs {
			n += int64(verdict.SizeOf(records[s]))
		}
		return n
	}
	want := func(when string, events, parked int) {
		t.Helper()
		if e, p := a.InFlight(); e != events || p != parked {
			t.Errorf("%s: %d in flight and %d of them parked, want %d and %d", when, e, p, events, parked)
		}
	}
	want("taken", 10, 0)
	vs := []verdict.Verdict{{Handle: verdict.Handle{Owner: a, Seq: 0}}, {Handle: verdict.Handle{Owner: a, Seq: 1}}, {Handle: verdict.Handle{Owner: a, Seq: 0}}}
	if counted, bytes := a.Settle(vs); len(counted) != 2 || bytes != size(0, 1) {
		t.Errorf("%d verdicts of %d bytes count, want two of %d: one came twice", len(counted), bytes, size(0, 1))
	}
	want("settled", 8, 0)
	spots, freed := a.Park(handles(a, 2, 3, 0), nil) // 0 is settled
	if len(spots) != 2 || freed != size(2, 3) || spots[1].Owner != a || spots[1].Seq != 3 || spots[1].At.Offset != 3 {
		t.Errorf("%+v parked, %d bytes free; want records 2 and 3 and %d", spots, freed, size(2, 3))
	}
	want("parked", 8, 2)
	if counted, bytes := a.Settle([]verdict.Verdict{{Handle: verdict.Handle{Owner: a, Seq: 3}}}); len(counted) != 1 || bytes != 0 {
		t.Errorf("a parked record gave %d bytes back", bytes)
	}
	a.Again(Intake{Records: records[2:3], Seqs: []uint64{2}})
	want("read again", 7, 1)
	if freed, ok := a.LeaveToOthers(4); !ok || freed != size(4) {
		t.Errorf("left to others: %d bytes, %v; want %d", freed, ok, size(4))
	}
	if _, ok := a.LeaveToOthers(0); ok {
		t.Error("a settled record was left to others")
	}
	want("left to others", 6, 1)
	if events, parked, bytes, _ := a.End(); events != 6 || parked != 1 || bytes != size(2, 5, 6, 7, 8, 9) {
		t.Errorf("gave back %d records, %d of them parked, and %d bytes; want 6, 1 and %d", events, parked, bytes, size(2, 5, 6, 7, 8, 9))
	}
	if events, parked, bytes, m := a.End(); events != 0 || parked != 0 || bytes != 0 || m != nil {
		t.Errorf("a second end gave back %d records, %d parked, %d bytes and %+v", events, parked, bytes, m)
	}
	want("ended", 0, 0)
	if spots, freed := a.Park(handles(a, 5), nil); len(spots) != 0 || freed != 0 {
		t.Error("a record was parked after the end")
	}
	if a.Again(Intake{Records: records[5:6], Seqs: []uint64{5}}) {
		t.Error("a record was taken again after the end")
	}
	if _, ok := a.LeaveToOthers(5); ok {
		t.Error("a record was left to others after the end")
	}
}

// TestDrainWaitsForWhatWasBegun: parked records and those that the pump did not begin
// are their next owner's, and verdicts are waited for until time is up.
func TestDrainWaitsForWhatWasBegun(t *testing.T) {
	short := func() context.Context {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		t.Cleanup(cancel)
		return ctx
	}
	a := taking(10)
	in, ok := a.Pull(t.Context())
	if !ok || len(in.Records) != 10 || in.Seq(3) != 3 {
		t.Fatalf("%+v, %v", in, ok)
	}
	a.Leave(4) // of the run in hand
	a.Park(handles(a, 0), nil)
	if left := a.Drain(short()); left != 5 {
		t.Errorf("%d are left, want the 5 that were begun and not parked", left)
	}
	if a.Again(Intake{Records: logged(0, 1), Seqs: []uint64{0}}) {
		t.Error("a parked record was taken again by a pump that has stopped")
	}
	a.settleSeqs(1, 2, 3, 4)
	done := make(chan int)
	go func() { done <- a.Drain(t.Context()) }()
	a.settleSeqs(5)
	if left := <-done; left != 0 {
		t.Errorf("%d are left, want none", left)
	}
	b := taking(3)
	b.Leave(0)
	go func() { done <- b.Drain(t.Context()) }()
	b.End() // a stop may end what a revoke waits for
	if left := <-done; left != 0 {
		t.Errorf("%d are waited for after the end", left)
	}
}

// TestAJobEndsWhereItsSelectionDoes: nothing beyond it is taken, and its end is known as
// soon as the last record before it has come.
func TestAJobEndsWhereItsSelectionDoes(t *testing.T) {
	for _, c := range []struct {
		from, to, within int64
		end              bool
	}{{0, 5, 5, false}, {0, 9, 9, false}, {0, 10, 10, true}, {0, 11, 10, true}, {9, 10, 1, true}, {10, 12, 0, true}, {4, 4, 0, false}} {
		a := New(someTopic, 0, someInboxes(), func() {})
		a.Of(upTo(10), false)
		within, end := a.Within(logged(c.from, c.to))
		if int64(len(within)) != c.within || end != c.end {
			t.Errorf("of %d to %d: %d records, at the end %v; want %d, %v", c.from, c.to, len(within), end, c.within, c.end)
		}
	}
	a := New(someTopic, 0, someInboxes(), func() {})
	if within, end := a.Within(logged(0, 3)); len(within) != 3 || end {
		t.Errorf("without a job: %d records, at the end %v", len(within), end)
	}
	a = taking(3)
	if taken, settled := a.Progress(); taken || settled {
		t.Error("done before the end")
	}
	a.Finish()
	if taken, settled := a.Progress(); !taken || settled {
		t.Error("want all taken, and not settled")
	}
	a.settleSeqs(0, 1)
	a.LeaveToOthers(2)
	if taken, settled := a.Progress(); !taken || !settled {
		t.Error("want all settled: what is left to others is not the job's")
	}
}

// TestLag counts from what the group holds until a verdict says more, and is unknown
// before the partition's end is known.
func TestLag(t *testing.T) {
	now := time.UnixMilli(5000)
	a := New(someTopic, 0, someInboxes(), func() {})
	if l, ok := a.Lag(now); ok {
		t.Errorf("%+v before anything is known", l)
	}
	if a.EndsAt(20); a.highWater != 20 {
		t.Errorf("ends at %d", a.highWater)
	}
	a.SetCommitted(Commit{Offset: kgo.EpochOffset{Offset: 0}})
	if l, ok := a.Lag(now); !ok || l != (Lag{Records: 20}) {
		t.Errorf("%+v, %v; want 20 records and no age", l, ok)
	}
	records := logged(0, 10)
	a.Push(records, records, 25)
	if l, _ := a.Lag(now); l != (Lag{Records: 25, Age: 5 * time.Second}) {
		t.Errorf("%+v, want 25 records, the oldest of 5 s", l)
	}
	a.settleSeqs(0, 1, 2)
	if l, _ := a.Lag(now); l.Records != 22 {
		t.Errorf("%+v, want 22 records", l)
	}
	if a.EndsAt(3); a.highWater != 25 {
		t.Errorf("ends at %d after an older answer", a.highWater)
	}
	if a.WaitsFor() != 3 {
		t.Errorf("waits for %d, want 3", a.WaitsFor())
	}
}

// TestStill: a partition with records in hand stands still from its last verdict on,
// unless it is excused, has parked some, or has nothing in hand.
func TestStill(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(int64(s), 0) }
	a := taking(3)
	for i, c := range []struct {
		before  func()
		excused bool
		want    time.Duration
	}{
		{func() {}, false, 0},
		{func() {}, false, time.Second},
		{func() {}, false, 2 * time.Second},
		{func() { a.settleSeqs(0) }, false, 0},
		{func() {}, false, time.Second},
		{func() {}, true, 0},
		{func() {}, false, time.Second},
		{func() { a.settleSeqs(2) }, false, 2 * time.Second}, // not the first that waits
		{func() { a.Park(handles(a, 1), nil) }, false, 0},
		{func() {}, false, 0},
		{func() { a.Again(Intake{Records: logged(1, 2), Seqs: []uint64{1}}) }, false, time.Second},
		{func() { a.settleSeqs(1) }, false, 0},
		{func() {}, false, 0},
	} {
		c.before()
		if got := a.Still(at(i), c.excused); got != c.want {
			t.Errorf("second %d: still for %v, want %v", i, got, c.want)
		}
	}
}

// TestWhatComesBackIsRemembered: an assignment that ends leaves what is settled beyond
// its last commit. It counts only if nobody has committed since, and from where the group
// stands.
func TestWhatComesBackIsRemembered(t *testing.T) {
	a := taking(10)
	a.settleSeqs(0, 1)
	c, _ := a.Commitable(ledger.MetadataLimit)
	a.SetCommitted(c)
	a.settleSeqs(2, 5, 6)
	_, _, _, m := a.End()
	held := Fetched{Offset: c.Offset.Offset, Metadata: &c.Metadata}
	if !m.IsOf(held) {
		t.Fatal("what the group holds is not known any more")
	}
	for name, f := range map[string]Fetched{
		"another offset": {Offset: 3, Metadata: &c.Metadata}, "another's metadata": {Offset: c.Offset.Offset, Metadata: new(string)}, "none": {Offset: c.Offset.Offset},
	} {
		if m.IsOf(f) {
			t.Errorf("%s: taken for what was committed", name)
		}
	}
	begin, said := m.Since(2)
	if diff := cmp.Diff([]ledger.Span{{From: 2, To: 3}, {From: 5, To: 7}}, said.Settled); diff != "" || begin != 2 || said.Committed != 2 {
		t.Errorf("goes on at %d, %d; settled (-want +got):\n%s", begin, said.Committed, diff)
	}
	if begin, _ := m.Since(-1); begin != 0 {
		t.Errorf("without an offset it goes on at %d, want where it began", begin)
	}
	if _, _, _, m := taking(3).End(); m != nil {
		t.Error("an assignment without a verdict leaves something")
	}
	var none *Memory
	if none.IsOf(held) {
		t.Error("nothing is taken for what was committed")
	}
}

// TestHearIsBelievedOnce: the group's answer opens a claim for who waits for it, and a
// late one changes nothing.
func TestHearIsBelievedOnce(t *testing.T) {
	a := New(someTopic, 0, someInboxes(), func() {})
	a.Await()
	awaits := func(a *Assignment) bool {
		_, awaits := a.Awaits()
		return awaits
	}
	if !awaits(a) {
		t.Fatal("does not wait for the group")
	}
	text := "x"
	first, late := &ledger.Claim{Committed: 4}, &ledger.Claim{Committed: 9}
	a.Hear(Fetched{Offset: 4, Metadata: &text}, first)
	if awaits(a) || a.OpenClaim() != first {
		t.Error("the answer was not taken")
	}
	if a.Hear(Fetched{Offset: 9, Metadata: &text}, late); a.OpenClaim() != first {
		t.Error("a late answer took the place of the first")
	}
	if _, ok := a.OathClaim(); ok {
		t.Error("something is sworn before anything was taken")
	}
	b := New(someTopic, 0, someInboxes(), func() {})
	b.Await()
	if b.Retire(); awaits(b) || !b.Commits() || b.Taking() {
		t.Error("one that drains still waits to take")
	}
}
