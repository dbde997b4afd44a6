package consumer

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
)

// TestAPartitionThatStandsStill: the client has lost its place in a partition, and nothing
// comes of it any more. It is noticed and mended within a minute, and nothing is sent twice.
func TestAPartitionThatStandsStill(t *testing.T) {
	for _, protocol := range []Protocol{ProtocolClassic, ProtocolConsumer} {
		t.Run(protocol.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newVirtualBench(t, 1, 2)
				b.protocol = protocol
				s := newFakeSink(true)
				m := b.start(s, nil)
				b.publish(0, events("p1", 0, 10)...)
				b.publish(1, events("p1", 10, 20)...)
				time.Sleep(3 * time.Second)
				// Where there is nothing, the client waits for it for ever.
				m.client.PauseFetchTopics(topic)
				b.publish(0, events("p1", 20, 30)...)
				time.Sleep(2 * time.Second)
				m.client.SetOffsets(map[string]map[int32]kgo.EpochOffset{topic: {0: {Epoch: -1, Offset: 20}}})
				m.client.ResumeFetchTopics(topic)
				b.publish(1, events("p1", 30, 40)...)
				time.Sleep(3 * time.Second)
				if s.count("e20") != 0 || s.count("e30") != 1 {
					t.Fatal("the client has not lost its place")
				}
				time.Sleep(55 * time.Second)
				sentOnce(t, 40, s)
				if !strings.Contains(b.log.String(), "its fetch is started again") {
					t.Error("nothing is said of it")
				}
				if b.committed(0) != 20 || b.committed(1) != 20 || m.opts.Conditions.Failing() {
					t.Errorf("committed %d and %d, conditions %+v", b.committed(0), b.committed(1), m.opts.Conditions.States())
				}
			})
		})
	}
}

// TestAPartitionThatStaysStill: readiness says so when nothing helps. It is started again with
// growing pauses, and readiness is well again as soon as it moves.
func TestAPartitionThatStaysStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newVirtualBench(t, 1, 1)
		m := b.start(newFakeSink(true), nil)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		tp, now := assignment.Of(topic, 0), time.Now()
		for range 60 { // ten minutes in which brokers say that there is more than there is
			m.moveOn(now, map[assignment.TopicPartition]int64{tp: 100})
			now = now.Add(lagEvery)
		}
		why := reasonOf(m, "fetch")
		if !strings.Contains(why, tp.String()) || !strings.Contains(why, "restart") {
			t.Errorf("readiness says %q, want the partition and what to do", why)
		}
		if n := strings.Count(b.log.String(), "its fetch is started again"); n < 3 || n > 6 {
			t.Errorf("started again %d times in ten minutes, want some with growing pauses", n)
		}
		m.moveOn(now, map[assignment.TopicPartition]int64{tp: 0})
		if m.opts.Conditions.Failing() {
			t.Errorf("readiness fails: %+v", m.opts.Conditions.States())
		}
	})
}

// TestSlowIsNotStill: a partition behind a full window, or beyond a gap that nothing will
// fill, is not started again.
func TestSlowIsNotStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newVirtualBench(t, 1, 2)
		s := newFakeSink(false)
		m := b.start(s, func(o *Options) { o.MaxInFlightEvents = 20 })
		b.publish(0, events("p1", 0, 200)...)
		b.publish(1, events("p1", 200, 400)...)
		time.Sleep(5 * time.Minute)
		if strings.Contains(b.log.String(), "started again") || m.opts.Conditions.Failing() {
			t.Errorf("a full window is taken for a fetch that stands still\n%s", b.log)
		}
		s.acceptFromNowOn()
		time.Sleep(time.Minute)
		sentOnce(t, 400, s)
	})
}
