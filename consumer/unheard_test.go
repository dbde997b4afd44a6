package consumer

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
	"github.com/tracklayer/amazon-capi/consumer/ledger"
)

// refuseOffsets has the broker refuse to tell the offset of partition 0 while the
// code is not 0, or leave it out if it is -1000.
func (b *bench) refuseOffsets(code *atomic.Int32) {
	b.cluster.ControlKey(int16(kmsg.OffsetFetch), func(r kmsg.Request) (kmsg.Response, error, bool) {
		b.cluster.KeepControl()
		if code.Load() == 0 {
			return nil, nil, false
		}
		req := r.(*kmsg.OffsetFetchRequest)
		resp := req.ResponseKind().(*kmsg.OffsetFetchResponse)
		for _, rg := range req.Groups {
			g := kmsg.NewOffsetFetchResponseGroup()
			g.Group = rg.Group
			for _, rt := range rg.Topics {
				t := kmsg.NewOffsetFetchResponseGroupTopic()
				t.Topic, t.TopicID = rt.Topic, rt.TopicID
				for _, rp := range rt.Partitions {
					p := kmsg.NewOffsetFetchResponseGroupTopicPartition()
					p.Partition, p.Offset = rp, -1
					if rp == 0 {
						p.ErrorCode = int16(code.Load())
					}
					if p.ErrorCode != -1000 {
						t.Partitions = append(t.Partitions, p)
					}
				}
				g.Topics = append(g.Topics, t)
			}
			resp.Groups = append(resp.Groups, g)
		}
		return resp, nil, true
	})
}

// TestOffsetsThatTheGroupRefuses: a partition whose offset the group does not tell is
// not read from anywhere, readiness says so, the others go on, and when the fault is
// over it begins where the group stands, without a rebalance.
func TestOffsetsThatTheGroupRefuses(t *testing.T) {
	for name, fault := range map[string]int32{
		"not authorized": int32(kerr.TopicAuthorizationFailed.Code),
		"unknown error":  -1,
		"no such topic":  int32(kerr.UnknownTopicOrPartition.Code),
		"left out":       -1000,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newVirtualBench(t, 1, 2)
				b.publish(0, events("p1", 0, 10)...)
				b.publish(1, events("p2", 100, 110)...)
				var offsets kadm.Offsets
				offsets.Add(kadm.Offset{Topic: topic, Partition: 0, At: 4, LeaderEpoch: -1})
				if err := b.admin.CommitAllOffsets(t.Context(), group, offsets); err != nil {
					t.Fatal(err)
				}
				var code atomic.Int32
				code.Store(fault)
				b.refuseOffsets(&code)
				s := newFakeSink(true)
				m := b.start(s, nil)
				// Left out, the client itself asks some times first.
				b.eventually("the condition tells", func() bool {
					for _, st := range m.opts.Conditions.States() {
						if st.Name == "position" && !st.OK && strings.Contains(st.Reason, "offset of partition "+topic+"/0") {
							return true
						}
					}
					return false
				})
				b.eventually("the other goes on", func() bool { return s.count("e109") == 1 })
				for i := range 10 {
					if s.count(fmt.Sprintf("e%d", i)) != 0 {
						t.Fatalf("e%d was sent before anybody knew where the group stands", i)
					}
				}
				code.Store(0)
				b.eventually("it goes on", func() bool { return b.committed(0) == 10 && b.committed(1) == 10 })
				for i := range 10 {
					want := 1
					if i < 4 {
						want = 0
					}
					if n := s.count(fmt.Sprintf("e%d", i)); n != want {
						t.Errorf("e%d was sent %d times, want %d", i, n, want)
					}
				}
				b.eventually("readiness is well", func() bool { return !m.opts.Conditions.Failing() })
				if n := strings.Count(b.log.String(), "partitions assigned"); n != 1 {
					t.Errorf("assigned %d times, want 1", n)
				}
			})
		})
	}
}

// TestThrownOutAndNotTold: the group gives a partition back, and does not tell at once
// where it stands. It still goes on where it was.
func TestThrownOutAndNotTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newVirtualBench(t, 1, 1)
		b.publish(0, events("p1", 0, 6)...)
		commits := b.logCommits()
		s := newFakeSink(false)
		m := b.start(s, nil)
		vs := s.take(6)
		m.Settle(vs[:2])
		time.Sleep(time.Second)
		var code atomic.Int32
		code.Store(int32(kerr.TopicAuthorizationFailed.Code))
		b.refuseOffsets(&code)
		b.throwOut(kerr.UnknownMemberID)
		time.Sleep(20 * time.Second)
		b.publish(0, events("p1", 6, 9)...)
		time.Sleep(20 * time.Second)
		if s.count("e6") != 0 || !conditionFails(m, "position") {
			t.Error("it is read though the group has not told where it stands")
		}
		code.Store(0)
		s.acceptFromNowOn()
		m.Settle(vs[2:])
		time.Sleep(20 * time.Second)
		if got := b.committed(0); got != 9 {
			t.Errorf("committed %d, want 9\n%s", got, b.log)
		}
		if sum := m.Tally().Summary(); sum.InFlight() != 0 || sum.Returned != 0 || sum.Taken != 9 {
			t.Errorf("taken %d, in flight %d, returned %d; want 9, 0, 0", sum.Taken, sum.InFlight(), sum.Returned)
		}
		sentOnce(t, 9, s)
		commits.wantNoneBack(t)
	})
}

// TestAnAnswerThatComesTwice: the client's answer and the one that was asked for aside
// may meet. The later one must not begin a partition anew that is being taken.
func TestAnAnswerThatComesTwice(t *testing.T) {
	b := newBench(t, 1)
	b.publish(0, events("p1", 0, 10)...)
	s := newFakeSink(false)
	m := b.start(s, nil)
	vs := s.take(10)
	m.hear(m.client, assignment.Of(topic, 0), assignment.Fetched{Offset: -1})
	m.settleClaim(m.owned()[0], &ledger.Claim{Committed: -1}, ledger.Finding{})
	for _, a := range m.owned() {
		if last, _ := a.Behind(0); a.OpenClaim() != nil || last != 9 {
			t.Errorf("claim %+v, taken to %d; want none, 9", a.OpenClaim(), last)
		}
	}
	m.Settle(vs)
	b.eventually("all is committed", func() bool { return b.committed(0) == 10 })
}

// TestNothingMovesBeforeTheGroupHasSaid: while the group does not say where a partition
// stands, records that retention takes are no news of it. Found by the simulation: they
// were taken for missed, and a commit at the log's start set the group back.
func TestNothingMovesBeforeTheGroupHasSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newVirtualBench(t, 1, 1)
		b.publish(0, events("p1", 0, 10)...)
		var offsets kadm.Offsets
		offsets.Add(kadm.Offset{Topic: topic, Partition: 0, At: 8, LeaderEpoch: -1})
		if err := b.admin.CommitAllOffsets(t.Context(), group, offsets); err != nil {
			t.Fatal(err)
		}
		if err := b.cluster.DeleteRecords(topic, 0, 3); err != nil {
			t.Fatal(err)
		}
		fault := b.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetFetch}, Err: kerr.UnstableOffsetCommit, Count: -1})
		s := newFakeSink(true)
		m := b.start(s, nil)
		time.Sleep(5 * missedEvery)
		if conditionFails(m, "retention") {
			t.Error("records that the group is done with were counted as missed")
		}
		fault.Remove()
		b.eventually("it goes on", func() bool { return b.committed(0) == 10 })
		for i := range 8 {
			if s.count(fmt.Sprintf("e%d", i)) != 0 {
				t.Errorf("e%d was sent again", i)
			}
		}
		if err := m.stop(); err != nil {
			t.Error(err)
		}
	})
}
