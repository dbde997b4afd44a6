package consumer

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
)

// TestATopicThatSeemsGone: while partitions are revoked, brokers say that they do not know
// the topic, which is there. One such answer is not believed. After two, what comes back
// goes on where it was all the same: nothing is sent twice, and no commit goes back to the
// beginning.
func TestATopicThatSeemsGone(t *testing.T) {
	for name, answers := range map[string]int{"once": 1, "twice": 2} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newVirtualBench(t, 1, 2)
				b.protocol = ProtocolConsumer
				s := newFakeSink(true)
				m := b.start(s, nil)
				b.publish(0, events("p1", 0, 10)...)
				b.publish(1, events("p1", 10, 20)...)
				time.Sleep(10 * time.Second)
				sentOnce(t, 20, s)
				other := newFakeSink(true)
				second := b.start(other, nil)
				time.Sleep(50 * time.Millisecond) // it knows the topic, and the first member has not heard of it
				wrong := b.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Metadata}, Topic: topic, Err: kerr.UnknownTopicOrPartition, Count: answers})
				time.Sleep(10 * time.Second)
				if believed := strings.Contains(b.log.String(), "the topic was deleted"); believed != (answers > 1) || wrong.Hits() != answers || len(m.owned()) != 1 {
					t.Fatalf("believed %v after %d answers, %d partitions are left", believed, wrong.Hits(), len(m.owned()))
				}
				if err := second.stop(); err != nil {
					t.Fatal(err)
				}
				time.Sleep(30 * time.Second)
				if n := len(m.owned()); n != 2 {
					t.Fatalf("%d partitions came back", n)
				}
				b.publish(0, events("p1", 20, 30)...)
				b.publish(1, events("p1", 30, 40)...)
				time.Sleep(30 * time.Second)
				sentOnce(t, 40, s, other)
				if got := [2]int64{b.committed(0), b.committed(1)}; got != [2]int64{20, 20} {
					t.Errorf("committed %v, want 20 and 20", got)
				}
			})
		})
	}
}

// TestLatestIsAskedAgain: one broker does not know the topic yet, and the group begins at
// its end all the same.
func TestLatestIsAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newVirtualBench(t, 1, 1)
		b.publish(0, events("p1", 0, 10)...)
		unknown := b.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Metadata}, Topic: topic, Err: kerr.UnknownTopicOrPartition})
		s := newFakeSink(true)
		b.start(s, latest)
		time.Sleep(20 * time.Second)
		if unknown.Hits() == 0 {
			t.Fatal("nobody was told that the topic is unknown")
		}
		b.publish(0, events("p1", 10, 20)...)
		time.Sleep(20 * time.Second)
		wantSent(t, "e", 0, 10, 0, s)
		wantSent(t, "e", 10, 20, 1, s)
	})
}

// TestNothingIsFetchedOnTheWay: the client is sent elsewhere before it is sent to where a
// partition goes on. What it fetched there would be taken for the log's.
func TestNothingIsFetchedOnTheWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newVirtualBench(t, 1, 1)
		m := b.start(newFakeSink(true), nil)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		tp := assignment.Of(topic, 0)
		paused := func() bool { return slices.Contains(m.client.PauseFetchPartitions(nil)[topic], 0) }
		m.mu.Lock()
		m.goTo(tp, 0)
		m.mu.Unlock()
		if !paused() {
			t.Error("it may fetch from where it is only sent on its way")
		}
		now := time.Now()
		for range 20 {
			m.moveOn(now, map[assignment.TopicPartition]int64{tp: 100})
			now = now.Add(lagEvery)
		}
		if paused() {
			t.Error("it stays paused after its fetch was started again")
		}
	})
}

// TestLatestOfATopicThatIsMadeAgainMeanwhile: where the group begins could not be written
// down, and then the topic was deleted and made again. The ends of the old one say nothing
// of the new one.
func TestLatestOfATopicThatIsMadeAgainMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newVirtualBench(t, 1, 1)
		b.publish(0, events("p1", 0, 5)...)
		refused := b.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetCommit}, Err: kerr.TopicAuthorizationFailed, Count: -1})
		s := newFakeSink(true)
		b.start(s, latest)
		time.Sleep(20 * time.Second)
		b.remakeTopic(1, 0) // so soon that nobody sees that it is not there
		b.publish(0, events("p1", 100, 110)...)
		time.Sleep(10 * time.Second)
		refused.Remove()
		time.Sleep(time.Minute)
		wantSent(t, "e", 100, 110, 1, s)
		if got := b.committed(0); got != 10 {
			t.Errorf("committed %d, want 10", got)
		}
	})
}

// TestRefusedQuestionsAreAskedSeldom: a member that may not ask where its partitions stand
// asks again with growing pauses.
func TestRefusedQuestionsAreAskedSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newVirtualBench(t, 1, 1)
		asked := b.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetFetch}, Topic: topic, Err: kerr.TopicAuthorizationFailed, Count: -1})
		b.publish(0, events("p1", 0, 5)...)
		s := newFakeSink(true)
		b.start(s, nil)
		time.Sleep(time.Minute)
		before := asked.Hits()
		time.Sleep(10 * time.Minute)
		if n := asked.Hits() - before; n < 30 || n > 80 {
			t.Errorf("asked %d times in ten minutes, want about each %v", n, maxDoubtEvery)
		}
		asked.Remove()
		time.Sleep(2 * maxDoubtEvery)
		sentOnce(t, 5, s)
	})
}
