package consumer

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"github.com/tracklayer/amazon-capi/consumer/ledger"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// hangUp has connections by which something is fetched cut while away says so.
func (b *bench) hangUp(away *atomic.Bool) {
	b.cluster.ControlKey(int16(kmsg.Fetch), func(kmsg.Request) (kmsg.Response, error, bool) {
		b.cluster.KeepControl()
		if away.Load() {
			return nil, errors.New("cut"), true
		}
		return nil, nil, false
	})
}

// TestALogThatIsLongerAgain: a broker crashes, loses the end of a log, and fills it
// beyond where a running member was, before that one asks again. Nothing in its answers
// tells, but that the connection was another.
func TestALogThatIsLongerAgain(t *testing.T) {
	for name, held := range map[string]int{"all settled": -1, "one held": 40} {
		t.Run(name, func(t *testing.T) {
			b := newBenchWith(t, 1, kfake.MaxVersions(kversion.V2_6_0()))
			var away atomic.Bool
			b.hangUp(&away)
			s := newFakeSink(false)
			m := b.start(s, func(o *Options) { o.Drain = -1 })
			settle := func(vs []verdict.Verdict) {
				for _, v := range vs {
					if v.EventID != fmt.Sprintf("e%d", held) {
						m.Settle([]verdict.Verdict{v})
					}
				}
			}
			for i := 0; i < 200; i += 20 {
				b.fill(events("p1", i, i+20)...)
				settle(s.take(20))
			}
			want := int64(200)
			if held >= 0 {
				want = int64(held)
			}
			b.eventually("it is committed", func() bool { return b.committed(0) == want })
			away.Store(true)
			before := m.links.total.Load()
			b.fill("p1|lost, too") // or the broker would have nothing to answer
			b.eventually("there is another connection", func() bool { return m.links.total.Load() > before })
			b.cut(120, 1000, 1200) // ends at 320, behind what was read
			away.Store(false)
			b.eventually("what is there now is sent", func() bool {
				s.mu.Lock()
				vs := s.pending
				s.pending = nil
				s.mu.Unlock()
				settle(vs)
				for i := 1000; i < 1200; i++ {
					if s.count(fmt.Sprintf("e%d", i)) == 0 {
						return false
					}
				}
				return true
			})
			for i := range 119 {
				if n := s.count(fmt.Sprintf("e%d", i)); n != 1 {
					t.Errorf("e%d was sent %d times, and was never lost", i, n)
				}
			}
		})
	}
}

// TestAConnectionThatIsLost: if the log is the same, nothing is held and nothing is
// sent again.
func TestAConnectionThatIsLost(t *testing.T) {
	b := newBench(t, 1)
	var away atomic.Bool
	b.hangUp(&away)
	s := newFakeSink(true)
	m := b.start(s, nil)
	for i := range 3 {
		b.publish(0, events("p1", 10*i, 10*i+10)...)
		b.eventually("it is committed", func() bool { return b.committed(0) == int64(12*i+10) })
		away.Store(true)
		before := m.links.total.Load()
		b.publish(0, events("p1", 1000+i, 1001+i)...)
		b.eventually("there is another connection", func() bool { return m.links.total.Load() > before })
		b.publish(0, events("p1", 2000+i, 2001+i)...)
		away.Store(false)
		b.eventually("it goes on", func() bool { return s.count(fmt.Sprintf("e%d", 2000+i)) == 1 })
		b.eventually("it is compared", func() bool {
			for _, a := range m.owned() {
				a.mu.Lock()
				open := a.oath != nil || a.claim != nil
				a.mu.Unlock()
				if open {
					return false
				}
			}
			return true
		})
		b.eventually("it is committed", func() bool { return b.committed(0) == int64(12*i+12) })
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, n := range s.seen {
		if n != 1 {
			t.Errorf("%s was sent %d times", id, n)
		}
	}
}

// TestAnOathBeforeTheWitnessesSince: while it has not been compared, a commit and a
// dispute name no record that was taken since.
func TestAnOathBeforeTheWitnessesSince(t *testing.T) {
	var ls links
	leader := func() int32 { return 1 }
	a := newAssignment(topic, 0, inboxesFor(1), func() {})
	take := func(from, to int64) {
		for o := from; o < to; o++ {
			a.ledger.Take(ledger.Mark{Offset: o, Epoch: 0}, 1, 0)
		}
		a.witnesses = a.witnesses.Add(ledger.Witness{Offset: to - 1, Print: uint64(to)})
	}
	if ls.changed(&a.link, leader) {
		t.Error("a first look is no change")
	}
	take(0, 10)
	a.witnesses = a.witnesses.Add(ledger.Witness{Offset: 100, Print: 7}) // an earlier owner was there
	for _, other := range []kgo.BrokerMetadata{{NodeID: 2}, {NodeID: -1}} {
		ls.OnBrokerConnect(other, 0, nil, nil)
		if ls.changed(&a.link, leader) {
			t.Errorf("a connection to %d is not one to the leader", other.NodeID)
		}
	}
	ls.OnBrokerConnect(kgo.BrokerMetadata{NodeID: 1}, 0, nil, errors.New("refused"))
	if ls.changed(&a.link, leader) {
		t.Error("a connection that failed is none")
	}
	ls.OnBrokerConnect(kgo.BrokerMetadata{NodeID: 1}, 0, nil, nil)
	if !ls.changed(&a.link, leader) || ls.changed(&a.link, leader) {
		t.Error("a connection is to be seen once")
	}
	before := ledger.Witnesses{{Offset: 9, Print: 10}, {Offset: 100, Print: 7}}
	if !a.swear() || !slices.Equal(a.oath, before) {
		t.Fatalf("oath %v, want %v", a.oath, before)
	}
	take(10, 20)
	a.ledger.Settle(0)
	if c, _ := a.commitable(ledger.MetadataLimit); !slices.Equal(said(t, kadm.OffsetResponse{Offset: kadm.Offset{At: c.offset.Offset, Metadata: c.metadata}}).Witnesses, before) {
		t.Errorf("a commit names %v", said(t, kadm.OffsetResponse{Offset: kadm.Offset{At: c.offset.Offset, Metadata: c.metadata}}).Witnesses)
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
