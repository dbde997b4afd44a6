package assignment

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/flow"
	"github.com/tracklayer/amazon-capi/consumer/ledger"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// TestBacklog: what counts is records without a verdict, wherever the commit stands.
func TestBacklog(t *testing.T) {
	a := New("t", 0, &flow.Inboxes{}, func() {})
	want := func(what string, unread, taken, parked int64) {
		t.Helper()
		got, ok := a.Backlog()
		if !ok || got != (Backlog{unread, taken, parked}) {
			t.Errorf("%s: %+v, %v; want %d unread, %d taken, %d parked", what, got, ok, unread, taken, parked)
		}
	}
	a.unheard = true
	if _, ok := a.Backlog(); ok {
		t.Error("known before anything is")
	}
	records := make([]*kgo.Record, 6)
	for i := range records {
		records[i] = &kgo.Record{Topic: "t", Offset: int64(10 + i), Value: []byte("x")}
	}
	a.EndsAt(20)
	if _, ok := a.Backlog(); ok {
		t.Error("known before it is known where it goes on")
	}
	a.unheard = false
	a.ledger.Begin(0) // of a group that is new to the topic, and whose fetches may be refused
	want("from the start", 20, 0, 0)
	a.ledger.Begin(10)
	want("nothing taken", 10, 0, 0)
	a.Push(records, records, 20)
	want("taken", 4, 6, 0)
	settle := func(seqs ...uint64) {
		for _, seq := range seqs {
			a.Settle([]verdict.Verdict{{Handle: verdict.Handle{Owner: a, Seq: seq}}})
		}
	}
	settle(1, 2, 3, 4, 5) // all but the first, so that nothing can be committed
	want("one is held", 4, 1, 0)
	a.committed = 10
	if l, _ := a.Lag(records[0].Timestamp); l.Records != 10 {
		t.Errorf("lag %d, want 10", l.Records)
	}
	a.Park([]verdict.Handle{{Owner: a, Seq: 0}}, nil)
	want("and parked", 4, 0, 1)
	// Ranges that an earlier owner has settled: in part behind, whole, and beyond the end.
	a.before = ledger.Beyond{Settled: []ledger.Span{{From: 12, To: 17}, {From: 18, To: 19}, {From: 19, To: 30}}}
	want("settled before", 1, 0, 1)
	a.before = ledger.Beyond{}
	a.unheard = true
	if _, ok := a.Backlog(); ok {
		t.Error("known while the group has not said where the partition stands")
	}
}

// TestLagOfWhatIsNotKnown: a partition whose position or whose end is unknown has no lag,
// neither 0 nor all that it holds.
func TestLagOfWhatIsNotKnown(t *testing.T) {
	now := time.UnixMilli(5000)
	begin := func(a *Assignment, f ledger.Finding) {
		t.Helper()
		if _, ok := a.SettleClaim(a.OpenClaim(), f, false); !ok {
			t.Fatal("the claim is not open")
		}
	}
	fresh := func() *Assignment {
		a := New("t", 0, &flow.Inboxes{}, func() {})
		a.Await()
		a.Hear(Fetched{Offset: 90}, &ledger.Claim{Group: 90, Committed: 90, First: -1})
		return a
	}
	lag := func(what string, a *Assignment, want int64) {
		t.Helper()
		l, known := a.Lag(now)
		if b, ok := a.Backlog(); known != (want >= 0) || known && l.Records != want || ok && b.Unread != want || ok && !known {
			t.Errorf("%s: lag %+v, %v; backlog %+v, %v; want %d", what, l, known, b, ok, want)
		}
	}
	const unknown = -1
	a := fresh()
	lag("nothing is known", a, unknown)
	a.EndsAt(100)
	lag("not where it continues", a, unknown)
	begin(a, ledger.Finding{Begin: 90, End: 100})
	lag("both are known", a, 10)

	a = fresh()
	begin(a, ledger.Finding{})
	lag("from the start, not its end", a, unknown)
	a.EndsAt(0)
	lag("an empty log", a, 0)
	a.EndsAt(7)
	lag("from the start", a, 7)

	a = fresh()
	a.EndsAt(100)
	begin(a, ledger.Finding{Begin: 90, Start: 200, End: 300, Missed: 110})
	lag("the end is older than the log's start", a, unknown)
	a.EndsAt(300)
	lag("retention took some", a, 100)

	a = fresh()
	begin(a, ledger.Finding{Begin: 90, End: 100})
	records := make([]*kgo.Record, 10)
	for i := range records {
		records[i] = &kgo.Record{Topic: "t", Offset: int64(90 + i)}
	}
	a.Push(records, records, 100)
	a.Settle(settledUpTo(a, 10))
	lag("all is settled", a, 0)
	a.Doubt()
	if l, known := a.Lag(now); !known || l.Records != 0 {
		t.Errorf("in doubt: %+v, %v; want what was known", l, known)
	}
	begin(a, ledger.Finding{Begin: 50, End: 50})
	lag("the log lost its end", a, unknown)
	a.EndsAt(50)
	lag("nothing is left to read", a, 0)
}

func settledUpTo(a *Assignment, n uint64) (vs []verdict.Verdict) {
	for seq := range n {
		vs = append(vs, verdict.Verdict{Handle: verdict.Handle{Owner: a, Seq: seq}})
	}
	return vs
}
