package parking

import (
	"errors"
	"testing"
	"time"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
	"github.com/tracklayer/amazon-capi/consumer/flow"
)

// TestTroubleNobodyLooksAt: a partition that could not be read, and of which nothing has been
// wanted since, is not held against the brokers for as long as its records are parked.
func TestTroubleNobodyLooksAt(t *testing.T) {
	var all troubles
	now := time.Unix(0, 0)
	lots := New(10, nil)
	a := assignment.New("orders", 0, flow.NewInboxes(1), func() {})
	lots.put("p", []assignment.Spot{{Owner: a, Seq: 1}})
	tp := a.TopicPartition()
	all.note(tp, errors.New("no leader"), now)
	all.forget(lots, now.Add(maxTroubleFor))
	if all.tell() == nil {
		t.Error("forgotten while it may be looked at again")
	}
	all.forget(lots, now.Add(2*maxTroubleFor))
	if all.tell() != nil {
		t.Error("still told, though nobody has looked since")
	}
}
