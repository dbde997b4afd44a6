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
)

// TestWhatMayNotBeReadSlowsNoOther: fetches of one topic, or of one partition, are refused.
// The others are read as fast as before, readiness says all the time what is refused, and
// it is read again soon after it may be.
func TestWhatMayNotBeReadSlowsNoOther(t *testing.T) {
	fetch, all := []kmsg.Key{kmsg.Fetch}, []kmsg.Key{kmsg.Metadata, kmsg.ListOffsets, kmsg.Fetch}
	for name, fault := range map[string]kfake.Fault{
		"a topic that may not be read":              {Keys: fetch, Topic: second, Err: kerr.TopicAuthorizationFailed},
		"a topic that may not be seen":              {Keys: all, Topic: second, Err: kerr.TopicAuthorizationFailed},
		"a topic whose brokers err":                 {Keys: fetch, Topic: second, Err: kerr.UnknownServerError},
		"a topic whose name is refused":             {Keys: fetch, Topic: second, Err: kerr.InvalidTopicException},
		"a partition of a topic that is well":       {Keys: fetch, Topic: second, Partitions: []int32{1}, Err: kerr.UnknownServerError},
		"a partition that may not be read, it says": {Keys: fetch, Topic: second, Partitions: []int32{1}, Err: kerr.TopicAuthorizationFailed},
	} {
		for _, protocol := range []Protocol{ProtocolClassic, ProtocolConsumer} {
			t.Run(name+"/"+protocol.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					b := newVirtualBench(t, 1, 2)
					b.protocol = protocol
					b.withSecond(2)
					b.slow(time.Millisecond)
					s := newFakeSink(true)
					m := b.start(s, both)
					time.Sleep(10 * time.Second)
					fault.Count = -1
					over := b.cluster.Fault(fault)
					time.Sleep(30 * time.Second)
					refused := over.Hits()
					late := 0
					for i := range 300 {
						b.publishTo(topic, int32(i%2), named("a", i, i+1)...)
						time.Sleep(200 * time.Millisecond)
						if s.count(fmt.Sprintf("a%d", i)) == 0 {
							late++
						}
						if i%5 == 0 && !m.opts.Conditions.Failing() {
							t.Fatalf("after %d records readiness says nothing of what is refused", i)
						}
					}
					if late > 0 {
						t.Errorf("%d of 300 records of the other topic came late", late)
					}
					if n := over.Hits() - refused; fault.Keys[0] == kmsg.Fetch && n > 20 {
						t.Errorf("what is refused was asked for %d times in a minute", n)
					}
					told := fmt.Sprint(m.opts.Conditions.States())
					if !strings.Contains(told, second) || !strings.Contains(told, fault.Err.Message) {
						t.Errorf("no condition names %s and %s: %s", second, fault.Err.Message, told)
					}
					over.Remove()
					b.publishTo(second, 1, named("b", 0, 10)...)
					time.Sleep(maxAsideFor + 20*time.Second)
					wantSent(t, "a", 0, 300, 1, s)
					wantSent(t, "b", 0, 10, 1, s)
					time.Sleep(30 * time.Second)
					if m.opts.Conditions.Failing() {
						t.Errorf("readiness fails: %+v", m.opts.Conditions.States())
					}
				})
			})
		}
	}
}

// TestPutAsideThenAssignedAnew: a partition that is put aside is fetched at once by a new
// assignment, and one that was kept in a rebalance is not left aside.
func TestPutAsideThenAssignedAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newVirtualBench(t, 1, 2)
		s1, s2 := newFakeSink(true), newFakeSink(true)
		m := b.start(s1, nil)
		time.Sleep(10 * time.Second)
		fault := b.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Err: kerr.UnknownServerError, Count: -1})
		time.Sleep(30 * time.Second)
		m.mu.Lock()
		aside := len(m.unreadable)
		m.mu.Unlock()
		if aside != 2 {
			t.Fatalf("%d partitions are put aside, want 2", aside)
		}
		fault.Remove()
		b.start(s2, nil)
		time.Sleep(5 * time.Second)
		b.publish(0, events("p1", 0, 10)...)
		b.publish(1, events("p1", 10, 20)...)
		time.Sleep(2 * time.Second)
		sentOnce(t, 20, s1, s2)
	})
}
