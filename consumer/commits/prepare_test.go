package commits

import (
	"errors"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
	"github.com/tracklayer/amazon-capi/consumer/flow"
	"github.com/tracklayer/amazon-capi/consumer/ledger"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// oneTopic is a topic without an id.
type oneTopic struct{}

func (oneTopic) IDOf(string) (id [16]byte) { return id }
func (oneTopic) Learn(string, [16]byte)    {}
func (oneTopic) PartitionOf(topic string, _ [16]byte, partition int32) assignment.TopicPartition {
	return assignment.Of(topic, partition)
}

// TestACommitThatWaitedLosesWhatIsNotOurs: it may have waited for the client to join
// again, and be sent in a generation in which others have the partitions.
func TestACommitThatWaitedLosesWhatIsNotOurs(t *testing.T) {
	for p, become := range map[string]func(*assignment.Assignment){
		"suspended": func(a *assignment.Assignment) { a.Suspend(time.Now()) },
		"orphaned":  func(a *assignment.Assignment) { a.Orphan() },
		"ended":     func(a *assignment.Assignment) { a.End() },
	} {
		var as []*assignment.Assignment
		for i := range int32(2) {
			a := assignment.New("orders", i, flow.NewInboxes(1000), func() {})
			rs := []*kgo.Record{{Offset: 4}}
			a.Push(rs, rs, 5)
			a.Settle([]verdict.Verdict{{Handle: verdict.Handle{Owner: a}}})
			as = append(as, a)
		}
		c := New(Options{Topics: oneTopic{}})
		request := func() *kmsg.OffsetCommitRequest {
			req := kmsg.NewPtrOffsetCommitRequest()
			rt := kmsg.NewOffsetCommitRequestTopic()
			rt.Topic = "orders"
			for i := range int32(2) {
				rp := kmsg.NewOffsetCommitRequestTopicPartition()
				rp.Partition, rp.Offset = i, 5
				rt.Partitions = append(rt.Partitions, rp)
			}
			req.Topics = append(req.Topics, rt)
			return req
		}
		b := newBatch(as, ledger.MetadataLimit)
		become(as[0])
		req := request()
		if err := c.prepare(req, b); err != nil {
			t.Fatal(err)
		}
		if ps := req.Topics[0].Partitions; len(req.Topics) != 1 || len(ps) != 1 || ps[0].Partition != 1 || ps[0].Offset != 5 {
			t.Errorf("%s the commit says %+v, want partition 1 alone", p, req.Topics)
		}
		become(as[1])
		if err := c.prepare(request(), b); !errors.Is(err, errFenced) {
			t.Errorf("%s a commit of nothing that is ours: %v, want %v", p, err, errFenced)
		}
	}
}
