package consumer

import (
	"slices"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
	"pgregory.net/rapid"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
	"github.com/tracklayer/amazon-capi/consumer/pump"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// Of the verdicts of a batch those count that come for the first time and whose
// partition is still ours, wherever among the others they stand.
func TestSettleCountsWhatIsOurs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, err := New(Options{Topics: []string{"t"}, Group: "g", Job: &Job{Selection: chosen(nil)}})
		if err != nil {
			t.Fatal(err)
		}
		const records = 6
		size := int64(verdict.SizeOf(&kgo.Record{}))
		var owners []*assignment.Assignment
		for p := range int32(3) {
			a := assignment.New("t", p, pump.Inboxes(1), func() {})
			var rs []*kgo.Record
			for i := range int64(records) {
				rs = append(rs, &kgo.Record{Offset: i})
			}
			a.Push(rs, rs, records)
			owners = append(owners, a)
		}
		gone := rapid.IntRange(0, len(owners)).Draw(t, "gone") // the last is none
		if gone < len(owners) {
			owners[gone].End()
		}
		c.window.Take(len(owners)*records, int64(len(owners)*records)*size)
		want := 0
		seen := make(map[[2]int]bool)
		for range rapid.IntRange(0, 3).Draw(t, "batches") {
			var vs []verdict.Verdict
			for range rapid.IntRange(0, 12).Draw(t, "verdicts") {
				of, seq := rapid.IntRange(0, 2).Draw(t, "owner"), rapid.IntRange(0, records-1).Draw(t, "seq")
				vs = append(vs, verdict.Verdict{Handle: verdict.Handle{Owner: owners[of], Seq: uint64(seq)}, Class: verdict.Accepted})
				if key := [2]int{of, seq}; of != gone && !seen[key] {
					seen[key] = true
					want++
				}
			}
			given := slices.Clone(vs)
			c.Settle(vs)
			if !slices.Equal(given, vs) {
				t.Fatal("the caller's slice was changed")
			}
		}
		s := c.tally.Summary()
		events, bytes := c.window.InFlight()
		if got := int(s.Settled()); got != want || events != len(owners)*records-want || bytes != int64(events)*size {
			t.Fatalf("%d counted, %d events and %d bytes in flight; want %d counted", got, events, bytes, want)
		}
	})
}
