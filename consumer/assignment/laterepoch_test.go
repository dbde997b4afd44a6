package assignment

import (
	"slices"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/ledger"
)

// TestALaterEpochWithinWhatWasSettled is issue 15's unclean election: one event is
// held, an earlier owner has settled what follows, and brokers have lost the end of
// that and written other records in its place. All of those are handled, the loss is
// told once, and what is committed next names nothing of the lost end, which would be
// passed over under the new epoch.
func TestALaterEpochWithinWhatWasSettled(t *testing.T) {
	for name, polls := range map[string][]int64{"in one poll": {12}, "in a poll of their own": {5, 12}, "one by one": {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}} {
		t.Run(name, func(t *testing.T) {
			const held, lost = 0, 5
			told := 0
			a := New(someTopic, 0, someInboxes(), func() {})
			a.ledger.Begin(0)
			a.before = ledger.Beyond{Epoch: 3, Settled: []ledger.Span{{From: 1, To: 4}, {From: 5, To: 9}, {From: 10, To: 40}}}
			a.witnesses = ledger.Witnesses{{Offset: 39, Print: 7}}
			var handled []int64
			from := int64(0)
			for _, to := range polls {
				p := kgo.FetchPartition{LogStartOffset: 0}
				for o := from; o < to; o++ {
					r := &kgo.Record{Topic: someTopic, Offset: o, LeaderEpoch: 3}
					if o >= lost {
						r.LeaderEpoch = 4
					}
					p.Records = append(p.Records, r)
				}
				from = to
				judged := a.Trust(&p, func(*Link) bool { return false })
				if !judged.Ok {
					t.Fatal("records that contradict nothing are not taken")
				}
				if judged.Forgot {
					told++
				}
				fresh, _ := a.Fresh(p.Records)
				a.Push(p.Records, fresh, 12)
				for _, r := range fresh {
					handled = append(handled, r.Offset)
				}
			}
			if want := []int64{0, 4, 5, 6, 7, 8, 9, 10, 11}; !slices.Equal(handled, want) {
				t.Errorf("handled %v, want %v", handled, want)
			}
			for seq := uint64(held + 1); seq < a.ledger.Next(); seq++ {
				a.ledger.Settle(seq)
			}
			commit, _ := a.Commitable(ledger.MetadataLimit)
			got, err := ledger.ParseBeyond(commit.Metadata, commit.Offset.Offset)
			if err != nil {
				t.Fatal(err)
			}
			if commit.Offset.Offset != held || !got.Has(11, 4) || got.End() != 12 || got.Witnesses[len(got.Witnesses)-1].Offset != 11 {
				t.Errorf("offset %d with %+v is committed, want 0 and nothing of 12 and later", commit.Offset.Offset, got)
			}
			if told != 1 {
				t.Errorf("told %d times, want once", told)
			}
		})
	}
}
