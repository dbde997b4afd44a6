package assignment

import (
	"errors"
	"slices"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/flow"
	"github.com/tracklayer/amazon-capi/consumer/ledger"
)

const someTopic = "orders"

func someInboxes() *flow.Inboxes { return flow.NewInboxes(1000) }

// saidBy returns what a commit's metadata says.
func saidBy(t *testing.T, c Commit) ledger.Beyond {
	t.Helper()
	b, err := ledger.ParseBeyond(c.Metadata, c.Offset.Offset)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestAnOathBeforeTheWitnessesSince: while it has not been compared, a commit and a
// dispute name no record that was taken since.
func TestAnOathBeforeTheWitnessesSince(t *testing.T) {
	var ls Links
	leader := func() int32 { return 1 }
	a := New(someTopic, 0, someInboxes(), func() {})
	take := func(from, to int64) {
		for o := from; o < to; o++ {
			a.ledger.Take(ledger.Mark{Offset: o, Epoch: 0}, 1, 0)
		}
		a.witnesses = a.witnesses.Add(ledger.Witness{Offset: to - 1, Print: uint64(to)})
	}
	if ls.Changed(&a.link, leader) {
		t.Error("a first look is no change")
	}
	take(0, 10)
	a.witnesses = a.witnesses.Add(ledger.Witness{Offset: 100, Print: 7}) // an earlier owner was there
	for _, other := range []kgo.BrokerMetadata{{NodeID: 2}, {NodeID: -1}} {
		ls.OnBrokerConnect(other, 0, nil, nil)
		if ls.Changed(&a.link, leader) {
			t.Errorf("a connection to %d is not one to the leader", other.NodeID)
		}
	}
	ls.OnBrokerConnect(kgo.BrokerMetadata{NodeID: 1}, 0, nil, errors.New("refused"))
	if ls.Changed(&a.link, leader) {
		t.Error("a connection that failed is none")
	}
	ls.OnBrokerConnect(kgo.BrokerMetadata{NodeID: 1}, 0, nil, nil)
	if !ls.Changed(&a.link, leader) || ls.Changed(&a.link, leader) {
		t.Error("a connection is to be seen once")
	}
	before := ledger.Witnesses{{Offset: 9, Print: 10}, {Offset: 100, Print: 7}}
	if !a.swear() || !slices.Equal(a.oath, before) {
		t.Fatalf("oath %v, want %v", a.oath, before)
	}
	take(10, 20)
	a.ledger.Settle(0)
	if c, _ := a.Commitable(ledger.MetadataLimit); !slices.Equal(saidBy(t, c).Witnesses, before) {
		t.Errorf("a commit names %v", saidBy(t, c).Witnesses)
	}
	if a.swear() {
		t.Error("a second oath while the first is open")
	}
	a.dispute(-1)
	if ws := a.claim.Said.Witnesses; !slices.Equal(ws, before) {
		t.Errorf("a dispute names %v", ws)
	}
	if a.oath != nil {
		t.Error("the oath is left though all is disputed")
	}
}
