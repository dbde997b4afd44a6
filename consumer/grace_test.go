package consumer

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
)

// failing are the conditions that fail, with their reasons.
func failing(m *member) (reasons string) {
	for _, st := range m.opts.Conditions.States() {
		if !st.OK {
			reasons += st.Name + ": " + st.Reason + "\n"
		}
	}
	return reasons
}

// passing are codes that say that a moment later the answer may be another.
var passing = []*kerr.Error{
	kerr.OffsetNotAvailable, kerr.LeaderNotAvailable, kerr.NotLeaderForPartition, kerr.ReplicaNotAvailable, kerr.RequestTimedOut,
	kerr.NetworkException, kerr.CoordinatorLoadInProgress, kerr.CoordinatorNotAvailable, kerr.NotCoordinator, kerr.KafkaStorageError,
	kerr.FencedLeaderEpoch, kerr.UnknownLeaderEpoch, kerr.UnstableOffsetCommit, kerr.BrokerNotAvailable, kerr.NotEnoughReplicas,
}

// TestAFaultOfSecondsIsNotTold: of one partition or of all, in any answer: what passes
// by itself passes before readiness says so, and nothing is sent twice.
func TestAFaultOfSecondsIsNotTold(t *testing.T) {
	for _, key := range []kmsg.Key{kmsg.ListOffsets, kmsg.Metadata, kmsg.OffsetCommit, kmsg.OffsetForLeaderEpoch} {
		for i, code := range passing {
			t.Run(key.Name()+"/"+code.Message, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					b := newVirtualBench(t, 3, 3)
					s := newFakeSink(true)
					m := b.start(s, func(o *Options) { o.CommitInterval = 5 * time.Second })
					publish := func(from int) {
						for p := range int32(3) {
							b.publish(p, events("p1", from+int(p), from+int(p)+1)...)
						}
					}
					publish(0)
					time.Sleep(40 * time.Second)
					if why := failing(m); why != "" {
						t.Fatal(why)
					}
					f := kfake.Fault{Keys: []kmsg.Key{key}, Topic: topic, Err: code, Count: -1}
					if i%2 == 0 {
						f.Partitions = []int32{1}
					}
					if key == kmsg.Metadata {
						f.When = func(r kmsg.Request) bool { return r.(*kmsg.MetadataRequest).Topics != nil }
					}
					publish(3) // to be committed meanwhile
					fault := b.cluster.Fault(f)
					for s := range 12 {
						time.Sleep(time.Second)
						if why := failing(m); why != "" {
							t.Fatalf("told after %d s: %s", s+1, why)
						}
					}
					fault.Remove()
					publish(6)
					time.Sleep(time.Minute)
					if why := failing(m); why != "" {
						t.Errorf("after the fault: %s", why)
					}
					sentOnce(t, 9, s)
					for p := range int32(3) {
						if got := b.committed(p); got != 3 {
							t.Errorf("partition %d is committed to %d, want 3", p, got)
						}
					}
				})
			})
		}
	}
}

// TestAFaultThatLastsIsTold names the condition that says so, of faults that pass by
// themselves if they are short.
func TestAFaultThatLastsIsTold(t *testing.T) {
	for name, tc := range map[string]struct {
		fault kfake.Fault
		tells string
	}{
		"the ends of one": {kfake.Fault{Keys: []kmsg.Key{kmsg.ListOffsets}, Partitions: []int32{1}, Err: kerr.OffsetNotAvailable}, "topic: "},
		"the ends of all": {kfake.Fault{Keys: []kmsg.Key{kmsg.ListOffsets}, Err: kerr.LeaderNotAvailable}, "topic: "},
		"commits of one":  {kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetCommit}, Partitions: []int32{1}, Err: kerr.NotCoordinator}, "commits: "},
		"commits":         {kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetCommit}, Err: kerr.CoordinatorLoadInProgress}, "commits: "},
		"offsets of one":  {kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetFetch}, Partitions: []int32{1}, Err: kerr.UnknownTopicOrPartition}, "position: "},
		"grants":          {kfake.Fault{Keys: []kmsg.Key{kmsg.ListOffsets}, Err: kerr.TopicAuthorizationFailed}, "topic: "},
		"all grants":      {kfake.Fault{Keys: []kmsg.Key{kmsg.ListOffsets, kmsg.Metadata}, Err: kerr.TopicAuthorizationFailed}, "topic: "},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newVirtualBench(t, 3, 2)
				m := b.start(newFakeSink(true), func(o *Options) { o.CommitInterval = time.Second })
				time.Sleep(40 * time.Second)
				f := tc.fault
				f.Topic, f.Count = topic, -1
				fault := b.cluster.Fault(f)
				if f.Keys[0] == kmsg.OffsetFetch {
					b.throwOut(kerr.UnknownMemberID)
				}
				for i := range 50 {
					if !slices.Contains(f.Keys, kmsg.Metadata) {
						b.publish(int32(i%2), fmt.Sprintf("p1|e%d", i))
					}
					time.Sleep(time.Second)
				}
				if why := failing(m); !strings.Contains(why, tc.tells) || strings.Contains(why, "brokers: ") {
					t.Errorf("readiness says %q, want %q and nothing of the brokers", why, tc.tells)
				}
				fault.Remove()
				time.Sleep(time.Minute)
				if why := failing(m); why != "" {
					t.Errorf("after the fault: %s", why)
				}
			})
		})
	}
}

// TestTheOnlyLeaderIsAway: the topic has one partition, and of three brokers the one
// that leads it does not answer. The others do.
func TestTheOnlyLeaderIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newVirtualBench(t, 3, 1)
		m := b.start(newFakeSink(true), nil)
		time.Sleep(40 * time.Second)
		b.failListing(func(int32) error { return errors.New("cut") })
		for range 25 {
			time.Sleep(time.Second)
			if why := failing(m); why != "" {
				t.Fatal(why)
			}
		}
		time.Sleep(time.Minute)
		if why := failing(m); !strings.Contains(why, "topic: ") || !strings.Contains(why, "partition 0: broker") || strings.Contains(why, "brokers: ") {
			t.Errorf("readiness says %q, want the partition and its broker", why)
		}
	})
}

// TestAPartitionThatTheBrokersLeaveOut: answers that are whole but for a partition of
// this member are no answer about it.
func TestAPartitionThatTheBrokersLeaveOut(t *testing.T) {
	for _, key := range []kmsg.Key{kmsg.ListOffsets, kmsg.Metadata} {
		t.Run(key.Name(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newVirtualBench(t, 1, 2)
				m := b.start(newFakeSink(true), nil)
				time.Sleep(40 * time.Second)
				b.leaveOut(key, 1)
				for range 15 {
					time.Sleep(time.Second)
					if why := failing(m); why != "" {
						t.Fatal(why)
					}
				}
				time.Sleep(time.Minute)
				if why := failing(m); !strings.Contains(why, "partition 1: ") {
					t.Errorf("readiness says %q, want the partition that nobody tells of", why)
				}
			})
		})
	}
}

// leaveOut has answers to requests of that kind lack a partition.
func (b *bench) leaveOut(key kmsg.Key, partition int32) {
	info := b.cluster.TopicInfo(topic)
	b.cluster.ControlKey(int16(key), func(r kmsg.Request) (kmsg.Response, error, bool) {
		b.cluster.KeepControl()
		switch req := r.(type) {
		case *kmsg.ListOffsetsRequest:
			resp := req.ResponseKind().(*kmsg.ListOffsetsResponse)
			for _, t := range req.Topics {
				rt := kmsg.NewListOffsetsResponseTopic()
				rt.Topic = t.Topic
				for _, p := range t.Partitions {
					if p.Partition != partition {
						rp := kmsg.NewListOffsetsResponseTopicPartition()
						rp.Partition = p.Partition
						rt.Partitions = append(rt.Partitions, rp)
					}
				}
				resp.Topics = append(resp.Topics, rt)
			}
			return resp, nil, true
		case *kmsg.MetadataRequest:
			resp := req.ResponseKind().(*kmsg.MetadataResponse)
			rb := kmsg.NewMetadataResponseBroker()
			rb.Host, rb.Port = "127.0.0.1", 9092
			resp.Brokers = append(resp.Brokers, rb)
			rt := kmsg.NewMetadataResponseTopic()
			rt.Topic, rt.TopicID = new(topic), info.TopicID
			for p := range int32(2) {
				if p != partition {
					rp := kmsg.NewMetadataResponseTopicPartition()
					rp.Partition, rp.LeaderEpoch, rp.Replicas, rp.ISR = p, -1, []int32{0}, []int32{0}
					rt.Partitions = append(rt.Partitions, rp)
				}
			}
			resp.Topics = append(resp.Topics, rt)
			return resp, nil, true
		}
		return nil, nil, false
	})
}

// TestAFaultWithoutAPartitionNamesWhatItIs: of the group only if the group said it.
func TestAFaultWithoutAPartitionNamesWhatItIs(t *testing.T) {
	b := newBench(t, 1)
	m := b.start(newFakeSink(true), nil)
	b.eventually("it is assigned", func() bool { return len(m.owned()) == 1 })
	m.mu.Lock()
	m.fetchFailed(assignment.Of("", -1), errors.New("the answer is too large"))
	m.mu.Unlock()
	if why := reasonOf(m, "fetch"); strings.Contains(why, "group") || !strings.Contains(why, topic) {
		t.Errorf("readiness says %q, want the topic", why)
	}
}
