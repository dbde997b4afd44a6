package consumer

import (
	"context"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// A broker that comes back from a crash may have lost the end of a log, and may have
// filled it again, beyond where a member was to go on, before it is asked: without a
// new leader epoch nothing in its answers tells. But the member's connection was
// lost. So after each new connection to a partition's leader, the last record that
// was taken before is compared with the log, aside, while taking goes on.

// links counts the connections to brokers.
type links struct {
	total atomic.Uint64
	mu    sync.Mutex
	to    map[int32]uint64
}

var _ kgo.HookBrokerConnect = (*links)(nil)

// OnBrokerConnect implements kgo.HookBrokerConnect. It is called before anything is
// asked by the connection.
func (l *links) OnBrokerConnect(meta kgo.BrokerMetadata, _ time.Duration, _ net.Conn, err error) {
	if err != nil || meta.NodeID < 0 {
		return // nothing is fetched from a seed
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.to == nil {
		l.to = make(map[int32]uint64)
	}
	l.to[meta.NodeID]++
	l.total.Add(1)
}

// link is what an assignment has seen of them.
type link struct {
	total, n uint64
	leader   int32 // 0 while seen is false
	seen     bool
}

// changed reports whether there has been another connection to the leader since the
// last look. A leader that has moved has another epoch, which the client looks into.
func (l *links) changed(was *link, leader func() int32) bool {
	total := l.total.Load()
	if was.seen && was.total == total {
		return false
	}
	now := link{total: total, leader: leader(), seen: true}
	l.mu.Lock()
	now.n = l.to[now.leader]
	l.mu.Unlock()
	changed := was.seen && was.leader == now.leader && was.n != now.n
	*was = now
	return changed
}

// swear notes the last record that was taken before another connection. It returns
// false if an earlier one has not been compared yet. mu is held.
func (a *assignment) swear() bool {
	if a.oath != nil {
		return false
	}
	if ws := a.witnesses.below(a.ledger.last.offset + 1); len(ws) > 0 {
		last := ws[len(ws)-1] // their array changes
		a.oath = &last
	}
	return true
}

// sworn returns the witnesses of which it is known that the log was the same all the
// while. Those that were taken since may prove a log that another has replaced. mu is
// held.
func (a *assignment) sworn() witnesses {
	if a.oath == nil {
		return slices.Clone(a.witnesses)
	}
	return slices.Clone(a.witnesses.below(a.oath.offset + 1))
}

// recheckLoop compares what was sworn with the log.
func (c *Consumer) recheckLoop(ctx context.Context) {
	for {
		select {
		case <-c.oaths:
		case <-ctx.Done():
			return
		}
		for wait := doubtEvery; c.recheck(ctx) > 0; wait = min(2*wait, maxDoubtEvery) {
			if !pause(ctx, wait) {
				return
			}
		}
	}
}

// recheck returns of how many partitions the leader did not answer.
func (c *Consumer) recheck(ctx context.Context) (left int) {
	oaths := make(map[int32]*assignment)
	var claims []claim
	for _, a := range c.owned() {
		a.mu.Lock()
		if a.oath != nil && a.claim == nil {
			claims = append(claims, claim{
				partition: a.partition, group: -1, committed: a.oath.offset + 1, first: -1,
				said: beyond{log: a.log, witnesses: witnesses{*a.oath}},
			})
			oaths[a.partition] = a
		}
		a.mu.Unlock()
	}
	found, _ := c.prove(ctx, claims, maxProveTimeout)
	for _, cl := range claims {
		if f, ok := found[cl.partition]; ok {
			c.keepOath(oaths[cl.partition], cl.said.witnesses[0], f)
		}
	}
	return len(claims) - len(found)
}

// keepOath ends an oath, or has the partition's log compared if it does not hold.
func (c *Consumer) keepOath(a *assignment, w witness, f finding) {
	c.mu.Lock()
	defer c.mu.Unlock()
	a.mu.Lock()
	same := a.oath != nil && *a.oath == w && a.phase() == phaseTaking
	if same && !f.doubtful {
		a.oath = nil
	}
	a.mu.Unlock()
	if same && f.doubtful {
		c.log.Error().Stringer("partition", topicPartition{a.topic, a.partition}).Int64("offset", w.offset).
			Msg("after another connection the brokers hold other records than were read; comparing what is left with what was read")
		c.doubt(a)
	}
}
