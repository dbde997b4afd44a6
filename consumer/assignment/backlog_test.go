package assignment

import (
	"testing"

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
