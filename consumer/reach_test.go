package consumer

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
)

// failListing has ListOffsets answered with an error, by those brokers that the
// function names.
func (b *bench) failListing(fault func(node int32) error) {
	b.cluster.ControlKey(int16(kmsg.ListOffsets), func(r kmsg.Request) (kmsg.Response, error, bool) {
		b.cluster.KeepControl()
		err := fault(b.cluster.CurrentNode())
		if err == nil {
			return nil, nil, false
		}
		code, isCode := err.(*kerr.Error)
		if !isCode {
			return nil, err, true
		}
		req := r.(*kmsg.ListOffsetsRequest)
		resp := req.ResponseKind().(*kmsg.ListOffsetsResponse)
		for _, t := range req.Topics {
			answer := kmsg.NewListOffsetsResponseTopic()
			answer.Topic = t.Topic
			for _, p := range t.Partitions {
				part := kmsg.NewListOffsetsResponseTopicPartition()
				part.Partition, part.ErrorCode = p.Partition, code.Code
				answer.Partitions = append(answer.Partitions, part)
			}
			resp.Topics = append(resp.Topics, answer)
		}
		return resp, nil, true
	})
}

func reasonOf(m *member, name string) string {
	for _, st := range m.opts.Conditions.States() {
		if st.Name == name {
			return st.Reason
		}
	}
	return ""
}

// TestABrokerThatDoesNotAnswer: events flow, so readiness does not fail at once, and
// when it does it says where.
func TestABrokerThatDoesNotAnswer(t *testing.T) {
	for _, fault := range []error{
		kerr.OffsetNotAvailable, kerr.LeaderNotAvailable, kerr.NotLeaderForPartition, kerr.ReplicaNotAvailable,
		kerr.PreferredLeaderNotAvailable, kerr.CoordinatorNotAvailable, kerr.UnknownServerError, errors.New("cut"),
	} {
		t.Run(fault.Error(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newVirtualBench(t, 3, 6)
				for p := range int32(6) {
					if err := b.cluster.MoveTopicPartition(topic, p, p%3); err != nil {
						t.Fatal(err)
					}
				}
				var failing atomic.Bool
				b.failListing(func(node int32) error {
					if failing.Load() && node == 1 {
						return fault
					}
					return nil
				})
				m := b.start(newFakeSink(false), func(o *Options) { o.Drain = -1 })
				time.Sleep(time.Minute)
				failing.Store(true)
				if kerr.IsRetriable(fault) || !errors.As(fault, new(*kerr.Error)) {
					for range 15 {
						time.Sleep(time.Second)
						if why := reasonOf(m, "brokers") + reasonOf(m, "topic"); why != "" {
							t.Fatalf("readiness fails within 15 s: %s", why)
						}
					}
				}
				for p := range int32(6) {
					if b.cluster.LeaderFor(topic, p) != 1 {
						b.publish(p, "p1|x", "p1|y")
						time.Sleep(30 * time.Second)
						for _, a := range m.owned() {
							// None has a verdict, so the lag is the partition's end.
							if l, known := a.Lag(time.Now()); a.Partition() == p && (!known || l.Records != 2) {
								t.Errorf("partition %d: its end is %d, want 2: a part of the answers was there", p, l.Records)
							}
						}
						break
					}
				}
				time.Sleep(time.Minute)
				if why := reasonOf(m, "topic"); !strings.Contains(why, "partition ") || reasonOf(m, "brokers") != "" {
					t.Errorf("after minutes readiness says brokers %q, topic %q; want the partitions", reasonOf(m, "brokers"), why)
				}
				failing.Store(false)
				time.Sleep(30 * time.Second)
				if why := reasonOf(m, "brokers") + reasonOf(m, "topic"); why != "" {
					t.Errorf("readiness fails after the fault: %s", why)
				}
			})
		})
	}
}

// TestAFetchFaultThatIsOver: it ends by evidence, also of a partition that is idle
// and where the error named none.
func TestAFetchFaultThatIsOver(t *testing.T) {
	for name, tc := range map[string]struct {
		tp  assignment.TopicPartition
		err error
	}{
		"idle":         {assignment.Of(topic, 0), kerr.TopicAuthorizationFailed},
		"no partition": {assignment.TopicPartition{}, errors.New("unable to do something")},
		"late":         {assignment.TopicPartition{}, &kgo.ErrGroupSession{Err: kerr.UnknownMemberID}},
		"gone":         {assignment.Of(topic, 7), kerr.TopicAuthorizationFailed},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newVirtualBench(t, 1, 1)
				m := b.start(newFakeSink(true), nil)
				time.Sleep(5 * time.Second)
				for range 5 {
					m.mu.Lock()
					m.fetchFailed(tc.tp, tc.err)
					m.mu.Unlock()
					time.Sleep(time.Second)
					if name == "idle" && !conditionFails(m, "fetch") {
						t.Error("the fault is not told while it lasts")
					}
				}
				time.Sleep(time.Minute)
				if m.opts.Conditions.Failing() {
					t.Errorf("readiness fails after the fault, and hangs are not looked for: %s", reasonOf(m, "fetch"))
				}
			})
		})
	}
}
