package consumer

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// TestTakingPausesWhileCommitsFail: what is delivered and not committed is sent
// again by the next owner, so a member that cannot commit must not go on for long.
func TestTakingPausesWhileCommitsFail(t *testing.T) {
	for name, fault := range map[string]error{
		"refused by the ACL":           kerr.GroupAuthorizationFailed,
		"the coordinator is away":      kerr.CoordinatorNotAvailable,
		"the coordinator is loading":   kerr.CoordinatorLoadInProgress,
		"the topic is refused":         kerr.TopicAuthorizationFailed,
		"the brokers do not answer it": nil,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newVirtualBench(t, 1, 2)
				var failing atomic.Bool
				failing.Store(true)
				b.cluster.ControlKey(int16(kmsg.OffsetCommit), func(r kmsg.Request) (kmsg.Response, error, bool) {
					b.cluster.KeepControl()
					if !failing.Load() {
						return nil, nil, false
					}
					code, isCode := fault.(*kerr.Error)
					switch {
					case fault == nil:
						b.cluster.SleepControl(func() { time.Sleep(15 * time.Second) })
						return nil, errors.New("too late"), true
					case !isCode:
						return nil, fault, true
					}
					return refusal(r.(*kmsg.OffsetCommitRequest), func(int32) *kerr.Error { return code }), nil, true
				})
				s := newFakeSink(true)
				m := b.start(s, func(o *Options) { o.CommitInterval = time.Second })
				n := 0
				publish := func(seconds int) {
					for range seconds {
						for p := range int32(2) {
							b.publish(p, events("p1", n, n+5)...)
							n += 5
						}
						time.Sleep(time.Second)
					}
				}
				publish(30)
				// A poll that waits when taking pauses still brings what it waits for.
				if sum := m.Tally().Summary(); sum.Taken > 80 {
					t.Errorf("%d of 300 events were taken though no commit has succeeded for 30 s", sum.Taken)
				}
				if !conditionFails(m, "commits") || !m.commits.Pausing() {
					t.Errorf("neither condition nor metric says that taking pauses:\n%s", b.log)
				}
				if err := m.Live(); err != nil {
					t.Errorf("a pause is not a hang: %v", err)
				}
				failing.Store(false)
				time.Sleep(30 * time.Second)
				if got := b.committed(0) + b.committed(1); got != int64(n) {
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

// refusal answers a commit with an error for each partition that of returns one for.
func refusal(req *kmsg.OffsetCommitRequest, of func(int32) *kerr.Error) *kmsg.OffsetCommitResponse {
	resp := req.ResponseKind().(*kmsg.OffsetCommitResponse)
	for _, t := range req.Topics {
		answer := kmsg.NewOffsetCommitResponseTopic()
		answer.Topic, answer.TopicID = t.Topic, t.TopicID
		for _, p := range t.Partitions {
			part := kmsg.NewOffsetCommitResponseTopicPartition()
			part.Partition = p.Partition
			if e := of(p.Partition); e != nil {
				part.ErrorCode = e.Code
			}
			answer.Partitions = append(answer.Partitions, part)
		}
		resp.Topics = append(resp.Topics, answer)
	}
	return resp
}

// TestOnePartitionWhoseCommitsAreRefused: the others go on, and it alone is not
// taken from.
func TestOnePartitionWhoseCommitsAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newVirtualBench(t, 1, 2)
		var failing atomic.Bool
		failing.Store(true)
		b.cluster.ControlKey(int16(kmsg.OffsetCommit), func(r kmsg.Request) (kmsg.Response, error, bool) {
			b.cluster.KeepControl()
			if !failing.Load() {
				return nil, nil, false
			}
			return refusal(r.(*kmsg.OffsetCommitRequest), func(p int32) *kerr.Error {
				if p == 1 {
					return kerr.InvalidCommitOffsetSize
				}
				return nil
			}), nil, true
		})
		s := newFakeSink(true)
		m := b.start(s, func(o *Options) { o.CommitInterval = time.Second })
		for i := range 30 {
			b.publish(0, fmt.Sprintf("p0|e%d", 2*i))
			b.publish(1, fmt.Sprintf("p1|e%d", 2*i+1))
			time.Sleep(time.Second)
		}
		taken := make(map[string]uint64)
		for _, p := range m.Tally().Summary().Profiles {
			taken[p.Profile] = p.Consumed
		}
		if taken["p0"] != 30 || taken["p1"] > 8 {
			t.Errorf("taken %v, want all of p0 and the first few of p1", taken)
		}
		if !conditionFails(m, "commits") {
			t.Error("readiness does not say that commits fail")
		}
		failing.Store(false)
		b.publish(0, "p0|e60") // what was committed of it before, this broker has not kept
		time.Sleep(10 * time.Second)
		sentOnce(t, 61, s)
		if b.committed(0) != 31 || b.committed(1) != 30 {
			t.Errorf("committed %d and %d, want 31 and 30", b.committed(0), b.committed(1))
		}
	})
}

// TestMetadataThatTheBrokersRefuse: with a lower bound than the default, a stuck
// event must not keep the offsets from being committed, or taking would pause.
func TestMetadataThatTheBrokersRefuse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newVirtualBench(t, 1, 1)
		b.cluster.ControlKey(int16(kmsg.OffsetCommit), func(r kmsg.Request) (kmsg.Response, error, bool) {
			b.cluster.KeepControl()
			req := r.(*kmsg.OffsetCommitRequest)
			if *req.Topics[0].Partitions[0].Metadata == "" {
				return nil, nil, false
			}
			return refusal(req, func(int32) *kerr.Error { return kerr.OffsetMetadataTooLarge }), nil, true
		})
		b.publish(0, events("p1", 0, 10)...)
		s := newFakeSink(false)
		m := b.start(s, func(o *Options) { o.CommitInterval = time.Second })
		vs := s.take(10)
		m.Settle(vs[:3])
		m.Settle(vs[5:])
		time.Sleep(10 * time.Second)
		if got := b.committed(0); got != 3 {
			t.Errorf("committed %d, want 3", got)
		}
		if conditionFails(m, "commits") || m.commits.Pausing() {
			t.Error("commits are said to fail")
		}
	})
}
