package assignment

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"pgregory.net/rapid"

	"github.com/tracklayer/amazon-capi/consumer/ledger"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

func TestFreshSplitsRuns(t *testing.T) {
	a := New(someTopic, 0, someInboxes(), func() {})
	a.before = ledger.Beyond{Committed: 0, Epoch: 5, Settled: []ledger.Span{{From: 2, To: 4}, {From: 6, To: 7}}}
	var records []*kgo.Record
	for i := range int64(8) {
		records = append(records, &kgo.Record{Offset: i, LeaderEpoch: 5, Timestamp: time.UnixMilli(i)})
	}
	fresh, bytes := a.Fresh(records)
	if len(fresh) != 5 || bytes != 5*int64(verdict.SizeOf(records[0])) {
		t.Fatalf("%d fresh records of %d bytes", len(fresh), bytes)
	}
	a.Push(records, fresh, 8)
	var got []string
	for _, in := range a.inbox {
		got = append(got, fmt.Sprintf("%d+%d@%d", in.Records[0].Offset, len(in.Records), in.firstSeq))
	}
	if want := []string{"0+2@0", "4+2@4", "7+1@7"}; !slices.Equal(got, want) {
		t.Errorf("runs %v, want %v", got, want)
	}
	if a.ledger.Undone() != 5 || a.skipped != 3 {
		t.Errorf("undone %d, skipped %d; want 5 and 3", a.ledger.Undone(), a.skipped)
	}
}

// TestACommitRepeatsWhatItHasNotComeTo: a member that has read a part of what
// another had settled passes all of it on.
func TestACommitRepeatsWhatItHasNotComeTo(t *testing.T) {
	before := ledger.Beyond{Committed: 0, Epoch: 3, Settled: []ledger.Span{{From: 2, To: 4}, {From: 6, To: 9}, {From: 12, To: 20}}}
	for _, tc := range []struct {
		read    int64 // records, from offset 0 on
		settled []uint64
		epoch   int32
		want    int64
		has     []int64
		hasNot  []int64
	}{
		{read: 1, settled: []uint64{0}, epoch: 3, want: 1, has: []int64{2, 3, 6, 8, 12, 19}, hasNot: []int64{1, 4, 5, 9, 11, 20}},
		{read: 2, settled: []uint64{0, 1}, epoch: 3, want: 4, has: []int64{6, 8, 12, 19}, hasNot: []int64{4, 5, 9}},
		{read: 8, settled: []uint64{0, 1, 4, 5}, epoch: 3, want: 9, has: []int64{12, 19}, hasNot: []int64{9, 11}},
		{read: 8, settled: []uint64{0, 1, 5}, epoch: 3, want: 4, has: []int64{5, 6, 7, 8, 12}, hasNot: []int64{4, 9}},
		{read: 12, settled: []uint64{0, 1, 4, 5, 9, 10, 11}, epoch: 3, want: 20},
		{read: 2, settled: []uint64{0, 1}, epoch: 4, want: 2, hasNot: []int64{2, 6, 12}},
	} {
		a := New(someTopic, 0, someInboxes(), func() {})
		a.before = before
		var records []*kgo.Record
		for i := range tc.read {
			records = append(records, &kgo.Record{Offset: i, LeaderEpoch: tc.epoch, Timestamp: time.UnixMilli(i)})
		}
		a.distrust(records)
		fresh, _ := a.Fresh(records)
		a.Push(records, fresh, 100)
		for _, seq := range tc.settled {
			a.ledger.Settle(seq)
		}
		c, _ := a.Commitable(ledger.MetadataLimit)
		if c.Offset.Offset != tc.want {
			t.Errorf("%+v: commits %d", tc, c.Offset.Offset)
		}
		got, err := ledger.ParseBeyond(c.Metadata, c.Offset.Offset)
		if err != nil {
			t.Fatalf("%+v: %v", tc, err)
		}
		for _, at := range tc.has {
			if !got.Has(at, tc.epoch) {
				t.Errorf("%+v: %d is forgotten", tc, at)
			}
		}
		for _, at := range tc.hasNot {
			if got.Has(at, tc.epoch) {
				t.Errorf("%+v: %d is said to be settled", tc, at)
			}
		}
	}
}

// TestDistrustKeepsWhatIsBeforeTheLoss: records of a later epoch are in the place of
// some that were settled. What was settled before the first of them is still so.
func TestDistrustKeepsWhatIsBeforeTheLoss(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const n = 40
		a := New(someTopic, 0, someInboxes(), func() {})
		a.before = ledger.Beyond{Epoch: 3}
		settled := make(map[int64]bool)
		for at := int64(1); at < n; {
			to := at + int64(rapid.IntRange(1, 5).Draw(t, "run"))
			a.before.Settled = append(a.before.Settled, ledger.Span{From: at, To: to})
			for ; at < to; at++ {
				settled[at] = true
			}
			at += int64(rapid.IntRange(1, 5).Draw(t, "gap"))
		}
		end := a.before.End()
		later := int64(rapid.IntRange(0, n+10).Draw(t, "first of a later epoch"))
		var records []*kgo.Record
		from := int64(0)
		forgot := false
		for _, to := range []int64{int64(rapid.IntRange(1, n).Draw(t, "poll")), n + 20} {
			records = records[:0]
			for o := from; o < to; o++ {
				r := &kgo.Record{Offset: o, LeaderEpoch: 3}
				if o >= later {
					r.LeaderEpoch = 4
				}
				records = append(records, r)
			}
			forgot = a.distrust(records) || forgot
			for _, r := range records {
				if got, want := a.before.Has(r.Offset, r.LeaderEpoch), settled[r.Offset] && r.Offset < later; got != want {
					t.Fatalf("offset %d, later epoch from %d: taken for settled %v, want %v", r.Offset, later, got, want)
				}
			}
			from = to
		}
		if want := later < end; forgot != want {
			t.Fatalf("settled up to %d, later epoch from %d: told of a loss %v, want %v", end, later, forgot, want)
		}
	})
}
