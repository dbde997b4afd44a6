package consumer

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// TestLatestWhileOneTopicIsUndecided: where the group begins in one topic cannot be asked.
// That holds its partitions alone; the other topic goes on. When it can be asked, what was
// there by then is not sent, and what comes later is, whoever has the partition.
func TestLatestWhileOneTopicIsUndecided(t *testing.T) {
	for name, fault := range map[string]kfake.Fault{
		"offsets may not be asked for": {Keys: []kmsg.Key{kmsg.OffsetFetch}, Err: kerr.TopicAuthorizationFailed},
		"ends may not be asked for":    {Keys: []kmsg.Key{kmsg.ListOffsets}, Err: kerr.TopicAuthorizationFailed},
		"ends are not known":           {Keys: []kmsg.Key{kmsg.ListOffsets}, Err: kerr.UnknownServerError},
		"no leader of one partition":   {Keys: []kmsg.Key{kmsg.ListOffsets}, Err: kerr.LeaderNotAvailable, Partitions: []int32{1}},
		"commits are refused":          {Keys: []kmsg.Key{kmsg.OffsetCommit}, Err: kerr.TopicAuthorizationFailed},
		"the topic may not be seen":    {Keys: []kmsg.Key{kmsg.Metadata, kmsg.ListOffsets, kmsg.OffsetFetch, kmsg.Fetch}, Err: kerr.TopicAuthorizationFailed},
	} {
		for _, protocol := range []Protocol{ProtocolClassic, ProtocolConsumer} {
			for members, n := range map[string]int{"one member": 1, "two members": 2} {
				t.Run(name+"/"+protocol.String()+"/"+members, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						b := newVirtualBench(t, 1, 2)
						b.protocol = protocol
						b.withSecond(2)
						b.publishTo(topic, 0, named("old", 0, 3)...)
						b.publishTo(second, 0, named("gone", 0, 3)...)
						b.publishTo(second, 1, named("gone", 3, 6)...)
						fault.Topic, fault.Count = second, -1
						over := b.cluster.Fault(fault)
						var sinks []*fakeSink
						var ms []*member
						for range n {
							s := newFakeSink(true)
							sinks = append(sinks, s)
							ms = append(ms, b.start(s, func(o *Options) { both(o); latest(o) }))
						}
						time.Sleep(20 * time.Second)
						b.publishTo(topic, 0, named("a", 0, 10)...)
						b.publishTo(topic, 1, named("a", 10, 20)...)
						time.Sleep(20 * time.Second)
						wantSent(t, "a", 0, 20, 1, sinks...)
						wantSent(t, "old", 0, 3, 0, sinks...)
						wantSent(t, "gone", 0, 6, 0, sinks...)
						told := 0
						for _, m := range ms {
							for _, st := range m.opts.Conditions.States() {
								if !st.OK && strings.Contains(st.Reason, second) {
									told++
								}
								if !st.OK && strings.Contains(st.Reason, topic) {
									t.Errorf("%s blames the other topic: %s", st.Name, st.Reason)
								}
							}
						}
						if told == 0 && n == 1 {
							t.Errorf("no condition names %s: %+v\n%s", second, ms[0].opts.Conditions.States(), b.log)
						}
						over.Remove()
						time.Sleep(2 * time.Minute)
						b.publishTo(second, 0, named("b", 0, 10)...)
						b.publishTo(second, 1, named("b", 10, 20)...)
						time.Sleep(30 * time.Second)
						wantSent(t, "b", 0, 20, 1, sinks...)
						wantSent(t, "gone", 0, 6, 0, sinks...)
						for _, m := range ms {
							if m.opts.Conditions.Failing() {
								t.Errorf("readiness fails: %+v", m.opts.Conditions.States())
							}
						}
						if got := [2]int64{b.committedOf(second, 0), b.committedOf(second, 1)}; got != [2]int64{13, 13} {
							t.Errorf("committed %v, want 13 and 13\n%s", got, b.log)
						}
					})
				})
			}
		}
	}
}

// TestLatestOfABegunTopicThatIsRefused: the group has offsets of the topic. While they may
// not be asked for, it waits, and it goes on at them and not at its end.
func TestLatestOfABegunTopicThatIsRefused(t *testing.T) {
	for name, fault := range map[string]kfake.Fault{
		"offsets": {Keys: []kmsg.Key{kmsg.OffsetFetch}, Err: kerr.TopicAuthorizationFailed},
		"ends":    {Keys: []kmsg.Key{kmsg.ListOffsets}, Err: kerr.TopicAuthorizationFailed},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newVirtualBench(t, 1, 1)
				b.withSecond(2)
				b.publishTo(second, 0, named("b", 0, 10)...)
				b.publishTo(second, 1, named("b", 10, 20)...)
				var offsets kadm.Offsets
				offsets.Add(kadm.Offset{Topic: second, Partition: 0, At: 4, LeaderEpoch: -1})
				if err := b.admin.CommitAllOffsets(t.Context(), group, offsets); err != nil {
					t.Fatal(err)
				}
				fault.Topic, fault.Count = second, -1
				over := b.cluster.Fault(fault)
				s := newFakeSink(true)
				b.start(s, func(o *Options) { both(o); latest(o) })
				time.Sleep(20 * time.Second)
				b.publishTo(topic, 0, named("a", 0, 10)...)
				time.Sleep(20 * time.Second)
				wantSent(t, "a", 0, 10, 1, s)
				over.Remove()
				time.Sleep(time.Minute)
				wantSent(t, "b", 0, 4, 0, s)
				wantSent(t, "b", 4, 20, 1, s)
			})
		})
	}
}
