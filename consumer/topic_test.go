package consumer

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// remakeTopic deletes the topic and makes it again some time after.
func (b *bench) remakeTopic(partitions int32, after time.Duration) {
	b.t.Helper()
	if err := b.cluster.DeleteTopic(topic); err != nil {
		b.t.Fatal(err)
	}
	time.Sleep(after)
	if err := b.cluster.CreateTopic(topic, partitions, nil); err != nil {
		b.t.Fatal(err)
	}
	// A client of its own: the other one's producer is the old topic's.
	b.client.PurgeTopicsFromClient(topic)
}

// TestATopicThatIsMadeAgain: a common way to purge one. The member goes on within a
// minute, from the start of the new topic, and what it had in flight is delivered.
func TestATopicThatIsMadeAgain(t *testing.T) {
	for name, tc := range map[string]struct {
		partitions int32
		after      time.Duration
		members    int
	}{
		"at once":         {2, 0, 1},
		"after a while":   {2, 5 * time.Minute, 1},
		"fewer":           {1, time.Second, 1},
		"more":            {4, time.Second, 1},
		"several members": {2, time.Second, 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newVirtualBench(t, 1, 2)
				var sinks []*fakeSink
				var members []*member
				for range tc.members {
					s := newFakeSink(false)
					sinks = append(sinks, s)
					members = append(members, b.start(s, nil))
				}
				time.Sleep(20 * time.Second) // they share the partitions
				b.publish(0, events("p1", 0, 50)...)
				b.publish(1, events("p1", 50, 100)...)
				time.Sleep(5 * time.Second)
				for i, s := range sinks {
					s.mu.Lock()
					vs := s.pending
					s.pending = nil
					s.mu.Unlock()
					members[i].Settle(vs[:10])
					s.mu.Lock()
					s.pending = append(s.pending, vs[10:]...)
					s.mu.Unlock()
				}
				time.Sleep(2 * time.Second)
				b.remakeTopic(tc.partitions, tc.after)
				b.publish(0, events("p1", 100, 200)...)
				time.Sleep(time.Minute)
				for _, s := range sinks {
					s.acceptFromNowOn()
				}
				time.Sleep(30 * time.Second)
				sentOnce(t, 200, sinks...)
				if got := b.committed(0); got != 100 {
					t.Errorf("committed %d, want 100\n%s", got, b.log)
				}
				for _, m := range members {
					for _, st := range m.opts.Conditions.States() {
						if !st.OK {
							t.Errorf("%s fails: %s", st.Name, st.Reason)
						}
					}
					if sum := m.Tally().Summary(); sum.InFlight() != 0 || sum.Returned != 0 {
						t.Errorf("in flight %d, returned %d; want what was in flight delivered", sum.InFlight(), sum.Returned)
					}
					if n := len(m.living()) - len(m.owned()); n != 0 {
						t.Errorf("%d assignments of the topic that was deleted are left", n)
					}
				}
			})
		})
	}
}

// TestParkedRecordsOfATopicThatIsMadeAgain: other records are at their offsets now,
// and must not be sent in their place.
func TestParkedRecordsOfATopicThatIsMadeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newVirtualBench(t, 1, 1)
		s := newFakeSink(true)
		s.stuck = "p1"
		m := b.start(s, func(o *Options) { o.MaxInFlightEvents, o.MaxParkedEvents = 20, 1000 })
		b.publish(0, events("p1", 0, 60)...)
		time.Sleep(5 * time.Second)
		parked := m.parking.Count()
		if parked == 0 {
			t.Fatal("nothing is parked")
		}
		b.remakeTopic(1, time.Second)
		b.publish(0, events("p2", 100, 160)...)
		time.Sleep(time.Minute)
		s.mu.Lock()
		s.stuck, s.wants = "", 100
		s.mu.Unlock()
		s.acceptFromNowOn()
		time.Sleep(time.Minute)
		for i := 100; i < 160; i++ {
			if n := s.count(fmt.Sprintf("e%d", i)); n != 1 {
				t.Errorf("e%d was sent %d times, want once", i, n)
			}
		}
		s.mu.Lock()
		refused := len(s.refused)
		s.mu.Unlock()
		if refused != parked {
			t.Errorf("%d records were given up as not retained, want the %d that were parked", refused, parked)
		}
		if sum := m.Tally().Summary(); sum.InFlight() != 0 {
			t.Errorf("%d are in flight for ever", sum.InFlight())
		}
	})
}

// TestAJobWhoseTopicIsMadeAgain ends: its offsets are other records' now.
func TestAJobWhoseTopicIsMadeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newVirtualBench(t, 1, 1)
		b.publish(0, events("1", 0, 5)...)
		s := newFakeSink(false)
		m := b.start(s, func(o *Options) { o.Job = &Job{Selection: chosen([]int64{0, 1, 2, 90})}; o.Drain = -1 })
		time.Sleep(5 * time.Second)
		b.remakeTopic(1, time.Second)
		time.Sleep(time.Minute)
		select {
		case err := <-m.done:
			if err == nil {
				t.Error("the job ended as if it were done")
			}
			m.done <- nil
		default:
			t.Error("the job goes on with a topic that is another one")
		}
	})
}

// TestLatestIsNotForATopicThatIsMadeAgain: where a group began in the topic before says
// nothing about the new one, all of which is new.
func TestLatestIsNotForATopicThatIsMadeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newVirtualBench(t, 1, 1)
		b.publish(0, events("p1", 0, 5)...)
		if err := b.cluster.CreateTopic("other", 1, nil); err != nil {
			t.Fatal(err)
		}
		// A member of the group keeps the start from being committed without one.
		b.start(newFakeSink(true), func(o *Options) { o.Topics = []string{"other"} })
		time.Sleep(5 * time.Second)
		s := newFakeSink(true)
		b.start(s, latest)
		time.Sleep(20 * time.Second)
		if s.count("e4") != 0 || b.committed(0) != 5 {
			t.Fatalf("e4 sent %d times, committed %d; want none, 5", s.count("e4"), b.committed(0))
		}
		b.remakeTopic(1, time.Second)
		b.publish(0, events("p1", 100, 110)...)
		time.Sleep(2 * time.Minute)
		for i := 100; i < 110; i++ {
			if n := s.count(fmt.Sprintf("e%d", i)); n != 1 {
				t.Errorf("e%d of the new topic was sent %d times", i, n)
			}
		}
	})
}
