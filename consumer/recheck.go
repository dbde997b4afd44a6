package consumer

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/ledger"
	"github.com/tracklayer/amazon-capi/consumer/proof"
	"github.com/tracklayer/amazon-capi/internal/crash"
)

// A broker that comes back from a crash may have lost the end of a log, and may have
// filled it again, beyond where a member was to go on, before it is asked: without a
// new leader epoch nothing in its answers tells. But the member's connection was
// lost. So after each new connection to a partition's leader, the last witness from
// before is compared with the log, aside, while taking goes on.

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

// recheckLoop compares what was sworn with the log.
func (c *Consumer) recheckLoop(ctx context.Context) {
	defer crash.Report()
	for {
		select {
		case <-c.oaths:
		case <-ctx.Done():
			return
		}
		for timeout := proof.Timeout; ; timeout = min(2*timeout, proof.MaxTimeout) {
			answered, left := c.recheck(ctx, timeout)
			if left == 0 {
				break
			}
			if answered > 0 {
				timeout = proof.Timeout // it is single leaders that are silent
			}
			if !pause(ctx, doubtEvery) {
				return
			}
		}
	}
}

// recheck returns of how many partitions the leader answered, and of how many it did
// not.
func (c *Consumer) recheck(ctx context.Context, timeout time.Duration) (answered, left int) {
	oaths := make(map[int32]*assignment)
	var claims []ledger.Claim
	for _, a := range c.owned() {
		if cl, ok := a.oathClaim(); ok {
			claims = append(claims, cl)
			oaths[a.partition] = a
		}
	}
	found, _ := c.prove(ctx, claims, timeout)
	for _, cl := range claims {
		if f, ok := found[cl.Partition]; ok {
			c.keepOath(oaths[cl.Partition], cl.Said.Witnesses[0], f)
		}
	}
	return len(found), len(claims) - len(found)
}

// keepOath ends an oath, or has the partition's log compared if it does not hold.
func (c *Consumer) keepOath(a *assignment, w ledger.Witness, f ledger.Finding) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if a.keepsOath(w, f.Doubtful) && f.Doubtful {
		c.log.Error().Stringer("partition", topicPartition{a.topic, a.partition}).Int64("offset", w.Offset).
			Msg("after another connection the brokers hold other records than were read; comparing what is left with what was read")
		c.doubt(a)
	}
}
