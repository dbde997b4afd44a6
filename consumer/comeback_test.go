package consumer

import (
	"errors"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
)

// throwOut has the next heartbeat answered with an error.
func (b *bench) throwOut(how *kerr.Error) {
	if b.protocol == ProtocolConsumer {
		if how == kerr.IllegalGeneration {
			how = kerr.FencedMemberEpoch // which is the same to a member of that protocol
		}
		if how == kerr.UnknownMemberID {
			b.forget() // or its partitions would wait for a member that there is not any more
		}
		b.cluster.ControlKey(int16(kmsg.ConsumerGroupHeartbeat), func(r kmsg.Request) (kmsg.Response, error, bool) {
			resp := r.ResponseKind().(*kmsg.ConsumerGroupHeartbeatResponse)
			resp.ErrorCode = how.Code
			return resp, nil, true
		})
		return
	}
	b.cluster.ControlKey(int16(kmsg.Heartbeat), func(r kmsg.Request) (kmsg.Response, error, bool) {
		resp := r.ResponseKind().(*kmsg.HeartbeatResponse)
		resp.ErrorCode = how.Code
		return resp, nil, true
	})
}

// forget takes all members of the consumer protocol out of the group.
func (b *bench) forget() {
	for _, m := range b.cluster.GroupInfo(group).Members {
		req := kmsg.NewPtrConsumerGroupHeartbeatRequest()
		req.Group, req.MemberID, req.MemberEpoch = group, m.MemberID, -1
		// Straight to the only broker: where the coordinator is may not be told.
		if _, err := req.RequestWith(b.t.Context(), b.client.Broker(0)); err != nil {
			b.t.Error(err)
		}
	}
}

// TestThrownOutOfTheGroup: a member that the group does not know any more joins
// again. If nobody has committed in between, what it has in flight counts and is not
// sent again.
func TestThrownOutOfTheGroup(t *testing.T) {
	for _, how := range []*kerr.Error{kerr.UnknownMemberID, kerr.IllegalGeneration, kerr.FencedInstanceID} {
		t.Run(how.Message, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newVirtualBench(t, 1, 1)
				b.publish(0, events("p1", 0, 6)...)
				commits := b.logCommits()
				s := newFakeSink(false)
				m := b.start(s, nil)
				vs := s.take(6)
				m.Settle(vs[:2])
				time.Sleep(time.Second)
				b.throwOut(how)
				time.Sleep(5 * time.Second)
				b.publish(0, events("p1", 6, 9)...)
				s.acceptFromNowOn()
				m.Settle(vs[2:])
				time.Sleep(5 * time.Second)
				if got := b.committed(0); got != 9 {
					t.Errorf("committed %d, want 9\n%s", got, b.log)
				}
				if !strings.Contains(b.log.String(), "partitions lost") || conditionFails(m, "assignment") {
					t.Errorf("nothing was lost, or it is lost for good:\n%s", b.log)
				}
				if sum := m.Tally().Summary(); sum.InFlight() != 0 || sum.Returned != 0 || sum.Taken != 9 {
					t.Errorf("taken %d, in flight %d, returned %d; want 9, 0, 0", sum.Taken, sum.InFlight(), sum.Returned)
				}
				sentOnce(t, 9, s)
				commits.wantNoneBack(t)
			})
		})
	}
}

// TestSomebodyHasCommittedSince: then another member has had the partition, and
// verdicts for what this one had before change nothing.
func TestSomebodyHasCommittedSince(t *testing.T) {
	text := "1.x"
	for name, answer := range map[string]assignment.Fetched{
		"further":         {Offset: 4},
		"other metadata":  {Offset: 2, Metadata: &text},
		"back":            {Offset: 1},
		"offsets expired": {Offset: -1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newVirtualBench(t, 1, 1)
				b.publish(0, events("p1", 0, 6)...)
				s := newFakeSink(false)
				m := b.start(s, nil)
				before := s.take(6)
				m.Settle(before[:2])
				time.Sleep(time.Second)
				b.cluster.ControlKey(int16(kmsg.OffsetFetch), func(r kmsg.Request) (kmsg.Response, error, bool) {
					req := r.(*kmsg.OffsetFetchRequest)
					resp := req.ResponseKind().(*kmsg.OffsetFetchResponse)
					g := kmsg.NewOffsetFetchResponseGroup()
					g.Group = group
					for _, t := range req.Groups[0].Topics {
						rt := kmsg.NewOffsetFetchResponseGroupTopic()
						rt.Topic, rt.TopicID = t.Topic, t.TopicID
						p := kmsg.NewOffsetFetchResponseGroupTopicPartition()
						p.Offset, p.Metadata, p.LeaderEpoch = answer.Offset, answer.Metadata, -1
						rt.Partitions = append(rt.Partitions, p)
						g.Topics = append(g.Topics, rt)
					}
					resp.Groups = append(resp.Groups, g)
					return resp, nil, true
				})
				b.throwOut(kerr.UnknownMemberID)
				time.Sleep(5 * time.Second)
				if before[5].Handle.Owner.Live() {
					t.Error("an assignment is live that another member has had since")
				}
				m.Settle(before[2:])
				from := max(answer.Offset, 0)
				after := s.take(int(6 - from))
				if sum := m.Tally().Summary(); sum.Returned != 4 || int64(sum.InFlight()) != 6-from {
					t.Errorf("returned %d, in flight %d; want 4 and %d", sum.Returned, sum.InFlight(), 6-from)
				}
				if got := b.committed(0); got != 2 {
					t.Errorf("committed %d by verdicts of an assignment that had ended, want 2", got)
				}
				m.Settle(after)
				time.Sleep(time.Second)
				if got := b.committed(0); got != 6 {
					t.Errorf("committed %d, want 6", got)
				}
			})
		})
	}
}

// cutOff has every request about the group cut while away says so.
func (b *bench) cutOff(away *atomic.Bool) {
	for _, key := range []kmsg.Key{kmsg.Heartbeat, kmsg.ConsumerGroupHeartbeat, kmsg.JoinGroup, kmsg.SyncGroup, kmsg.OffsetCommit, kmsg.OffsetFetch, kmsg.FindCoordinator} {
		b.cluster.ControlKey(int16(key), func(r kmsg.Request) (kmsg.Response, error, bool) {
			b.cluster.KeepControl()
			if hb, ok := r.(*kmsg.ConsumerGroupHeartbeatRequest); away.Load() && (!ok || hb.MemberEpoch >= 0) {
				return nil, errors.New("cut"), true
			}
			return nil, nil, false
		})
	}
}

// TestACoordinatorThatIsAway: events go on in flight meanwhile, and none is sent
// twice, as long as nobody else can have got the partitions.
func TestACoordinatorThatIsAway(t *testing.T) {
	for name, tc := range map[string]struct {
		away  time.Duration
		twice int // that were in flight when the session ended
	}{
		"for seconds":      {10 * time.Second, 0},
		"beyond a session": {2 * time.Minute, 10},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newVirtualBench(t, 1, 2)
				var away atomic.Bool
				b.cutOff(&away)
				commits := b.logCommits()
				s := newFakeSink(false)
				m := b.start(s, func(o *Options) { o.CommitInterval = time.Second })
				b.publish(0, events("p1", 0, 100)...)
				b.publish(1, events("p1", 100, 200)...)
				vs := s.take(200)
				m.Settle(vs[:20])
				time.Sleep(2 * time.Second)
				away.Store(true)
				m.Settle(vs[20:100])
				time.Sleep(2 * time.Second)
				b.throwOut(kerr.UnknownMemberID) // or the client would try for longer than this lasts
				time.Sleep(5 * time.Second)
				m.Settle(vs[100:190]) // with the partitions lost
				time.Sleep(tc.away - 7*time.Second)
				away.Store(false)
				time.Sleep(20 * time.Second)
				m.Settle(vs[190:])
				s.acceptFromNowOn()
				time.Sleep(10 * time.Second)
				twice := 0
				for i := range 200 {
					if n := s.count("e" + strconv.Itoa(i)); n == 2 {
						twice++
					} else if n != 1 {
						t.Fatalf("e%d was sent %d times", i, n)
					}
				}
				if twice != tc.twice {
					t.Errorf("%d events were sent twice, want %d\n%s", twice, tc.twice, b.log)
				}
				if b.committed(0) != 100 || b.committed(1) != 100 {
					t.Errorf("committed %d and %d, want 100 and 100", b.committed(0), b.committed(1))
				}
				commits.wantNoneBack(t)
				m.checkSum(t.Context())
				if conditionFails(m, "sum") {
					t.Error("the sum does not hold")
				}
			})
		})
	}
}

// falsify has an assignment remember other records than it has taken, as if the log had
// been written anew. No broker that tests can have does that to one record.
func falsify(a *assignment.Assignment) {
	mu := (*sync.Mutex)(reflect.ValueOf(a).Elem().FieldByName("mu").Addr().UnsafePointer())
	mu.Lock()
	defer mu.Unlock()
	v := reflect.ValueOf(a).Elem().FieldByName("witnesses")
	for i := range v.Len() {
		*(*uint64)(v.Index(i).FieldByName("Print").Addr().UnsafePointer())++
	}
}

// TestALogThatIsNotTheSame: a broker that comes back without the end of its log may
// have other records at those offsets, and none of them may be passed over.
func TestALogThatIsNotTheSame(t *testing.T) {
	for name, session := range map[string]time.Duration{"at once": 45 * time.Second, "after a session": 10 * time.Second} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newVirtualBench(t, 1, 1)
				b.publish(0, events("p1", 0, 10)...)
				s := newFakeSink(false)
				m := b.start(s, func(o *Options) { o.SessionTimeout = session })
				vs := s.take(10)
				m.Settle(vs[:2])
				time.Sleep(time.Second)
				var away atomic.Bool
				b.cutOff(&away)
				away.Store(true)
				b.throwOut(kerr.UnknownMemberID)
				time.Sleep(2 * time.Second)
				m.Settle(vs[2:8])
				for _, a := range m.living() {
					falsify(a)
				}
				time.Sleep(18 * time.Second)
				away.Store(false)
				// Refused until now, the client is within a pause of fifteen seconds, and may be
				// told only after it that the group has forgotten it, for another such pause.
				time.Sleep(40 * time.Second)
				s.acceptFromNowOn()
				time.Sleep(5 * time.Second)
				for i := range 10 {
					// From the start: it is not known from where on the log is another.
					if n := s.count("e" + strconv.Itoa(i)); n != 2 {
						t.Errorf("e%d was sent %d times, want 2", i, n)
					}
				}
				if got := b.committed(0); got != 10 {
					t.Errorf("committed %d, want 10\n%s", got, b.log)
				}
			})
		})
	}
}

// TestAPartitionThatIsLostToAnother: it is fenced when the group gives it to
// somebody else, and at a stop.
func TestAPartitionThatIsLostToAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newVirtualBench(t, 1, 1)
		b.publish(0, events("p1", 0, 10)...)
		s := newFakeSink(false)
		m := b.start(s, nil)
		vs := s.take(10)
		m.Settle(vs[:2])
		time.Sleep(time.Second)
		m.onLost(t.Context(), m.client, map[string][]int32{topic: {0}})
		if a := m.living()[0]; !a.Suspended() || len(m.owned()) != 0 {
			t.Fatal("what was lost is not suspended")
		}
		m.onAssigned(t.Context(), m.client, nil)
		if vs[5].Handle.Owner.Live() || len(m.living()) != 0 {
			t.Error("an assignment is live whose partition went to somebody else")
		}
	})
	synctest.Test(t, func(t *testing.T) {
		b := newVirtualBench(t, 1, 1)
		b.publish(0, events("p1", 0, 10)...)
		s := newFakeSink(false)
		m := b.start(s, nil)
		vs := s.take(10)
		m.onLost(t.Context(), m.client, map[string][]int32{topic: {0}})
		if err := m.stop(); err != nil {
			t.Fatal(err)
		}
		if vs[5].Handle.Owner.Live() || b.committed(0) != -1 {
			t.Error("what was lost is live after a stop, or was committed")
		}
	})
}

// TestSessionsThatAddNothing: the client may begin many sessions in a second, and only what
// changes an assignment is news.
func TestSessionsThatAddNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newVirtualBench(t, 1, 1)
		b.publish(0, events("p1", 0, 1)...)
		s := newFakeSink(false)
		m := b.start(s, nil)
		s.take(1)
		for range 5 {
			m.onAssigned(t.Context(), m.client, nil)
		}
		told := 0
		for line := range strings.Lines(b.log.String()) {
			if strings.Contains(line, `"level":"info"`) && strings.Contains(line, "partitions assigned") {
				told++
			}
		}
		if told != 1 {
			t.Errorf("an assignment is told %d times, want once\n%s", told, b.log)
		}
	})
}
