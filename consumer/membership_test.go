package consumer

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tracklayer/amazon-capi/consumer/topics"
)

// commitBehind commits for the member without its knowledge.
func (b *bench) commitBehind(m *member, offset int64) {
	b.t.Helper()
	req := kmsg.NewPtrOffsetCommitRequest()
	req.Group = group
	req.MemberID, req.Generation = m.client.GroupMetadata()
	rt := kmsg.NewOffsetCommitRequestTopic()
	rt.Topic, rt.TopicID = topic, b.cluster.TopicInfo(topic).TopicID
	for p := range int32(2) {
		rp := kmsg.NewOffsetCommitRequestTopicPartition()
		rp.Partition, rp.Offset = p, offset
		rt.Partitions = append(rt.Partitions, rp)
	}
	req.Topics = append(req.Topics, rt)
	resp, err := req.RequestWith(b.t.Context(), b.client)
	if err == nil {
		err = kerr.ErrorForCode(resp.Topics[0].Partitions[0].ErrorCode)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// TestThrownOutWhileJoining: the group forgets a member while that joins, and the client
// joins anew under another id without a word. In between somebody else has committed
// further: this member must not set the group back, and go on where it stands.
// Found by the simulation (seed 20186).
func TestThrownOutWhileJoining(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newVirtualBench(t, 1, 2)
		b.publish(0, events("p1", 0, 10)...)
		b.publish(1, events("p1", 100, 110)...)
		s := newFakeSink(false)
		m := b.start(s, func(o *Options) { o.SessionTimeout = 6 * time.Second })
		held := s.take(20) // without a verdict
		b.eventually("the topic's id is known", func() bool { return m.topics.IDOf(topic) != topics.NoID })
		b.commitBehind(m, 5) // as somebody does who has the partitions in between
		forgotten := b.cluster.Fault(kfake.Fault{
			Keys: []kmsg.Key{kmsg.JoinGroup}, TopLevel: true, Err: kerr.UnknownMemberID,
			When: func(r kmsg.Request) bool { return r.(*kmsg.JoinGroupRequest).MemberID != "" },
		})
		// Told to join, it is told that it is unknown, and joins under a new id.
		again := b.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Heartbeat}, TopLevel: true, Err: kerr.RebalanceInProgress})
		b.eventually("it is told that it is unknown", func() bool { return forgotten.Hits() == 1 && again.Hits() == 1 })
		b.eventually("it asks where the partitions stand", func() bool { return strings.Contains(b.log.String(), "out of the group for a moment") })
		s.settle(held) // of the time before
		s.acceptFromNowOn()
		b.eventually("all is committed", func() bool { return b.committed(0) == 10 && b.committed(1) == 10 })
		for i := 5; i < 10; i++ {
			for _, id := range []string{fmt.Sprintf("e%d", i), fmt.Sprintf("e%d", 100+i)} {
				if s.count(id) != 2 {
					t.Errorf("%s was taken %d times, want 2: by this member, and again from where the group stands", id, s.count(id))
				}
			}
		}
		for i := range 5 {
			if s.count(fmt.Sprintf("e%d", i)) != 1 {
				t.Errorf("e%d was taken %d times, want once", i, s.count(fmt.Sprintf("e%d", i)))
			}
		}
		if err := m.stop(); err != nil {
			t.Error(err)
		}
	})
}
