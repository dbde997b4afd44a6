package consumer

import (
	"context"
	"time"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
	"github.com/tracklayer/amazon-capi/consumer/ledger"
	"github.com/tracklayer/amazon-capi/consumer/proof"
	"github.com/tracklayer/amazon-capi/internal/crash"
	"github.com/tracklayer/amazon-capi/internal/wait"
)

// A broker that comes back from a crash may have lost the end of a log, and may have
// filled it again, beyond where a member was to continue, before it is asked: without a
// new leader epoch nothing in its answers shows it. But the member's connection was lost.
// So after each new connection to a partition's leader, the last witness from before is
// compared with the log, in the background, while taking continues.

// recheckLoop compares oaths with the log.
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
				timeout = proof.Timeout // single leaders are silent
			}
			if !wait.For(ctx, doubtEvery) {
				return
			}
		}
	}
}

// recheck returns for how many partitions the leader answered, and for how many it did not.
func (c *Consumer) recheck(ctx context.Context, timeout time.Duration) (answered, left int) {
	oaths := make(map[*assignment.Assignment]ledger.Claim)
	claims := make(map[string][]ledger.Claim)
	for _, a := range c.owned() {
		if cl, ok := a.OathClaim(); ok {
			claims[a.Topic()] = append(claims[a.Topic()], cl)
			oaths[a] = cl
		}
	}
	found, _ := c.prove(ctx, claims, timeout)
	for a, cl := range oaths {
		if f, ok := found[a.TopicPartition()]; ok {
			c.keepOath(a, cl.Said.Witnesses[0], f)
		}
	}
	return len(found), len(oaths) - len(found)
}

// keepOath ends an oath, or has the partition's log compared if it does not hold.
func (c *Consumer) keepOath(a *assignment.Assignment, w ledger.Witness, f ledger.Finding) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if a.KeepsOath(w, f.Doubtful) && f.Doubtful {
		c.log.Error().Stringer("partition", a.TopicPartition()).Int64("offset", w.Offset).
			Msg("after another connection the brokers hold other records than were read; comparing what is left with what was read")
		c.doubt(a)
	}
}
