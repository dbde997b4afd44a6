package consumer

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
)

// TestWhatIsFoundTooLate: what was found out about an assignment when it had ended, or
// when its claim had been settled, pauses nothing. Found in the simulation: seed 10963.
func TestWhatIsFoundTooLate(t *testing.T) {
	former := func(*assignment.Assignment) *assignment.Assignment {
		return assignment.New(topic, 0, nil, nil)
	}
	current := func(a *assignment.Assignment) *assignment.Assignment { return a }
	for name, tc := range map[string]struct {
		of    func(current *assignment.Assignment) *assignment.Assignment
		found func(m *member, a *assignment.Assignment)
	}{
		"a comparison of a former assignment failed": {former, func(m *member, a *assignment.Assignment) {
			a.Doubt()
			m.hold([]*assignment.Assignment{a}, errors.New("no answer"))
		}},
		"a comparison failed that somebody else has made": {current, func(m *member, a *assignment.Assignment) {
			m.hold([]*assignment.Assignment{a}, errors.New("no answer"))
		}},
		"the commits of a former assignment are refused": {former, func(m *member, a *assignment.Assignment) {
			a.CommitRefused(time.Now(), 0)
			owner{m.Consumer}.Steer(a)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newVirtualBench(t, 1, 1)
				b.publish(0, events("p1", 0, 3)...)
				s := newFakeSink(true)
				m := b.start(s, nil)
				b.eventually("the first are committed", func() bool { return b.committed(0) == 3 })
				m.mu.Lock()
				a := tc.of(m.assignments[assignment.Of(topic, 0)])
				m.mu.Unlock()
				tc.found(m, a)
				b.publish(0, events("p1", 3, 6)...)
				b.eventually("the others are committed", func() bool { return b.committed(0) == 6 })
				b.eventually("readiness is well", func() bool { return !m.opts.Conditions.Failing() })
			})
		})
	}
}

// TestCommitOfFormerAssignment: a commit that was taken for a former assignment resumes
// nothing of one whose claim is open.
func TestCommitOfFormerAssignment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newVirtualBench(t, 1, 1)
		b.publish(0, events("p1", 0, 3)...)
		m := b.start(newFakeSink(true), nil)
		b.eventually("the first are committed", func() bool { return b.committed(0) == 3 })
		former := assignment.New(topic, 0, nil, nil)
		former.CommitRefused(time.Now(), 0)
		m.mu.Lock()
		m.assignments[assignment.Of(topic, 0)].Await()
		m.steer(m.assignments[assignment.Of(topic, 0)])
		m.mu.Unlock()
		former.CommitTaken()
		owner{m.Consumer}.Steer(former)
		if len(m.client.PauseFetchPartitions(nil)[topic]) != 1 {
			t.Error("the partition is fetched before anybody knows where it stands")
		}
		m.doubts <- struct{}{}
		b.publish(0, events("p1", 3, 6)...)
		b.eventually("the others are committed", func() bool { return b.committed(0) == 6 })
	})
}
