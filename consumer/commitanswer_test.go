package consumer

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
)

// answerCommits has commits answered by the function as long as it gives an answer or an
// error; of what it gives neither for, the broker takes care.
func (b *bench) answerCommits(answer func(*kmsg.OffsetCommitRequest) (kmsg.Response, error)) {
	b.cluster.ControlKey(int16(kmsg.OffsetCommit), func(r kmsg.Request) (kmsg.Response, error, bool) {
		b.cluster.KeepControl()
		resp, err := answer(r.(*kmsg.OffsetCommitRequest))
		return resp, err, resp != nil || err != nil
	})
}

// TestAnAnswerThatLeavesAPartitionOut: what a commit's answer does not mention is not
// committed, and must not pass for it: taking would go on, or pause without a word.
func TestAnAnswerThatLeavesAPartitionOut(t *testing.T) {
	for name, cut := range map[string]func(*kmsg.OffsetCommitResponse){
		"all of it":     func(r *kmsg.OffsetCommitResponse) { r.Topics = nil },
		"no partitions": func(r *kmsg.OffsetCommitResponse) { r.Topics[0].Partitions = nil },
		"one": func(r *kmsg.OffsetCommitResponse) {
			for i, p := range r.Topics[0].Partitions {
				if p.Partition == 1 {
					r.Topics[0].Partitions = append(r.Topics[0].Partitions[:i], r.Topics[0].Partitions[i+1:]...)
					return
				}
			}
		},
		"another instead": func(r *kmsg.OffsetCommitResponse) {
			for i := range r.Topics[0].Partitions {
				r.Topics[0].Partitions[i].Partition += 7
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newVirtualBench(t, 1, 2)
				var failing atomic.Bool
				failing.Store(true)
				b.answerCommits(func(req *kmsg.OffsetCommitRequest) (kmsg.Response, error) {
					if !failing.Load() {
						return nil, nil
					}
					resp := refusal(req, func(int32) *kerr.Error { return nil })
					cut(resp)
					return resp, nil
				})
				s := newFakeSink(true)
				m := b.start(s, func(o *Options) { o.CommitInterval = time.Second })
				n := 0
				for range 30 {
					b.publish(1, events("p1", n, n+5)...)
					n += 5
					time.Sleep(time.Second)
				}
				if sum := m.Tally().Summary(); sum.Taken > 40 {
					t.Errorf("%d of %d events were taken though no commit of theirs has been answered for 30 s", sum.Taken, n)
				}
				if !conditionFails(m, "commits") {
					t.Error("readiness does not say that commits fail")
				}
				failing.Store(false)
				time.Sleep(30 * time.Second)
				if got := b.committed(1); got != int64(n) {
					t.Errorf("committed %d of %d after the fault", got, n)
				}
				if conditionFails(m, "commits") || m.commits.Pausing() {
					t.Errorf("taking is said to pause after the fault:\n%s", b.log)
				}
				sentOnce(t, n, s)
			})
		})
	}
}

// TestTheLastCommitIsTriedAgain: what goes wrong with a commit and may go right a moment
// later must not cost that all since the one before is sent again.
func TestTheLastCommitIsTriedAgain(t *testing.T) {
	code := func(e *kerr.Error, of ...int32) func(*bench, *atomic.Int32) {
		return func(b *bench, _ *atomic.Int32) {
			b.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetCommit}, Partitions: of, Err: e, Count: 2})
		}
	}
	answer := func(answer func(*bench, *kmsg.OffsetCommitRequest) (kmsg.Response, error)) func(*bench, *atomic.Int32) {
		return func(b *bench, left *atomic.Int32) {
			left.Store(2)
			b.answerCommits(func(req *kmsg.OffsetCommitRequest) (kmsg.Response, error) {
				if left.Add(-1) < 0 {
					return nil, nil
				}
				return answer(b, req)
			})
		}
	}
	for name, fault := range map[string]func(*bench, *atomic.Int32){
		"the group rebalances":         code(kerr.RebalanceInProgress),
		"of one partition":             code(kerr.RebalanceInProgress, 1),
		"one is with another broker":   code(kerr.NotCoordinator, 1),
		"one is loading":               code(kerr.CoordinatorLoadInProgress, 1),
		"one timed out":                code(kerr.NetworkException, 1),
		"one by an unknown error":      code(kerr.UnknownServerError, 1),
		"one of an earlier generation": code(kerr.IllegalGeneration, 1),
		"the connection breaks": answer(func(*bench, *kmsg.OffsetCommitRequest) (kmsg.Response, error) {
			return nil, errors.New("cut")
		}),
		"all are left out of the answer": answer(func(_ *bench, req *kmsg.OffsetCommitRequest) (kmsg.Response, error) {
			return req.ResponseKind(), nil
		}),
		"the coordinator moves": answer(func(b *bench, req *kmsg.OffsetCommitRequest) (kmsg.Response, error) {
			go b.cluster.RehashCoordinators()
			return nil, errors.New("cut")
		}),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newVirtualBench(t, 3, 2)
				for p := range int32(2) {
					b.publish(p, events("p1", int(p)*10, int(p)*10+10)...)
				}
				commits := b.logCommits()
				s := newFakeSink(true)
				m := b.start(s, func(o *Options) { o.CommitInterval = time.Hour })
				time.Sleep(5 * time.Second)
				fault(b, new(atomic.Int32))
				began := time.Now()
				if err := m.stop(); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(began); took > 15*time.Second {
					t.Errorf("the stop took %s", took)
				}
				if b.committed(0) != 10 || b.committed(1) != 10 {
					t.Errorf("committed %d and %d at the stop, want 10 and 10\n%s", b.committed(0), b.committed(1), b.log)
				}
				after := newFakeSink(true)
				next := b.start(after, nil)
				time.Sleep(10 * time.Second)
				sentOnce(t, 20, s, after)
				commits.wantNoneBack(t)
				if err := next.stop(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// TestALastCommitThatIsRefusedForGood: then nobody waits for another answer.
func TestALastCommitThatIsRefusedForGood(t *testing.T) {
	for _, code := range []*kerr.Error{kerr.GroupAuthorizationFailed, kerr.TopicAuthorizationFailed, kerr.UnknownMemberID, kerr.FencedInstanceID, kerr.InvalidCommitOffsetSize} {
		t.Run(code.Message, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newVirtualBench(t, 1, 1)
				b.publish(0, events("p1", 0, 10)...)
				m := b.start(newFakeSink(true), func(o *Options) { o.CommitInterval = time.Hour })
				time.Sleep(5 * time.Second)
				var asked atomic.Int32
				b.answerCommits(func(req *kmsg.OffsetCommitRequest) (kmsg.Response, error) {
					asked.Add(1)
					return refusal(req, func(int32) *kerr.Error { return code }), nil
				})
				began := time.Now()
				if err := m.stop(); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(began); took > 3*time.Second || asked.Load() > 1 {
					t.Errorf("the stop took %s and asked %d times", took, asked.Load())
				}
			})
		})
	}
}

// TestACommitWhoseAnswerIsLost: the group may hold it all the same. A member that is
// thrown out then still goes on where it was.
func TestACommitWhoseAnswerIsLost(t *testing.T) {
	b := newBench(t, 2) // not in virtual time: the client waits with a mutex
	for p := range int32(2) {
		b.publish(p, events("p1", int(p)*10, int(p)*10+10)...)
	}
	s := newFakeSink(false)
	m := b.start(s, nil)
	vs := s.take(20)
	m.Settle(vs[:3])
	b.eventually("it is committed", func() bool { return b.committed(0)+b.committed(1) >= 2 })
	var lost, again atomic.Bool
	lost.Store(true)
	b.answerCommits(func(req *kmsg.OffsetCommitRequest) (kmsg.Response, error) {
		if !lost.Load() || again.CompareAndSwap(true, false) {
			return nil, nil
		}
		again.Store(true)
		go b.commitLike(req) // it is taken
		return nil, errors.New("cut")
	})
	before := b.committed(0) + b.committed(1)
	m.Settle(vs[3:7])
	m.Settle(vs[9:12])
	b.eventually("it is taken all the same", func() bool { return b.committed(0)+b.committed(1) > before })
	b.throwOut(kerr.UnknownMemberID)
	b.eventually("it is out", func() bool { return strings.Contains(b.log.String(), "partitions lost") })
	lost.Store(false)
	m.Settle(vs[7:9])
	m.Settle(vs[12:])
	s.acceptFromNowOn()
	b.eventually("all is committed", func() bool { return b.committed(0) == 10 && b.committed(1) == 10 })
	sentOnce(t, 20, s)
}

// commitLike has the broker take a commit that it did not answer.
func (b *bench) commitLike(req *kmsg.OffsetCommitRequest) {
	like := *req
	_, _ = like.RequestWith(b.t.Context(), b.client)
}

// TestAPartitionThatComesBackWhileItsCommitsAreRefused: it is not taken from, also
// when it was lost and found in between, or its log was looked at.
func TestAPartitionThatComesBackWhileItsCommitsAreRefused(t *testing.T) {
	for name, disturb := range map[string]func(*bench, *member){
		"thrown out": func(b *bench, _ *member) { b.throwOut(kerr.UnknownMemberID) },
		"doubted": func(_ *bench, m *member) {
			m.mu.Lock()
			m.doubt(m.assignments[assignment.Of(topic, 1)])
			m.mu.Unlock()
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newVirtualBench(t, 1, 2)
				refused := b.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetCommit}, Partitions: []int32{1}, Err: kerr.InvalidCommitOffsetSize, Count: -1})
				s := newFakeSink(true)
				m := b.start(s, func(o *Options) { o.CommitInterval = time.Second })
				n := 0
				publish := func(seconds int) {
					for range seconds {
						b.publish(0, events("p0", n, n+1)...)
						b.publish(1, events("p1", n+1, n+2)...)
						n += 2
						time.Sleep(time.Second)
					}
				}
				publish(10)
				disturb(b, m)
				publish(30)
				taken := make(map[string]uint64)
				for _, p := range m.Tally().Summary().Profiles {
					taken[p.Profile] = p.Consumed
				}
				if taken["p1"] > 15 {
					t.Errorf("taken %v, want a few of p1 after either", taken)
				}
				refused.Remove()
				publish(5)
				time.Sleep(30 * time.Second)
				sentOnce(t, n, s)
				if b.committed(0) != 45 || b.committed(1) != 45 {
					t.Errorf("committed %d and %d, want 45 and 45\n%s", b.committed(0), b.committed(1), b.log)
				}
			})
		})
	}
}
