package parking

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
	"github.com/tracklayer/amazon-capi/consumer/flow"
	"github.com/tracklayer/amazon-capi/consumer/ledger"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

func owner(partition int32) *assignment.Assignment {
	return assignment.New("orders", partition, flow.NewInboxes(1000), func() {})
}

// parked is the spots of records with these offsets, which are known by their own
// numbers.
func parked(a *assignment.Assignment, seq uint64, offsets ...int64) (spots []assignment.Spot) {
	for i, o := range offsets {
		spots = append(spots, assignment.Spot{Owner: a, Seq: seq + uint64(i), At: ledger.Mark{Offset: o, Epoch: 1}})
	}
	return spots
}

// records are those of the offsets from, from+1, … in the log.
func records(from, to int64) (list []*kgo.Record) {
	for o := from; o < to; o++ {
		list = append(list, &kgo.Record{Topic: "orders", Offset: o, LeaderEpoch: 1, Value: []byte(fmt.Sprint(o))})
	}
	return list
}

// got is what an assignment's inbox has, as its number, offset and whose it is if it is
// gone.
func got(t *testing.T, a *assignment.Assignment) (list []string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	for {
		in, ok := pullNow(ctx, a)
		if !ok {
			cancel()
			return list
		}
		for i, r := range in.Records {
			list = append(list, fmt.Sprintf("%d@%d%s", in.Seq(i), r.Offset, in.Of))
		}
	}
}

// pullNow returns what is in the inbox at present.
func pullNow(ctx context.Context, a *assignment.Assignment) (assignment.Intake, bool) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	return a.Pull(ctx)
}

// TestRecordsGoToTheAssignmentThatParkedThem: a partition that went away and came back
// is another assignment, with numbers of its own, and one turn may read records of both.
func TestRecordsGoToTheAssignmentThatParkedThem(t *testing.T) {
	w := flow.NewWindow(1000, 1<<20)
	lots := New(100, w)
	first, second := owner(0), owner(0)
	wanted := newWanted(lots, []errand{{profile: "p", spots: append(parked(second, 7, 12, 15), parked(first, 3, 11, 13, 14)...)}})
	wanted.Found(first.TopicPartition(), records(10, 14))
	wanted.Found(first.TopicPartition(), records(14, 20))
	if diff := cmp.Diff([]string{"3@11", "4@13", "5@14"}, got(t, first)); diff != "" {
		t.Errorf("the first (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"7@12", "8@15"}, got(t, second)); diff != "" {
		t.Errorf("the second (-want +got):\n%s", diff)
	}
	if left := wanted.left(0); len(left) != 0 || len(wanted.partitions) != 0 {
		t.Errorf("%v is still wanted", left)
	}
	if n, _ := w.InFlight(); n != 5 {
		t.Errorf("%d records in flight, want the 5 that were read again", n)
	}
}

// TestWhatNobodyTakesLeavesTheWindow: records of an assignment that has ended meanwhile
// are their next owner's, and hold no room in the window.
func TestWhatNobodyTakesLeavesTheWindow(t *testing.T) {
	w := flow.NewWindow(1000, 1<<20)
	ended, live := owner(0), owner(0)
	wanted := newWanted(New(100, w), []errand{{profile: "p", spots: append(parked(ended, 1, 11, 12), parked(live, 1, 13)...)}})
	ended.End()
	all := records(10, 20)
	wanted.Found(live.TopicPartition(), all)
	n, bytes := w.InFlight()
	if want := int64(verdict.SizeOf(all[3])); n != 1 || bytes != want {
		t.Errorf("%d records and %d bytes in flight, want one of %d bytes", n, bytes, want)
	}
	if diff := cmp.Diff([]string{"1@13"}, got(t, live)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestWhatIsNotThereIsGivenUp: records that Kafka does not hold any more, and those in
// whose place brokers hold others, get a verdict as such; those that are still to come
// stay wanted.
func TestWhatIsNotThereIsGivenUp(t *testing.T) {
	w := flow.NewWindow(1000, 1<<20)
	a := owner(0)
	wanted := newWanted(New(100, w), []errand{{profile: "p", spots: parked(a, 1, 11, 13, 15, 30)}})
	read := append(records(12, 13), records(14, 20)...) // 11 and 13 were deleted
	read[2].LeaderEpoch = 2                             // 15 is another record by now
	wanted.Found(a.TopicPartition(), read)
	if diff := cmp.Diff([]string{"1@11p", "2@13p", "3@15p"}, got(t, a)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if left := wanted.left(0); len(left) != 1 || left[0].At.Offset != 30 {
		t.Errorf("%v is still wanted, want 30", left)
	}
}
