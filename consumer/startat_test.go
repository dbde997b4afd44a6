package consumer

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func latest(o *Options) { o.Start = StartLatest }

func sentOf(s *fakeSink, ids ...string) (n []int) {
	for _, id := range ids {
		n = append(n, s.count(id))
	}
	return n
}

// TestLatestIsForANewGroupOnce: what is written while no member is there belongs
// to the group from its first start on, also in partitions that had no record.
func TestLatestIsForANewGroupOnce(t *testing.T) {
	b := newBench(t, 3)
	b.publish(0, "p1|old")
	s := newFakeSink(true)
	m := b.start(s, latest)
	b.eventually("each partition's start is committed", func() bool {
		return b.committed(0) == 1 && b.committed(1) == 0 && b.committed(2) == 0
	})
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	b.publish(0, "p1|a")
	b.publish(1, "p1|b")
	b.publish(2, "p1|c")
	s2 := newFakeSink(true)
	b.start(s2, latest)
	b.eventually("what was written meanwhile is sent", func() bool {
		return b.committed(0) == 2 && b.committed(1) == 1 && b.committed(2) == 1
	})
	if got := sentOf(s2, "old", "a", "b", "c"); !slices.Equal(got, []int{0, 1, 1, 1}) {
		t.Errorf("sent old, a, b, c %v times", got)
	}
	if s.count("old") != 0 {
		t.Error("the first start sent what was there before")
	}
}

// TestLatestOfAGroupWithSomeOffsets: a partition without a commit is new to a
// group that has others.
func TestLatestOfAGroupWithSomeOffsets(t *testing.T) {
	b := newBench(t, 2)
	b.publish(0, "p1|done", "p1|a")
	b.publish(1, "p1|b")
	var offsets kadm.Offsets
	offsets.Add(kadm.Offset{Topic: topic, Partition: 0, At: 1, LeaderEpoch: -1})
	if err := b.admin.CommitAllOffsets(t.Context(), group, offsets); err != nil {
		t.Fatal(err)
	}
	s := newFakeSink(true)
	b.start(s, latest)
	b.eventually("all is sent", func() bool { return b.committed(0) == 2 && b.committed(1) == 1 })
	if got := sentOf(s, "done", "a", "b"); !slices.Equal(got, []int{0, 1, 1}) {
		t.Errorf("sent done, a, b %v times", got)
	}
}

// TestLatestAndNewPartitions: those that are added begin at 0, whenever they are
// noticed, and also when nobody was there.
func TestLatestAndNewPartitions(t *testing.T) {
	b := newBench(t, 1)
	s := newFakeSink(true)
	m := b.start(s, latest)
	b.eventually("it has begun", func() bool { return b.committed(0) == 0 })
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := b.admin.UpdatePartitions(t.Context(), 3, topic); err != nil {
		t.Fatal(err)
	}
	b.client.ForceMetadataRefresh()
	b.eventually("the producer knows", func() bool {
		r := &kgo.Record{Topic: topic, Partition: 2, Value: []byte("p1|x")}
		return b.client.ProduceSync(t.Context(), r).FirstErr() == nil
	})
	b.start(s, latest)
	b.eventually("its first record is sent", func() bool { return b.committed(2) == 1 && b.committed(1) == 0 })
	if s.count("x") != 1 {
		t.Errorf("sent x %d times", s.count("x"))
	}
}

// TestLatestOfATopicThatIsNotThere: all that it will hold is new.
func TestLatestOfATopicThatIsNotThere(t *testing.T) {
	b := newBench(t, 1)
	c, err := New(Options{Topics: []string{"not.yet"}, Group: group, Start: StartLatest},
		kgo.SeedBrokers(b.addrs...))
	if err != nil {
		t.Fatal(err)
	}
	if !c.startAt(t.Context()) || c.begins.IsOpen("not.yet") {
		t.Error("it is not decided where the group begins")
	}
	if offsets, err := b.admin.FetchOffsets(t.Context(), group); err == nil && len(offsets) > 0 {
		t.Errorf("offsets of a topic that is not there: %v", offsets)
	}
}

// TestLatestBesideMembersOfAnotherTopic: their group takes no commit but of a
// member, and they must not keep this one from beginning at the end.
func TestLatestBesideMembersOfAnotherTopic(t *testing.T) {
	synctest.Test(t, testLatestBesideMembersOfAnotherTopic)
}

func testLatestBesideMembersOfAnotherTopic(t *testing.T) {
	b := newVirtualBench(t, 1, 1)
	b.publish(0, "p1|old")
	if _, err := b.admin.CreateTopic(t.Context(), 1, 1, nil, "other"); err != nil {
		t.Fatal(err)
	}
	b.start(newFakeSink(true), func(o *Options) { o.Topics = []string{"other"} })
	b.eventually("it has joined", func() bool {
		g, err := b.admin.DescribeGroups(t.Context(), group)
		return err == nil && len(g[group].Members) == 1
	})
	s := newFakeSink(true)
	b.start(s, latest)
	b.eventually("its start is committed", func() bool { return b.committed(0) == 1 })
	b.publish(0, "p1|new")
	b.eventually("what is new is sent", func() bool { return b.committed(0) == 2 })
	if got := sentOf(s, "old", "new"); !slices.Equal(got, []int{0, 1}) {
		t.Errorf("sent old, new %v times", got)
	}
}

// TestLatestOfTwoAtOnce: one of them decides.
func TestLatestOfTwoAtOnce(t *testing.T) {
	b := newBench(t, 4)
	for p := range int32(4) {
		b.publish(p, "p1|old")
	}
	s, s2 := newFakeSink(true), newFakeSink(true)
	b.start(s, latest)
	b.start(s2, latest)
	b.eventually("each start is committed", func() bool {
		return b.committed(0) == 1 && b.committed(1) == 1 && b.committed(2) == 1 && b.committed(3) == 1
	})
	for p := range int32(4) {
		b.publish(p, "p1|new")
	}
	b.eventually("all that is new is sent", func() bool { return s.count("new")+s2.count("new") >= 4 })
	if s.count("old")+s2.count("old") != 0 {
		t.Error("what was there before was sent")
	}
}

// TestLatestWaitsUntilItCanBeDecided: refused or without brokers it neither ends
// nor begins anywhere, says why, and can be stopped.
func TestLatestWaitsUntilItCanBeDecided(t *testing.T) {
	synctest.Test(t, testLatestWaitsUntilItCanBeDecided)
}

func testLatestWaitsUntilItCanBeDecided(t *testing.T) {
	b := newVirtualBench(t, 1, 1)
	b.publish(0, "p1|old")
	var refuse atomic.Bool
	refuse.Store(true)
	b.cluster.ControlKey(int16(kmsg.OffsetFetch), func(r kmsg.Request) (kmsg.Response, error, bool) {
		b.cluster.KeepControl()
		if !refuse.Load() {
			return nil, nil, false
		}
		req := r.(*kmsg.OffsetFetchRequest)
		resp := req.ResponseKind().(*kmsg.OffsetFetchResponse)
		for _, g := range req.Groups {
			rg := kmsg.NewOffsetFetchResponseGroup()
			rg.Group, rg.ErrorCode = g.Group, kerr.GroupAuthorizationFailed.Code
			resp.Groups = append(resp.Groups, rg)
		}
		resp.ErrorCode = kerr.GroupAuthorizationFailed.Code
		return resp, nil, true
	})
	s := newFakeSink(true)
	m := b.start(s, latest)
	b.eventually("it says why", func() bool {
		for _, st := range m.opts.Conditions.States() {
			if st.Name == "assignment" && strings.Contains(st.Reason, "start latest") && strings.Contains(st.Reason, "GROUP_AUTHORIZATION_FAILED") {
				return true
			}
		}
		return false
	})
	stopped := b.start(newFakeSink(true), latest)
	if err := stopped.stop(); err != nil {
		t.Error(err)
	}
	refuse.Store(false)
	b.eventually("it has begun", func() bool { return b.committed(0) == 1 })
	b.publish(0, "p1|new")
	b.eventually("what is new is sent", func() bool { return s.count("new") == 1 })
	if s.count("old") != 0 {
		t.Error("what was there before was sent")
	}
}
