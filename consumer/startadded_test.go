package consumer

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tracklayer/amazon-capi/consumer/start"
)

// grow adds partitions to the topic and writes to the last one at once.
func (b *bench) grow(to int, values ...string) {
	b.t.Helper()
	if resp, err := b.admin.UpdatePartitions(b.t.Context(), to, topic); err != nil || resp.Error() != nil {
		b.t.Fatal(err, resp.Error())
	}
	b.client.ForceMetadataRefresh()
	for _, v := range values {
		b.eventually("the producer knows the partition", func() bool {
			r := &kgo.Record{Topic: topic, Partition: int32(to - 1), Value: []byte(v)}
			return b.client.ProduceSync(b.t.Context(), r).FirstErr() == nil
		})
	}
}

// TestLatestAndPartitionsThatComeEarly: a group begins where it first looked. A
// partition that is added after that look is new, however soon, and also if it takes
// several tries to write down where the group begins.
func TestLatestAndPartitionsThatComeEarly(t *testing.T) {
	for name, tc := range map[string]struct {
		inTheWay func(b *bench) (over func()) // of the commit that says where the group begins
		after    time.Duration                // when the partition is added
	}{
		"in the first second":      {after: 500 * time.Millisecond},
		"in the first millisecond": {after: time.Millisecond},
		"before it can commit": {after: 1500 * time.Millisecond, inTheWay: func(b *bench) func() {
			f := b.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetCommit}, Err: kerr.GroupAuthorizationFailed, Count: -1})
			return f.Remove
		}},
		"before it gives up to commit": {after: 1500 * time.Millisecond, inTheWay: func(b *bench) func() {
			f := b.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetCommit}, Err: kerr.UnknownMemberID, Count: start.MostRefused})
			return f.Remove
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newVirtualBench(t, 1, 1)
				b.publish(0, "p1|old")
				over := func() {}
				if tc.inTheWay != nil {
					over = tc.inTheWay(b)
				}
				s := newFakeSink(true)
				m := b.start(s, latest)
				time.Sleep(tc.after)
				b.publish(0, "p1|a")
				b.grow(2, "p1|b", "p1|c")
				time.Sleep(5 * time.Second)
				over()
				time.Sleep(2 * newPartitionsWithin)
				if s.count("b") != 1 || s.count("c") != 1 {
					t.Errorf("b and c of a partition that is new were sent %d and %d times\n%s", s.count("b"), s.count("c"), b.log)
				}
				// Within a millisecond it may not have looked yet.
				if s.count("old") != 0 && tc.after > time.Millisecond || s.count("a") != 1 && tc.after > time.Millisecond {
					t.Errorf("old was sent %d times, want never; a %d times, want once", s.count("old"), s.count("a"))
				}
				if err := m.stop(); err != nil {
					t.Fatal(err)
				}
				if b.committed(0) != 2 || b.committed(1) != 2 {
					t.Errorf("committed %d and %d, want all", b.committed(0), b.committed(1))
				}
			})
		})
	}
}

// TestLatestOfOffsetsThatExpired: brokers forget single partitions' offsets. Those
// are read from their start, and the others go on.
func TestLatestOfOffsetsThatExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newVirtualBench(t, 1, 3)
		s := newFakeSink(true)
		m := b.start(s, latest)
		time.Sleep(time.Second)
		b.publish(0, "p1|a")
		b.publish(1, "p1|b")
		time.Sleep(time.Second)
		if err := m.stop(); err != nil {
			t.Fatal(err)
		}
		b.expire(1)
		b.publish(1, "p1|c")
		b.publish(2, "p1|d")
		b.grow(4, "p1|e")
		m = b.start(s, latest)
		time.Sleep(2 * time.Minute)
		if got := sentOf(s, "a", "c", "d", "e"); !slices.Equal(got, []int{1, 1, 1, 1}) || s.count("b") != 2 {
			t.Errorf("a, c, d, e were sent %v times, want once each, and b %d times, want again", got, s.count("b"))
		}
		for p, want := range []int64{1, 2, 1, 1} {
			if got := b.committed(int32(p)); got != want {
				t.Errorf("partition %d is committed to %d, want %d", p, got, want)
			}
		}
		if m.opts.Conditions.Failing() {
			t.Errorf("readiness fails: %v", m.opts.Conditions.States())
		}
	})
}

// expire forgets the group's offset of a partition, as brokers do after
// offsets.retention.minutes.
func (b *bench) expire(partition int32) {
	b.t.Helper()
	req := kmsg.NewPtrOffsetDeleteRequest()
	req.Group = group
	rt := kmsg.NewOffsetDeleteRequestTopic()
	rt.Topic = topic
	rt.Partitions = append(rt.Partitions, kmsg.OffsetDeleteRequestTopicPartition{Partition: partition})
	req.Topics = append(req.Topics, rt)
	resp, err := req.RequestWith(b.t.Context(), b.client)
	if err == nil {
		err = kerr.ErrorForCode(resp.ErrorCode)
	}
	if err == nil && len(resp.Topics) == 1 {
		err = kerr.ErrorForCode(resp.Topics[0].Partitions[0].ErrorCode)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}
