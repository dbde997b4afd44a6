package consumer

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// These tests have the broker misbehave through kfake's control hooks.

// committedOffsets are what a commit request says of the topic, by partition.
func committedOffsets(req *kmsg.OffsetCommitRequest) map[int32]int64 {
	out := make(map[int32]int64)
	for _, t := range req.Topics {
		for _, p := range t.Partitions {
			out[p.Partition] = p.Offset
		}
	}
	return out
}

// refuseCommits answers commits with an error as long as refuse says so.
func (b *bench) refuseCommits(refuse func() error) {
	b.cluster.ControlKey(int16(kmsg.OffsetCommit), func(r kmsg.Request) (kmsg.Response, error, bool) {
		b.cluster.KeepControl()
		err := refuse()
		if err == nil {
			return nil, nil, false
		}
		req := r.(*kmsg.OffsetCommitRequest)
		resp := req.ResponseKind().(*kmsg.OffsetCommitResponse)
		for _, t := range req.Topics {
			answer := kmsg.NewOffsetCommitResponseTopic()
			answer.Topic, answer.TopicID = t.Topic, t.TopicID
			for _, p := range t.Partitions {
				part := kmsg.NewOffsetCommitResponseTopicPartition()
				part.Partition, part.ErrorCode = p.Partition, err.(*kerr.Error).Code
				answer.Partitions = append(answer.Partitions, part)
			}
			resp.Topics = append(resp.Topics, answer)
		}
		return resp, nil, true
	})
}

// TestCommitsThatAreRefused: what the brokers do not take is committed later, and
// readiness says so meanwhile.
func TestCommitsThatAreRefused(t *testing.T) {
	for _, refusal := range []*kerr.Error{kerr.GroupAuthorizationFailed, kerr.RebalanceInProgress, kerr.OffsetMetadataTooLarge} {
		t.Run(refusal.Message, func(t *testing.T) {
			b := newBench(t, 1)
			var mu sync.Mutex
			var fault error = refusal
			refused := 0
			b.refuseCommits(func() error {
				mu.Lock()
				defer mu.Unlock()
				if fault != nil {
					refused++
				}
				return fault
			})
			b.publish(0, events("p1", 0, 5)...)
			m := b.start(newFakeSink(true), nil)
			b.eventually("readiness says that commits fail", func() bool { return conditionFails(m, "commits") })
			b.eventually("it is tried again", func() bool {
				mu.Lock()
				defer mu.Unlock()
				return refused > 2
			})
			if got := b.committed(0); got != -1 {
				t.Errorf("committed %d though it was refused", got)
			}
			mu.Lock()
			fault = nil
			mu.Unlock()
			b.eventually("it is committed", func() bool { return b.committed(0) == 5 })
			b.eventually("readiness is well again", func() bool { return !conditionFails(m, "commits") })
		})
	}
}

// TestASlowCommitIsNotOvertaken: a commit that the brokers take long over is
// under way when a member stops; the last one waits for it, and none goes back.
func TestASlowCommitIsNotOvertaken(t *testing.T) {
	b := newBench(t, 1)
	var mu sync.Mutex
	var seen []int64
	slow, going := make(chan struct{}), make(chan struct{})
	first := true
	b.cluster.ControlKey(int16(kmsg.OffsetCommit), func(r kmsg.Request) (kmsg.Response, error, bool) {
		b.cluster.KeepControl()
		mu.Lock()
		wait := first
		first = false
		mu.Unlock()
		if wait {
			close(slow)
			b.cluster.SleepControl(func() { <-going })
		}
		mu.Lock()
		seen = append(seen, committedOffsets(r.(*kmsg.OffsetCommitRequest))[0])
		mu.Unlock()
		return nil, nil, false
	})
	b.publish(0, events("p1", 0, 10)...)
	s := newFakeSink(false)
	m := b.start(s, nil)
	vs := s.take(10)
	m.Settle(vs[:4])
	<-slow
	m.Settle(vs[4:])
	stopped := make(chan error, 1)
	go func() { stopped <- m.stop() }()
	b.eventually("it is stopping", func() bool { return m.activity.state.Load() == stopping })
	select {
	case <-stopped:
		t.Error("it stopped before its commit was answered")
	case <-time.After(50 * time.Millisecond):
	}
	close(going)
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
	if got := b.committed(0); got != 10 {
		t.Errorf("committed %d, want 10", got)
	}
	mu.Lock()
	defer mu.Unlock()
	if !slices.IsSorted(seen) || seen[0] != 4 {
		t.Errorf("commits of %v, want from 4 on and none that goes back", seen)
	}
}

// TestFetchesThatFail: a partition that cannot be read is in readiness by its
// name, and is read when it can be.
func TestFetchesThatFail(t *testing.T) { synctest.Test(t, testFetchesThatFail) }

func testFetchesThatFail(t *testing.T) {
	b := newVirtualBench(t, 1, 1)
	var mu sync.Mutex
	failing := true
	b.cluster.ControlKey(int16(kmsg.Fetch), func(r kmsg.Request) (kmsg.Response, error, bool) {
		b.cluster.KeepControl()
		mu.Lock()
		defer mu.Unlock()
		req := r.(*kmsg.FetchRequest)
		if !failing || len(req.Topics) == 0 {
			return nil, nil, false
		}
		resp := req.ResponseKind().(*kmsg.FetchResponse)
		for _, t := range req.Topics {
			answer := kmsg.NewFetchResponseTopic()
			answer.Topic, answer.TopicID = t.Topic, t.TopicID
			for _, p := range t.Partitions {
				part := kmsg.NewFetchResponseTopicPartition()
				part.Partition, part.ErrorCode = p.Partition, kerr.TopicAuthorizationFailed.Code
				answer.Partitions = append(answer.Partitions, part)
			}
			resp.Topics = append(resp.Topics, answer)
		}
		return resp, nil, true
	})
	b.publish(0, events("p1", 0, 3)...)
	m := b.start(newFakeSink(true), nil)
	b.eventually("readiness says what cannot be read", func() bool { return conditionFails(m, "fetch") })
	mu.Lock()
	failing = false
	mu.Unlock()
	b.eventually("all is committed", func() bool { return b.committed(0) == 3 })
	b.eventually("readiness is well again", func() bool { return !conditionFails(m, "fetch") })
}
