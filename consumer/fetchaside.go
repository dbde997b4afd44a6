package consumer

import (
	"context"
	"time"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
	"github.com/tracklayer/amazon-capi/internal/crash"
)

// Brokers answer a fetch immediately if it names a partition which they refuse, such as one of
// a topic that may not be read any more. Those that share the fetch would be read in small
// pieces then, with errors in between. So a partition whose fetch failed is put aside, and
// tried again after asideFor, and after twice as long each time that it fails again, up to
// maxAsideFor.
const (
	asideFor    = time.Second
	maxAsideFor = 10 * time.Second // less than unreadableFor, or readiness would forget it
)

// putAside leaves a partition whose fetch failed out of the next ones. c.mu is held.
func (c *Consumer) putAside(tp assignment.TopicPartition, u *unreadable, now time.Time) {
	if c.assignments[tp] == nil {
		return
	}
	u.pause = min(max(2*u.pause, asideFor), maxAsideFor)
	u.until = now.Add(u.pause)
	c.client.PauseFetchPartitions(map[string][]int32{tp.Topic: {tp.Partition}})
}

// aside reports whether a partition is left out of fetches now. c.mu is held.
func (c *Consumer) aside(tp assignment.TopicPartition) bool { return !c.unreadable[tp].until.IsZero() }

// takeUp forgets that a partition's fetch failed. c.mu is held.
func (c *Consumer) takeUp(tp assignment.TopicPartition) {
	was := c.aside(tp)
	delete(c.unreadable, tp)
	if a := c.assignments[tp]; was && a != nil {
		c.steer(a)
	}
}

// asideLoop tries partitions again that were put aside.
func (c *Consumer) asideLoop(ctx context.Context) {
	defer crash.Report()
	tick := time.NewTicker(asideFor / 2)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			c.tryAgain(c.opts.Now())
		case <-ctx.Done():
			return
		}
	}
}

func (c *Consumer) tryAgain(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for tp, u := range c.unreadable {
		if u.until.IsZero() || u.until.After(now) {
			continue
		}
		u.until = time.Time{}
		c.unreadable[tp] = u
		if a := c.assignments[tp]; a != nil {
			c.steer(a)
		}
	}
}
