package consumer

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
)

// parkedOfTwo starts a member that has parked records of two topics, those of the second
// before those of the first.
func parkedOfTwo(t *testing.T, b *bench, s *fakeSink) *member {
	s.stuck = "p1"
	m := b.start(s, func(o *Options) {
		both(o)
		o.MaxInFlightEvents, o.MaxParkedEvents = 20, 1000
	})
	b.publishTo(second, 0, named("b", 0, 100)...)
	time.Sleep(10 * time.Second)
	b.publishTo(topic, 0, named("a", 0, 100)...)
	time.Sleep(10 * time.Second)
	if m.parking.Count() < 150 {
		t.Fatalf("%d are parked, want most of 200", m.parking.Count())
	}
	return m
}

// TestParkedRecordsBesideATopicInTrouble: those of a topic that cannot be read wait, with
// the reason in readiness, and keep none of another topic waiting. When it can be read,
// they come again.
func TestParkedRecordsBesideATopicInTrouble(t *testing.T) {
	all := []kmsg.Key{kmsg.Metadata, kmsg.ListOffsets, kmsg.Fetch}
	for name, c := range map[string]struct {
		keys []kmsg.Key
		err  *kerr.Error
		why  string
	}{
		"it may not be read":                    {all, kerr.TopicAuthorizationFailed, "TOPIC_AUTHORIZATION_FAILED"},
		"it may be described, and not be read":  {[]kmsg.Key{kmsg.Fetch}, kerr.TopicAuthorizationFailed, "TOPIC_AUTHORIZATION_FAILED"},
		"it is not there":                       {all, kerr.UnknownTopicOrPartition, "UNKNOWN_TOPIC_OR_PARTITION"},
		"its records are damaged":               {[]kmsg.Key{kmsg.Fetch}, kerr.CorruptMessage, ""},
		"its brokers err":                       {[]kmsg.Key{kmsg.Fetch, kmsg.ListOffsets}, kerr.UnknownServerError, "UNKNOWN_SERVER_ERROR"},
		"its partition has no leader for hours": {all, kerr.LeaderNotAvailable, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newVirtualBench(t, 1, 1)
				b.withSecond(1)
				b.slow(time.Millisecond)
				s := newFakeSink(true)
				m := parkedOfTwo(t, b, s)
				fault := b.cluster.Fault(kfake.Fault{Keys: c.keys, Topic: second, Err: c.err, Count: -1})
				time.Sleep(time.Minute)
				s.heal(20)
				time.Sleep(30 * time.Second)
				wantSent(t, "a", 0, 100, 1, s)
				if got := b.committedOf(topic, 0); got != 100 {
					t.Errorf("committed %d of the topic that can be read, want 100", got)
				}
				if why := reasonOf(m, "parking"); !strings.Contains(why, assignment.Of(second, 0).String()) || !strings.Contains(why, c.why) || strings.Contains(why, topic) {
					t.Errorf("readiness says %q, want that %s cannot be read, and why", why, second)
				}
				fault.Remove()
				time.Sleep(2 * time.Minute)
				wantSent(t, "b", 0, 100, 1, s)
				if m.opts.Conditions.Failing() || m.parking.Count() != 0 {
					t.Errorf("%d are parked, conditions %+v", m.parking.Count(), m.opts.Conditions.States())
				}
				b.sumHolds(m)
			})
		})
	}
}

// TestParkedRecordsBesideADoubt: while it is not known whether the log of one partition
// holds what was read of it, its parked records wait, and those of others do not.
func TestParkedRecordsBesideADoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newVirtualBench(t, 1, 1)
		b.withSecond(1)
		s := newFakeSink(true)
		m := parkedOfTwo(t, b, s)
		fault := b.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.ListOffsets, kmsg.OffsetForLeaderEpoch, kmsg.Metadata}, Topic: second, Err: kerr.UnknownServerError, Count: -1})
		m.mu.Lock()
		doubted := m.assignments[assignment.Of(second, 0)]
		m.doubt(doubted)
		m.mu.Unlock()
		s.heal(20)
		time.Sleep(30 * time.Second)
		if !doubted.Rewound() {
			t.Fatal("the doubt is over before it could be looked into")
		}
		wantSent(t, "a", 0, 100, 1, s)
		fault.Remove()
		time.Sleep(2 * time.Minute)
		wantSent(t, "b", 0, 100, 1, s)
		b.sumHolds(m)
	})
}

// TestParkedRecordsOfATopicThatIsDeleted: it is gone for good. Those of the other topic
// are read, and these are given up when the member's part of the topic ends.
func TestParkedRecordsOfATopicThatIsDeleted(t *testing.T) {
	for _, protocol := range []Protocol{ProtocolClassic, ProtocolConsumer} {
		t.Run(protocol.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newVirtualBench(t, 1, 1)
				b.protocol = protocol
				b.withSecond(1)
				b.slow(time.Millisecond)
				s := newFakeSink(true)
				m := parkedOfTwo(t, b, s)
				if err := b.cluster.DeleteTopic(second); err != nil {
					t.Fatal(err)
				}
				s.heal(20)
				time.Sleep(30 * time.Second)
				wantSent(t, "a", 0, 100, 1, s)
				b.sumHolds(m)
			})
		})
	}
}
