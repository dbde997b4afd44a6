package replay

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"

	"github.com/tracklayer/amazon-capi/consumer/proof"
	"github.com/tracklayer/amazon-capi/internal/history"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newAdmin(t *testing.T) *kadm.Client { return kadm.NewClient(newClient(t)) }

func newClient(t *testing.T) *kgo.Client {
	t.Helper()
	b, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(3, "events"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	cl, err := kgo.NewClient(kgo.SeedBrokers(b.ListenAddrs()...), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

func TestCheckpointIsReadBack(t *testing.T) {
	cl := newClient(t)
	admin := kadm.NewClient(cl)
	for partition, n := range map[int32]int{0: 90, 2: 5} {
		for range n {
			if err := cl.ProduceSync(t.Context(), &kgo.Record{Topic: "events", Partition: partition}).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if c, err := Load(t.Context(), admin, "r", "events"); c != nil || err != nil {
		t.Fatalf("before it began: %+v, %v", c, err)
	}
	want := &Checkpoint{
		Group: "r", Topic: "events", Asked: "abc", Since: time.UnixMilli(1764028800000).UTC(),
		Spans: []history.Span{{Partition: 0, From: 10, To: 90}, {Partition: 2, From: 0, To: 5}},
	}
	first := func(p int32) (int64, bool) { return 17, p == 0 }
	if err := want.Begin(t.Context(), admin, first); err != nil {
		t.Fatal(err)
	}
	got, err := Load(t.Context(), admin, "r", "events")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	// The first of what is sent, and the end where nothing is.
	p, err := proof.ReadProgress(t.Context(), cl, "r", "events")
	if err != nil || p.Committed(0) != 17 || p.Committed(2) != 5 || p.Committed(1) != -1 {
		t.Errorf("it begins at %d, %d and %d, %v", p.Committed(0), p.Committed(1), p.Committed(2), err)
	}
	if n, err := Members(t.Context(), admin, "r"); n != 0 || err != nil {
		t.Errorf("%d members, %v", n, err)
	}
	for range 2 { // forgetting what is not there is no mistake
		if err := Forget(t.Context(), admin, "r"); err != nil {
			t.Fatal(err)
		}
	}
	if c, err := Load(t.Context(), admin, "r", "events"); c != nil || err != nil {
		t.Errorf("forgotten: %+v, %v", c, err)
	}
}

func TestOffsetsOfSomethingElseAreNoCheckpoint(t *testing.T) {
	admin := newAdmin(t)
	for _, group := range []string{"mine", "other.ends"} {
		offsets := make(kadm.Offsets)
		offsets.Add(kadm.Offset{Topic: "events", Partition: 1, At: 4, LeaderEpoch: -1, Metadata: "kgo"})
		if err := admin.CommitAllOffsets(t.Context(), group, offsets); err != nil {
			t.Fatal(err)
		}
	}
	for _, group := range []string{"mine", "other"} {
		if _, err := Load(t.Context(), admin, group, "events"); !errors.Is(err, ErrForeign) {
			t.Errorf("%s: %v", group, err)
		}
	}
}

func TestPlanOfACheckpointSaysWhatIsGone(t *testing.T) {
	c := &Checkpoint{Topic: "events", Spans: []history.Span{{Partition: 0, From: 10, To: 90}, {Partition: 1, From: 0, To: 5}, {Partition: 2, From: 3, To: 7}}}
	p := c.Plan(map[int32]int64{0: 50, 1: 9, 2: 3})
	if diff := cmp.Diff([]history.Span{{Partition: 0, From: 50, To: 90}, {Partition: 2, From: 3, To: 7}}, p.Spans); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if len(p.Notes) != 2 || !strings.Contains(p.Notes[0], "10 to 49") || !strings.Contains(p.Notes[1], "0 to 4") {
		t.Errorf("%q", p.Notes)
	}
}
