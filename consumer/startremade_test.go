package consumer

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

// afterAnswer is a hook that does something when a client has read its nth answer of that
// kind, before it goes on.
type afterAnswer struct {
	kind kmsg.Key
	nth  int32
	do   func()
	read *atomic.Int32
}

func (h afterAnswer) OnBrokerRead(_ kgo.BrokerMetadata, key int16, _ int, _, _ time.Duration, _ error) {
	if key == int16(h.kind) && h.read.Add(1) == h.nth {
		h.do()
	}
}

// byName returns a bench whose brokers take commits by a topic's name, so that they do not
// refuse one that is meant for a deleted topic.
func byName(t *testing.T) *bench {
	return newBenchWith(t, 1, kfake.MaxVersions(kversion.V3_7_0()))
}

// TestLatestOfATopicThatIsMadeAgainDuringALook: everything in the new topic is new,
// whenever it was made.
func TestLatestOfATopicThatIsMadeAgainDuringALook(t *testing.T) {
	for name, after := range map[string]afterAnswer{
		"before its ends are read":      {kind: kmsg.Metadata, nth: 2}, // the first one names no topic
		"before its ends are committed": {kind: kmsg.ListOffsets, nth: 1},
	} {
		t.Run(name, func(t *testing.T) {
			b := byName(t)
			b.publish(0, events("p1", 0, 20)...)
			after.read = new(atomic.Int32)
			after.do = func() {
				b.remakeTopic(1, 0)
				b.publish(0, events("p1", 100, 110)...)
			}
			c, err := New(Options{Topics: []string{topic}, Group: group, Start: StartLatest},
				kgo.SeedBrokers(b.addrs...), kgo.WithHooks(after))
			if err != nil {
				t.Fatal(err)
			}
			if !c.startAt(t.Context()) || c.begins.IsOpen(topic) {
				t.Error("it is not decided where the group begins")
			}
			if got := b.committed(0); got != -1 {
				t.Errorf("committed %d, want nothing: all 10 records of the new topic are new", got)
			}
		})
	}
}

// TestLatestOfATopicThatABrokerHasNotHeardOf: a broker that does not know the topic at the
// first question does not keep the member from seeing later that it was made again.
func TestLatestOfATopicThatABrokerHasNotHeardOf(t *testing.T) {
	b := byName(t)
	b.publish(0, events("p1", 0, 5)...)
	c, err := New(Options{Topics: []string{topic}, Group: group, Start: StartLatest}, kgo.SeedBrokers(b.addrs...))
	if err != nil {
		t.Fatal(err)
	}
	unknown := b.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Metadata}, Topic: topic, Err: kerr.UnknownTopicOrPartition, Count: 1})
	refused := b.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetCommit}, Err: kerr.TopicAuthorizationFailed, Count: -1})
	c.begins.Leave([]string{topic})
	for range 2 {
		if undecided := c.decideAside(t.Context()); undecided[topic] == nil {
			t.Fatal("decided, although nothing could be committed")
		}
	}
	if unknown.Hits() != 1 || refused.Hits() == 0 {
		t.Fatalf("unknown to a broker %d times, commits refused %d times", unknown.Hits(), refused.Hits())
	}
	b.remakeTopic(1, 0)
	b.publish(0, events("p1", 100, 110)...)
	refused.Remove()
	if undecided := c.decideAside(t.Context()); undecided[topic] != nil {
		t.Fatal(undecided[topic])
	}
	if got := b.committed(0); got != -1 {
		t.Errorf("committed %d, want nothing: all 10 records of the new topic are new", got)
	}
}
