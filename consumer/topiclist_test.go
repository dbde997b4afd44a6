package consumer

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// TestLatestOfATopicThatIsAddedToTheList: a group has offsets of one topic and none of
// the other, and begins at the end of that alone, once.
func TestLatestOfATopicThatIsAddedToTheList(t *testing.T) {
	for name, stays := range map[string]bool{"the first list is gone": false, "a member has the first list still": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newVirtualBench(t, 1, 2)
				b.withSecond(2)
				first := newFakeSink(true)
				m := b.start(first, nil)
				b.publishTo(topic, 0, named("a", 0, 5)...)
				time.Sleep(5 * time.Second)
				if !stays {
					if err := m.stop(); err != nil {
						t.Fatal(err)
					}
				}
				b.publishTo(topic, 0, named("a", 5, 10)...)
				b.publishTo(second, 0, named("old", 0, 5)...)
				s := newFakeSink(true)
				late := func(o *Options) { both(o); latest(o) }
				m2 := b.start(s, late)
				time.Sleep(30 * time.Second)
				b.publishTo(second, 0, named("new", 0, 5)...)
				time.Sleep(30 * time.Second)
				wantSent(t, "a", 0, 10, 1, first, s)
				wantSent(t, "old", 0, 5, 0, first, s)
				wantSent(t, "new", 0, 5, 1, s)
				if err := m2.stop(); err != nil {
					t.Fatal(err)
				}
				// Once: what comes while nobody reads is sent.
				b.publishTo(second, 0, named("new", 5, 10)...)
				b.publishTo(second, 1, named("new", 10, 15)...)
				again := newFakeSink(true)
				b.start(again, late)
				time.Sleep(30 * time.Second)
				wantSent(t, "new", 5, 15, 1, again)
			})
		})
	}
}

// TestATopicOfTheListThatIsNotThere: readiness names it, the others go on, and it is read
// from when it is made.
func TestATopicOfTheListThatIsNotThere(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"earliest": both,
		"latest":   func(o *Options) { both(o); latest(o) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newVirtualBench(t, 1, 1)
				s := newFakeSink(true)
				m := b.start(s, change)
				time.Sleep(20 * time.Second)
				for n := range 3 {
					b.publishTo(topic, 0, named("a", 10*n, 10*n+10)...)
					time.Sleep(30 * time.Second)
					why := reasonOf(m, "topic")
					if !strings.Contains(why, `"`+second+`"`) || !strings.Contains(why, "does not exist") || strings.Contains(why, `"`+topic+`"`) {
						t.Errorf("readiness says %q, want that %s does not exist", why, second)
					}
				}
				wantSent(t, "a", 0, 30, 1, s)
				if got := b.committedOf(topic, 0); got != 30 {
					t.Errorf("committed %d, want 30", got)
				}
				if err := m.Live(); err != nil {
					t.Error(err)
				}
				b.withSecond(1)
				b.publishTo(second, 0, named("b", 0, 5)...)
				time.Sleep(2 * time.Minute)
				wantSent(t, "b", 0, 5, 1, s)
				if m.opts.Conditions.Failing() {
					t.Errorf("readiness fails when it is there: %+v", m.opts.Conditions.States())
				}
			})
		})
	}
}

// TestATopicThatIsGoneHoldsUpNoOther: brokers answer at once that they do not have it, and
// a poll that brings nothing but errors is followed by a pause.
func TestATopicThatIsGoneHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newVirtualBench(t, 1, 1)
		b.withSecond(1)
		b.slow(time.Millisecond)
		// The fake cluster does not take a topic that is gone out of a session.
		b.dial = append(b.dial, kgo.DisableFetchSessions())
		s := newFakeSink(true)
		m := b.start(s, both)
		time.Sleep(10 * time.Second)
		if err := b.cluster.DeleteTopic(second); err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Second)
		for i := range 20 {
			b.publishTo(topic, 0, named("a", i, i+1)...)
			time.Sleep(failedPollPause / 2)
			wantSent(t, "a", i, i+1, 1, s)
		}
		time.Sleep(time.Minute) // a topic that moves is not told at once
		if why := reasonOf(m, "topic"); !strings.Contains(why, `"`+second+`" does not exist`) {
			t.Errorf("readiness says %q", why)
		}
		if err := m.stop(); err != nil {
			t.Error(err)
		}
	})
}

// TestATopicThatMayNotBeRead is told by its name, and keeps none of the other from being
// read.
func TestATopicThatMayNotBeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newVirtualBench(t, 1, 2)
		b.withSecond(2)
		fault := b.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Metadata, kmsg.ListOffsets, kmsg.Fetch}, Topic: second, Err: kerr.TopicAuthorizationFailed, Count: -1})
		s := newFakeSink(true)
		m := b.start(s, both)
		b.publishTo(topic, 0, named("a", 0, 10)...)
		time.Sleep(time.Minute)
		wantSent(t, "a", 0, 10, 1, s)
		if why := reasonOf(m, "topic"); !strings.Contains(why, `"`+second+`"`) || strings.Contains(why, `"`+topic+`"`) {
			t.Errorf("readiness says %q, want that %s may not be read", why, second)
		}
		fault.Remove()
		b.publishTo(second, 1, named("b", 0, 10)...)
		time.Sleep(2 * time.Minute)
		wantSent(t, "b", 0, 10, 1, s)
		if m.opts.Conditions.Failing() {
			t.Errorf("readiness fails when it may be read: %+v", m.opts.Conditions.States())
		}
	})
}

// TestATopicWhoseCommitsAreRefused: while it is the only one that has something to commit,
// the others are taken all the same.
func TestATopicWhoseCommitsAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newVirtualBench(t, 1, 2)
		b.withSecond(2)
		s := newFakeSink(true)
		m := b.start(s, both)
		b.publishTo(topic, 0, named("a", 0, 10)...)
		time.Sleep(time.Minute)
		fault := b.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetCommit}, Topic: second, Err: kerr.TopicAuthorizationFailed, Count: -1})
		b.publishTo(second, 1, named("b", 0, 10)...)
		time.Sleep(5 * time.Minute)
		for i := range 20 {
			b.publishTo(topic, 0, named("a", 10+i, 11+i)...)
			time.Sleep(10 * time.Second)
		}
		wantSent(t, "a", 0, 30, 1, s)
		if m.commits.Pausing() {
			t.Error("nothing is taken, though commits of one topic alone are refused")
		}
		if !conditionFails(m, "commits") {
			t.Error("readiness does not say that commits are refused")
		}
		fault.Remove()
		time.Sleep(time.Minute)
		if conditionFails(m, "commits") {
			t.Error("commits are still said to be refused")
		}
	})
}

// TestMembersWithDifferentLists: a group is moved from one topic to two member by member,
// and back. Each partition is read by one that has its topic in its list, each record once.
func TestMembersWithDifferentLists(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newVirtualBench(t, 1, 4)
		b.withSecond(4)
		publish := func(from int) {
			for p := range int32(4) {
				b.publishTo(topic, p, named(fmt.Sprintf("a%d-", p), from, from+10)...)
				b.publishTo(second, p, named(fmt.Sprintf("b%d-", p), from, from+10)...)
			}
		}
		var sinks []*fakeSink
		start := func(change func(*Options)) *member {
			s := newFakeSink(true)
			sinks = append(sinks, s)
			m := b.start(s, change)
			time.Sleep(20 * time.Second)
			return m
		}
		stop := func(m *member) {
			if err := m.stop(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(20 * time.Second)
		}
		commits := b.logCommits()
		one, other := start(nil), start(nil)
		publish(0)
		two := start(both)
		for _, m := range []*member{one, other} {
			for _, a := range m.owned() {
				if a.Topic() != topic {
					t.Errorf("a member has %s, whose topic it does not read", a.TopicPartition())
				}
			}
		}
		publish(10)
		stop(one)
		stop(other)
		publish(20)
		if n := len(two.owned()); n != 8 {
			t.Errorf("the member that is left has %d partitions, want 8", n)
		}
		back := start(func(o *Options) { o.Topics = []string{second} })
		publish(30)
		stop(two)
		time.Sleep(20 * time.Second)
		if got := len(back.owned()); got != 4 {
			t.Errorf("the last member has %d partitions, want 4 of its topic", got)
		}
		last := start(nil)
		time.Sleep(20 * time.Second)
		for p := range 4 {
			wantSent(t, fmt.Sprintf("a%d-", p), 0, 40, 1, sinks...)
			wantSent(t, fmt.Sprintf("b%d-", p), 0, 40, 1, sinks...)
		}
		commits.wantNoneBack(t)
		stop(back)
		stop(last)
	})
}
