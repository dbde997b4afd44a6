package consumer

import (
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
)

// TestAStopThatLosesItsPartitions: the coordinator is away for seconds while a stop
// drains. Nobody else can have the partitions yet, so what is delivered meanwhile is
// committed when the group is back, and nothing is sent twice.
func TestAStopThatLosesItsPartitions(t *testing.T) {
	for name, c := range map[string]struct {
		lost, away time.Duration // after the stop began; how long
		settle     time.Duration // after the stop began
	}{
		"before the verdicts":       {time.Second, 5 * time.Second, 10 * time.Second},
		"while they come":           {2 * time.Second, 6 * time.Second, 3 * time.Second},
		"as the stop begins":        {0, 4 * time.Second, 2 * time.Second},
		"for a moment":              {2 * time.Second, 0, 4 * time.Second},
		"until the last verdict":    {2 * time.Second, 8 * time.Second, 9900 * time.Millisecond},
		"before the stop, and back": {-2 * time.Second, 6 * time.Second, 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newVirtualBench(t, 1, 2)
				for p := range int32(2) {
					b.publish(p, events("p1", int(p)*50, int(p)*50+50)...)
				}
				commits := b.logCommits()
				var away atomic.Bool
				b.cutOff(&away)
				s := newFakeSink(false)
				m := b.start(s, func(o *Options) { o.Drain, o.CommitInterval = 20*time.Second, time.Second })
				vs := s.take(100)
				m.Settle(vs[:5])
				time.Sleep(3 * time.Second)
				lose := func() {
					away.Store(c.away > 0)
					b.throwOut(kerr.UnknownMemberID)
					time.AfterFunc(c.away, func() { away.Store(false) })
				}
				if c.lost < 0 {
					lose()
					time.Sleep(-c.lost)
				} else {
					time.AfterFunc(c.lost, lose)
				}
				stopped := make(chan error, 1)
				began := time.Now()
				go func() { stopped <- m.stop() }()
				time.Sleep(c.settle)
				m.Settle(vs[5:])
				if err := <-stopped; err != nil {
					t.Fatal(err)
				}
				if took := time.Since(began); took > 25*time.Second {
					t.Errorf("the stop took %s", took)
				}
				after := newFakeSink(true)
				next := b.start(after, nil)
				time.Sleep(time.Minute)
				for id := range 100 {
					if n := s.count(fmt.Sprintf("e%d", id)) + after.count(fmt.Sprintf("e%d", id)); n != 1 {
						t.Fatalf("e%d was sent %d times, want once\n%s", id, n, b.log)
					}
				}
				commits.wantNoneBack(t)
				if b.committed(0) != 50 || b.committed(1) != 50 {
					t.Errorf("committed %d and %d, want 50 and 50\n%s", b.committed(0), b.committed(1), b.log)
				}
				if sum := m.Tally().Summary(); sum.InFlight() != 0 || sum.Returned != 0 {
					t.Errorf("in flight %d, returned %d; want 0, 0\n%s", sum.InFlight(), sum.Returned, b.log)
				}
				if err := next.stop(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// TestAStopWhosePartitionsGoToAnother: the group gave them away while this member was
// out of it. Its verdicts change nothing, and its commits do not go behind the other's.
func TestAStopWhosePartitionsGoToAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newVirtualBench(t, 1, 2)
		for p := range int32(2) {
			b.publish(p, events("p1", int(p)*50, int(p)*50+50)...)
		}
		commits := b.logCommits()
		s := newFakeSink(false)
		m := b.start(s, func(o *Options) { o.Drain, o.CommitInterval = 20*time.Second, time.Second })
		vs := s.take(100)
		m.Settle(vs[:5])
		time.Sleep(3 * time.Second)
		other := newFakeSink(true)
		stopped := make(chan error, 1)
		go func() { stopped <- m.stop() }()
		time.Sleep(time.Second)
		b.leave(m) // the group forgets it
		next := b.start(other, nil)
		time.Sleep(10 * time.Second)
		m.Settle(vs[5:])
		if err := <-stopped; err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		commits.wantNoneBack(t)
		if b.committed(0) != 50 || b.committed(1) != 50 {
			t.Errorf("committed %d and %d, want 50 and 50\n%s", b.committed(0), b.committed(1), b.log)
		}
		if err := next.stop(); err != nil {
			t.Error(err)
		}
	})
}

// leave takes a member out of the group behind its back.
func (b *bench) leave(m *member) {
	b.t.Helper()
	id, _ := m.client.GroupMetadata()
	m.opts.InstanceID = ""
	if err := m.leaveAside(id); err != nil {
		b.t.Fatal(err)
	}
}
