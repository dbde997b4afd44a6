package consumer

import (
	"context"
	"fmt"
	"time"

	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/crash"
)

// checkEvery is how often progress and the sum are checked.
const checkEvery = 10 * time.Second

func (c *Consumer) healthLoop(ctx context.Context) {
	defer crash.Report()
	tick := time.NewTicker(checkEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			c.expire(c.opts.Now())
			c.endOrphans()
			c.commits.Lengthen(c.opts.Now())
			c.watch(c.opts.Now())
			c.checkSum(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// watch notes which partitions have moved. One that has records in hand and does not move
// for HangAfter hangs, unless a fault is known: a held lane, an unavailable registry, a
// rebalance. Those have a condition, and restarting the process would not fix them.
// Back-pressure is no excuse: while the window is full, partitions move. A partition with
// parked records waits for their lane, which reports its own faults.
func (c *Consumer) watch(now time.Time) {
	excused := c.opts.Conditions.Failing()
	c.mu.Lock()
	defer c.mu.Unlock()
	var hung []string
	for tp, a := range c.assignments {
		if still := a.Still(now, excused); still >= c.opts.HangAfter {
			hung = append(hung, fmt.Sprintf("partition %s has had no verdict for offset %d for %s, and nothing is known to be wrong",
				tp, a.WaitsFor(), still.Round(time.Second)))
		}
	}
	c.hung = hung
}

// Live returns an error when the consumer hangs: it has been busy with one poll for
// longer than any poll can take, or a partition does not move and nothing excuses it.
// Waiting for records, for room, for a rebalance, for the registry or for Amazon is not
// hanging. The error names the partition.
func (c *Consumer) Live() error {
	const limit = time.Minute
	if c.activity.state.Load() == taking {
		if busy := c.opts.Now().Sub(time.Unix(0, c.activity.since.Load())); busy > limit {
			return fmt.Errorf("the poll loop has been busy for %s", busy.Round(time.Second))
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.hung) > 0 {
		more := ""
		if n := len(c.hung) - 1; n > 0 {
			more = fmt.Sprintf(" (and %s)", count.Of(n, "more partition"))
		}
		return fmt.Errorf("%s%s", c.hung[0], more)
	}
	return nil
}

// checkSum verifies the promise: consumed = accepted + dead-lettered + filtered + in
// flight. Three parties count independently (the tally verdicts, the window its room, the
// ledgers their records) and all must agree.
//
// They are not counted under one lock, which every batch would have to take; so while
// events flow they differ for moments. A lasting difference is a breach: an event was
// lost or counted twice.
func (c *Consumer) checkSum(ctx context.Context) {
	const looks, apart = 200, 5 * time.Millisecond
	var diff int64
	for range looks {
		if diff = c.sumDifference(); diff == 0 {
			c.metrics.sumDifference.Set(0)
			c.conditions.sum.OK()
			return
		}
		select {
		case <-time.After(apart):
		case <-ctx.Done():
			return
		}
	}
	c.metrics.sumDifference.Set(float64(diff))
	c.conditions.sum.Fail(fmt.Sprintf("consumed is not accepted + dead-lettered + filtered + in flight: they differ by %d; please report this", diff))
	c.log.Error().Int64("difference", diff).Msg("the sum that says nothing is lost does not hold")
}

// sumDifference is 0 if all counts agree.
func (c *Consumer) sumDifference() int64 {
	s := c.tally.Summary()
	inWindow, _ := c.window.InFlight()
	inLedgers, parked := 0, 0
	c.mu.Lock()
	for a := range c.alive {
		events, put := a.InFlight()
		inLedgers += events
		parked += put
	}
	c.mu.Unlock()
	if d := int64(s.InFlight()) - int64(inWindow) - int64(parked); d != 0 {
		return d
	}
	return int64(inWindow) + int64(parked) - int64(inLedgers)
}
