package consumer

import (
	"bytes"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// commitLog notes the offsets of each commit that reaches the broker, by topic and
// partition.
type commitLog struct {
	mu   sync.Mutex
	seen map[string][]int64
}

func (b *bench) logCommits() *commitLog {
	l := &commitLog{seen: make(map[string][]int64)}
	b.cluster.ControlKey(int16(kmsg.OffsetCommit), func(r kmsg.Request) (kmsg.Response, error, bool) {
		b.cluster.KeepControl()
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, rt := range r.(*kmsg.OffsetCommitRequest).Topics {
			for _, p := range rt.Partitions {
				key := fmt.Sprintf("%s %x/%d", rt.Topic, rt.TopicID, p.Partition)
				l.seen[key] = append(l.seen[key], p.Offset)
			}
		}
		return nil, nil, false
	})
	return l
}

func (l *commitLog) wantNoneBack(t *testing.T) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for p, offsets := range l.seen {
		if !slices.IsSorted(offsets) {
			t.Errorf("commits of partition %s go back: %v", p, offsets)
		}
	}
}

// sentOnce checks that each of these was sent once by all members together.
func sentOnce(t *testing.T, n int, sinks ...*fakeSink) {
	t.Helper()
	for i := range n {
		id, sent := fmt.Sprintf("e%d", i), 0
		for _, s := range sinks {
			sent += s.count(id)
		}
		if sent != 1 {
			t.Fatalf("%s was sent %d times, want once", id, sent)
		}
	}
}

// TestARebalanceWhileAStopDrains: a member that joins while another one stops gets
// its partitions once they are drained, committed and fenced.
func TestARebalanceWhileAStopDrains(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"dynamic": nil,
		"static":  func(o *Options) { o.InstanceID = "pod-1" },
		"slow": func(o *Options) { // nothing is committed until it must be
			o.CommitInterval = time.Hour
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newVirtualBench(t, 1, 4)
				for p := range int32(4) {
					b.publish(p, events("p1", int(p)*100, int(p)*100+100)...)
				}
				commits := b.logCommits()
				s1 := newFakeSink(false)
				m1 := b.start(s1, func(o *Options) {
					o.Drain, o.RebalanceTimeout = 20*time.Second, 50*time.Second
					if change != nil {
						change(o)
					}
				})
				vs := s1.take(400)
				stopped := make(chan error, 1)
				go func() { stopped <- m1.stop() }()
				synctest.Wait()
				s2 := newFakeSink(true)
				m2 := b.start(s2, nil)
				time.Sleep(5 * time.Second) // the group asks for partitions
				m1.Settle(vs[:50])
				time.Sleep(5 * time.Second)
				if n := len(m2.owned()); n != 0 {
					t.Errorf("the new member owns %d partitions that still drain", n)
				}
				m1.Settle(vs[50:])
				if err := <-stopped; err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute) // a static member's go when its session ends
				all := 4
				if b.protocol == ProtocolConsumer && name == "static" {
					all = 2 // kfake waits for ever for one that says it will be back
				}
				if n := len(m2.owned()); n != all {
					t.Errorf("the new member owns %d partitions, want %d", n, all)
				}
				sentOnce(t, 400, s1, s2)
				commits.wantNoneBack(t)
				if err := m2.stop(); err != nil {
					t.Fatal(err)
				}
				for p := range int32(4) {
					if got := b.committed(p); got != 100 {
						t.Errorf("partition %d committed to %d, want 100", p, got)
					}
				}
			})
		})
	}
}

// TestARevokeThatOutlastsTheStop: the stop's budget ends first. What it fenced is
// not waited for by the revoke, and not committed again.
func TestARevokeThatOutlastsTheStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newVirtualBench(t, 1, 2)
		b.publish(0, events("p1", 0, 10)...)
		b.publish(1, events("p1", 10, 20)...)
		commits := b.logCommits()
		s1 := newFakeSink(false)
		m1 := b.start(s1, func(o *Options) { o.Drain, o.RebalanceTimeout = 10*time.Second, 50*time.Second })
		vs := s1.take(20)
		stopped := make(chan error, 1)
		go func() { stopped <- m1.stop() }()
		time.Sleep(5 * time.Second)
		s2 := newFakeSink(true)
		b.start(s2, nil)
		time.Sleep(time.Second)
		m1.Settle(vs[:3])
		started := time.Now()
		if err := <-stopped; err != nil {
			t.Fatal(err)
		}
		if took := time.Since(started); took > 7*time.Second {
			t.Errorf("the stop took %s beyond a budget that had 4 s left", took)
		}
		time.Sleep(10 * time.Second)
		m1.Settle(vs[3:]) // too late
		time.Sleep(10 * time.Second)
		commits.wantNoneBack(t)
		if got := b.committed(0) + b.committed(1); got != 20 {
			t.Errorf("committed %d in all, want 20", got)
		}
		if n := m1.Tally().Summary(); n.Returned != 17 {
			t.Errorf("returned %d, want the 17 without a verdict", n.Returned)
		}
	})
}

// TestADrainLeavesHalfOfTheRebalanceTimeout: a member that drains longer than the group
// waits would be thrown out with all its partitions. So a drain ends after half of that
// time, whatever its budget; the rest is for the commit and the join.
func TestADrainLeavesHalfOfTheRebalanceTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newVirtualBench(t, 1, 2)
		b.publish(0, events("p1", 0, 10)...)
		b.publish(1, events("p1", 10, 20)...)
		commits := b.logCommits()
		s1 := newFakeSink(false)
		m1 := b.start(s1, func(o *Options) { o.Drain, o.RebalanceTimeout = time.Hour, 20*time.Second })
		vs := s1.take(20)
		synctest.Wait()
		m2 := b.start(newFakeSink(true), nil)
		time.Sleep(8 * time.Second)
		if n := len(m2.owned()); n != 0 {
			t.Errorf("after 8 s the new member owns %d partitions that still drain", n)
		}
		time.Sleep(7 * time.Second)
		if one, two := len(m1.owned()), len(m2.owned()); one != 1 || two != 1 {
			t.Errorf("after 15 s the members own %d and %d partitions, want one each", one, two)
		}
		m1.Settle(vs) // half of it too late
		time.Sleep(30 * time.Second)
		if got := m1.Tally().Summary(); got.Returned != 10 || got.Settled() != 10 {
			t.Errorf("%d given back and %d settled, want 10 each", got.Returned, got.Settled())
		}
		if got := b.committed(0) + b.committed(1); got != 20 {
			t.Errorf("committed %d in all, want 20", got)
		}
		commits.wantNoneBack(t)
	})
}

// drainingPair is two members of a group of six partitions, the first of which is
// asked for one and does not come to an end with it, so that the group stands still.
// Not in virtual time: the client waits with a mutex.
func drainingPair(t *testing.T, change func(*Options)) (b *bench, m1, m2, m3 *member) {
	b = newBench(t, 6)
	m1 = b.start(newFakeSink(false), func(o *Options) { o.Drain, o.RebalanceTimeout = 20*time.Second, time.Minute })
	b.eventually("the first owns all", func() bool { return len(m1.owned()) == 6 })
	m2 = b.start(newFakeSink(true), change)
	b.eventually("they share", func() bool { return len(m1.owned()) == 3 && len(m2.owned()) == 3 })
	for p := range int32(6) {
		b.publish(p, events("p1", int(p)*10, int(p)*10+10)...)
	}
	b.eventually("all is in flight or delivered", func() bool {
		one, two := m1.Tally().Summary(), m2.Tally().Summary()
		return one.InFlight() == 30 && two.Settled() == 30
	})
	m3 = b.start(newFakeSink(true), nil)
	b.eventually("the first drains and the second has given one up", func() bool {
		return len(m1.owned()) == 2 && len(m1.living()) == 3 && len(m2.living()) == 2
	})
	return b, m1, m2, m3
}

// TestAStopDoesNotWaitForAnotherMembersDrain: while another member drains, the
// group stands still, and with it the client's commits and its leaving. A stop with
// nothing in flight commits and ends all the same.
func TestAStopDoesNotWaitForAnotherMembersDrain(t *testing.T) {
	b, m1, m2, m3 := drainingPair(t, func(o *Options) { o.CommitInterval = time.Hour })
	mine := m2.living()
	for _, a := range mine {
		b.publish(a.Partition(), "p1|late")
	}
	b.eventually("it is delivered", func() bool {
		s := m2.Tally().Summary()
		return s.Settled() == 32
	})
	started := time.Now()
	if err := m2.stop(); err != nil {
		t.Fatal(err)
	}
	if len(m1.living()) != 3 {
		t.Errorf("the stop lasted as long as the other member's drain: %s", time.Since(started))
	}
	for _, a := range mine {
		if got := b.committed(a.Partition()); got != 11 {
			t.Errorf("partition %d committed to %d at the stop, want 11", a.Partition(), got)
		}
	}
	// It has left: its partitions do not wait for the end of its session.
	m1.sink.acceptFromNowOn()
	b.eventually("the others own all", func() bool { return len(m1.owned())+len(m3.owned()) == 6 })
	if took := time.Since(started); took > 20*time.Second {
		t.Errorf("its partitions were owned after %s", took)
	}
	sentOnce(t, 60, m1.sink, m2.sink, m3.sink)
}

// TestCommitsGoOnWhileAnotherMemberDrains: what is delivered meanwhile is safe from
// a crash, and taking does not pause.
func TestCommitsGoOnWhileAnotherMemberDrains(t *testing.T) {
	b, m1, m2, _ := drainingPair(t, nil)
	for n := int64(11); n < 14; n++ {
		for _, a := range m2.owned() {
			b.publish(a.Partition(), "p1|late")
		}
		b.eventually("it is committed", func() bool {
			for _, a := range m2.owned() {
				if b.committed(a.Partition()) != n {
					return false
				}
			}
			return true
		})
	}
	if len(m1.living()) != 3 || len(m2.owned()) != 2 {
		t.Error("the first member's drain has ended; this proves nothing")
	}
	m1.sink.acceptFromNowOn()
}

// TestTheClientIsThereBeforeItJoins: the client joins while it is made, and what it
// calls meanwhile needs it. It was nil for a group that answers at once.
func TestTheClientIsThereBeforeItJoins(t *testing.T) {
	b := newBench(t, 1)
	of, there := make(chan *Consumer, 1), make(chan bool, 1)
	var first sync.Once // others are made to look into the log, perhaps while the member stops
	b.dial = append(b.dial, kgo.WithHooks(onNewClient(func(cl *kgo.Client) {
		first.Do(func() { there <- (<-of).client == cl })
	})))
	m := b.start(newFakeSink(true), nil)
	of <- m.Consumer
	if !<-there {
		t.Error("the consumer knows no client, or another, when the client begins")
	}
}

// TestNothingWaitsForTheClosingPoll: the client polls a last time when it is closed, and
// what is still leaving the group then waits until that poll has been dealt with.
func TestNothingWaitsForTheClosingPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newVirtualBench(t, 1, 1)
		b.publish(0, events("p1", 0, 5)...)
		s := newFakeSink(false)
		m := b.start(s, func(o *Options) { o.MaxInFlightEvents, o.Drain = 5, time.Second })
		b.eventually("the window is full", func() bool { return s.count("e4") == 1 })
		refused := b.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetFetch}, Topic: topic, Err: kerr.TopicAuthorizationFailed, Count: -1})
		b.grow(2) // for the closing poll: the client tells of the refusal, and is not polled
		time.Sleep(time.Minute)
		if refused.Hits() == 0 {
			t.Fatal("no offset was refused")
		}
		if err := m.stop(); err != nil {
			t.Error(err)
		}
		if err := m.client.LeaveGroupContext(t.Context()); err != nil { // in place of one that comes late
			t.Error(err)
		}
		synctest.Wait()
		stacks := make([]byte, 1<<20)
		if stacks = stacks[:runtime.Stack(stacks, true)]; bytes.Contains(stacks, []byte("kgo.(*Client).LeaveGroupContext.func1")) {
			t.Error("a goroutine is left that waits for the client's last poll")
		}
		m.client.AllowRebalance()
	})
}
