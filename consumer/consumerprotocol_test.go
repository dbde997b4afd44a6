package consumer

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

// heartbeats calls f with each heartbeat of the consumer protocol, which may answer it.
func (b *bench) heartbeats(f func(*kmsg.ConsumerGroupHeartbeatRequest) *kmsg.ConsumerGroupHeartbeatResponse) {
	b.cluster.ControlKey(int16(kmsg.ConsumerGroupHeartbeat), func(r kmsg.Request) (kmsg.Response, error, bool) {
		b.cluster.KeepControl()
		resp := f(r.(*kmsg.ConsumerGroupHeartbeatRequest))
		return resp, nil, resp != nil
	})
}

// TestACommitOfAnotherEpoch: the brokers refuse a commit because the member has another
// epoch by now. No partition is lost; the member learns its epoch and commits again, also
// when it was about to stop.
func TestACommitOfAnotherEpoch(t *testing.T) {
	for _, code := range []*kerr.Error{kerr.StaleMemberEpoch, kerr.FencedMemberEpoch, kerr.UnknownMemberID} {
		for name, stops := range map[string]bool{"running": false, "stopping": true} {
			t.Run(code.Message+" "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					b := newVirtualBench(t, 1, 2)
					b.protocol = ProtocolConsumer
					b.publish(0, events("p1", 0, 10)...)
					b.publish(1, events("p1", 10, 20)...)
					commits := b.logCommits()
					var refused atomic.Int32
					b.answerCommits(func(req *kmsg.OffsetCommitRequest) (kmsg.Response, error) {
						if refused.Add(1) > 3 {
							return nil, nil
						}
						return refusal(req, func(int32) *kerr.Error { return code }), nil
					})
					s := newFakeSink(true)
					m := b.start(s, func(o *Options) { o.CommitInterval = 2 * time.Second })
					if stops {
						time.Sleep(time.Second)
						if err := m.stop(); err != nil {
							t.Fatal(err)
						}
					} else {
						time.Sleep(10 * time.Second)
						if conditionFails(m, "commits") {
							t.Errorf("commits fail for good: %s", reasonOf(m, "commits"))
						}
					}
					if b.committed(0) != 10 || b.committed(1) != 10 || refused.Load() == 0 {
						t.Errorf("committed %d and %d after %d refusals, want 10 and 10\n%s", b.committed(0), b.committed(1), refused.Load(), b.log)
					}
					if strings.Contains(b.log.String(), "partitions lost") {
						t.Errorf("partitions were lost:\n%s", b.log)
					}
					commits.wantNoneBack(t)
					sentOnce(t, 20, s)
				})
			})
		}
	}
}

// deadMember joins the group and is never heard of again.
func (b *bench) deadMember() {
	b.t.Helper()
	req := kmsg.NewPtrConsumerGroupHeartbeatRequest()
	req.Group, req.MemberID, req.RebalanceTimeoutMillis = group, "dead", 60_000
	req.SubscribedTopicNames, req.Topics = []string{topic}, []kmsg.ConsumerGroupHeartbeatRequestTopic{}
	resp, err := req.RequestWith(b.t.Context(), b.client)
	if err == nil {
		err = kerr.ErrorForCode(resp.ErrorCode)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// TestAJobWhoseFirstAssignmentIsEmpty: the partitions are with a member that was killed,
// and come when its session is over. Until then the job is not at its end.
func TestAJobWhoseFirstAssignmentIsEmpty(t *testing.T) {
	for name, others := range map[string]bool{"alone": false, "leaving others": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newVirtualBench(t, 1, 3)
				b.protocol = ProtocolConsumer
				for p := range int32(3) {
					b.publish(p, events("1", int(p)*10, int(p)*10+10)...)
				}
				b.deadMember()
				s := newFakeSink(true)
				m := b.start(s, func(o *Options) {
					o.Job = &Job{Selection: chosen([]int64{1, 2}, []int64{4}, []int64{0, 9}), LeaveOthers: others}
				})
				time.Sleep(40 * time.Second)
				select {
				case err := <-m.done:
					t.Fatalf("the job ended with %v before it had any partition; delivered %q", err, s.delivered())
				default:
				}
				m.ends(b)
				if got := s.delivered(); len(got) != 5 {
					t.Errorf("delivered %q, want 5", got)
				}
			})
		})
	}
}

// TestAJobBesideOneThatDoesNotEnd: what others have and do not settle is not done, and is
// not called so.
func TestAJobBesideOneThatDoesNotEnd(t *testing.T) {
	for _, protocol := range []Protocol{ProtocolClassic, ProtocolConsumer} {
		t.Run(protocol.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newVirtualBench(t, 1, 2)
				b.protocol = protocol
				b.publish(0, events("1", 0, 10)...)
				b.publish(1, events("1", 10, 20)...)
				job := func(o *Options) { o.Job = &Job{Selection: chosen([]int64{1, 2}, []int64{4, 5})} }
				s1, s2 := newFakeSink(false), newFakeSink(true)
				b.start(s1, job)
				time.Sleep(5 * time.Second)
				m2 := b.start(s2, job)
				var err error
				select {
				case err = <-m2.done:
					m2.done <- nil
				case <-time.After(5 * time.Minute):
				}
				if !errors.Is(err, errElsewhere) {
					t.Errorf("it ended with %v, want %v\n%s", err, errElsewhere, b.log)
				}
			})
		})
	}
}

// TestAMemberThatIsAssignedLater: brokers may tell a member that joins anew of no
// partitions first. What it had in flight goes on when they come.
func TestAMemberThatIsAssignedLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newVirtualBench(t, 1, 1)
		b.protocol = ProtocolConsumer
		b.publish(0, events("p1", 0, 10)...)
		commits := b.logCommits()
		s := newFakeSink(false)
		m := b.start(s, nil)
		vs := s.take(10)
		m.Settle(vs[:3])
		time.Sleep(time.Second)
		var step atomic.Int32
		b.heartbeats(func(req *kmsg.ConsumerGroupHeartbeatRequest) *kmsg.ConsumerGroupHeartbeatResponse {
			resp := req.ResponseKind().(*kmsg.ConsumerGroupHeartbeatResponse)
			resp.MemberID, resp.MemberEpoch, resp.HeartbeatIntervalMillis = &req.MemberID, 1, 5000
			switch step.Add(1) {
			case 1:
				resp.ErrorCode = kerr.FencedMemberEpoch.Code
				return resp
			case 2:
				resp.Assignment = new(kmsg.ConsumerGroupHeartbeatResponseAssignment)
				return resp
			}
			return nil
		})
		time.Sleep(9 * time.Second)
		if step.Load() < 3 || !strings.Contains(b.log.String(), "partitions lost") {
			t.Fatalf("it was not thrown out:\n%s", b.log)
		}
		m.Settle(vs[3:])
		time.Sleep(5 * time.Second)
		if got := b.committed(0); got != 10 {
			t.Errorf("committed %d, want 10\n%s", got, b.log)
		}
		sentOnce(t, 10, s)
		commits.wantNoneBack(t)
	})
}

// TestWhatIsNotAssignedLater: partitions that others have got are fenced long before a
// session is over, for what is in flight is sent by their owners.
func TestWhatIsNotAssignedLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newVirtualBench(t, 1, 1)
		b.protocol = ProtocolConsumer
		b.publish(0, events("p1", 0, 10)...)
		s := newFakeSink(false)
		b.start(s, nil)
		vs := s.take(10)
		time.Sleep(time.Second)
		b.forget()
		b.deadMember() // who comes first
		time.Sleep(30 * time.Second)
		if vs[5].Handle.Owner.Live() {
			t.Errorf("an assignment is live whose partition went to somebody else\n%s", b.log)
		}
		s.acceptFromNowOn()
		time.Sleep(time.Minute)
		if got := b.committed(0); got != 10 {
			t.Errorf("committed %d, want 10 once the other's session is over", got)
		}
	})
}

// TestAStaticMemberThatRestarts: it says under its name that it will be back, and has its
// partitions again at once. Brokers refuse who says so without a name, as franz-go does.
func TestAStaticMemberThatRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newVirtualBench(t, 1, 4)
		b.protocol = ProtocolConsumer
		var named atomic.Int32
		b.heartbeats(func(req *kmsg.ConsumerGroupHeartbeatRequest) *kmsg.ConsumerGroupHeartbeatResponse {
			if req.MemberEpoch == -2 && req.InstanceID == nil {
				resp := req.ResponseKind().(*kmsg.ConsumerGroupHeartbeatResponse)
				resp.ErrorCode = kerr.InvalidRequest.Code
				return resp
			}
			if req.MemberEpoch == -2 {
				named.Add(1)
			}
			return nil
		})
		other := b.start(newFakeSink(true), func(o *Options) { o.InstanceID = "pod-2" })
		for i := range 3 {
			s := newFakeSink(true)
			m := b.start(s, func(o *Options) { o.InstanceID = "pod-1" })
			if i == 0 {
				time.Sleep(20 * time.Second) // for the other to give two up
			}
			time.Sleep(time.Second)
			if len(m.owned()) != 2 || len(other.owned()) != 2 {
				t.Fatalf("after %d restarts they own %d and %d partitions, want 2 and 2\n%s", i, len(m.owned()), len(other.owned()), b.log)
			}
			if err := m.stop(); err != nil {
				t.Fatal(err)
			}
		}
		if named.Load() != 3 || strings.Contains(b.log.String(), "could not leave") {
			t.Errorf("it said %d times that it will be back, want 3\n%s", named.Load(), b.log)
		}
	})
}

// TestBrokersWithoutTheConsumerProtocol: the member joins in the classic one and says so.
func TestBrokersWithoutTheConsumerProtocol(t *testing.T) {
	for name, opts := range map[string][]kfake.Opt{
		"unknown to them": {kfake.MaxVersions(kversion.V3_7_0())},
		"turned off":      nil,
	} {
		t.Run(name, func(t *testing.T) {
			b := newBenchWith(t, 2, opts...)
			b.protocol = ProtocolConsumer
			if opts == nil {
				b.heartbeats(func(req *kmsg.ConsumerGroupHeartbeatRequest) *kmsg.ConsumerGroupHeartbeatResponse {
					resp := req.ResponseKind().(*kmsg.ConsumerGroupHeartbeatResponse)
					resp.ErrorCode = kerr.UnsupportedVersion.Code
					return resp
				})
			}
			b.publish(0, events("p1", 0, 10)...)
			s := newFakeSink(true)
			m := b.start(s, func(o *Options) { o.InstanceID, o.SessionTimeout = "pod-1", 7*time.Second })
			b.eventually("all is committed", func() bool { return b.committed(0) == 10 })
			if got := m.session(); got != 7*time.Second || !strings.Contains(b.log.String(), "do not offer the consumer group protocol") {
				t.Errorf("the session is %s, want the classic one's 7s\n%s", got, b.log)
			}
			if err := m.stop(); err != nil || strings.Contains(b.log.String(), "could not leave") {
				t.Errorf("stopped with %v\n%s", err, b.log)
			}
			sentOnce(t, 10, s)
		})
	}
}

// TestTheBrokersSaySessions: what was lost may come back for as long as the brokers wait
// for a silent member, whatever the classic protocol's setting is.
func TestTheBrokersSaySessions(t *testing.T) {
	for name, c := range map[string]struct {
		says time.Duration
		err  error
		want time.Duration
	}{
		"said":    {90 * time.Second, nil, 90 * time.Second},
		"refused": {0, kerr.ClusterAuthorizationFailed, defaultSession},
		"nothing": {0, nil, defaultSession},
		"away":    {0, errors.New("cut"), defaultSession},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newVirtualBench(t, 1, 1)
				b.protocol = ProtocolConsumer
				var asked atomic.Int32
				m := b.start(newFakeSink(true), func(o *Options) {
					o.SessionTimeout = 6 * time.Second
					o.BrokerSession = func(_ context.Context, _ *kgo.Client, g string) (time.Duration, error) {
						if asked.Add(1); g != group {
							return 0, fmt.Errorf("asked about group %q", g)
						}
						return c.says, c.err
					}
				})
				time.Sleep(time.Minute)
				if got := m.session(); got != c.want || asked.Load() == 0 {
					t.Errorf("the session is %s after %d questions, want %s", got, asked.Load(), c.want)
				}
				if (name == "said" || name == "refused") && asked.Load() != 1 {
					t.Errorf("asked %d times, want once", asked.Load())
				}
			})
		})
	}
}

// TestAMoveBetweenProtocols: members of one protocol stop, those of the other take over,
// and back, and nothing is sent twice. (kfake has no groups of both; see the tests with a
// real Kafka.)
func TestAMoveBetweenProtocols(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newVirtualBench(t, 1, 2)
		commits := b.logCommits()
		var sinks []*fakeSink
		for i, protocol := range []Protocol{ProtocolClassic, ProtocolConsumer, ProtocolClassic, ProtocolConsumer} {
			b.protocol = protocol
			s := newFakeSink(true)
			if i > 0 {
				s.stuck = "held" // what was settled behind one that is held is remembered
			}
			sinks = append(sinks, s)
			m := b.start(s, func(o *Options) { o.Drain = time.Second })
			b.publish(int32(i%2), events("p1", 10*i, 10*i+10)...)
			time.Sleep(5 * time.Second)
			if err := m.stop(); err != nil {
				t.Fatal(err)
			}
		}
		sentOnce(t, 40, sinks...)
		commits.wantNoneBack(t)
		if b.committed(0) != 20 || b.committed(1) != 20 {
			t.Errorf("committed %d and %d, want 20 and 20", b.committed(0), b.committed(1))
		}
	})
}
