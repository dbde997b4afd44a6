package consumer

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// The callbacks below run one at a time and never while a poll is being taken
// (kgo.BlockRebalanceOnPoll).

func (c *Consumer) onAssigned(_ context.Context, cl *kgo.Client, added map[string][]int32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for topic, partitions := range added {
		for _, p := range partitions {
			c.start(cl, topicPartition{topic, p})
		}
	}
	c.assigned = true
	clear(c.unreadable)
	c.conditions.fetch.OK()
	c.conditions.assignment.OK()
	c.log.Info().Interface("added", added).Int("owned", len(c.assignments)).Msg("partitions assigned")
}

// onOffsetsFetched reads what earlier owners left in the metadata of their
// commits. It comes after onAssigned and before the first record.
func (c *Consumer) onOffsetsFetched(_ context.Context, cl *kgo.Client, resp *kmsg.OffsetFetchResponse) error {
	for _, g := range resp.Groups {
		for _, t := range g.Topics {
			for _, p := range t.Partitions {
				c.resume(cl, c.partitionOf(t.Topic, p.Partition), p.Offset, p.Metadata)
			}
		}
	}
	return nil
}

func (c *Consumer) resume(cl *kgo.Client, tp topicPartition, committed int64, metadata *string) {
	c.mu.Lock()
	a := c.assignments[tp]
	c.mu.Unlock()
	if a == nil {
		return
	}
	if a.selection != nil && committed >= a.selection.End(tp.partition) {
		finish(cl, a)
	}
	if metadata == nil {
		return
	}
	b, err := parseBeyond(*metadata, committed)
	if err != nil {
		c.log.Warn().Err(err).Stringer("partition", tp).Int64("committed", committed).
			Msg("the commit's metadata cannot be used; what it says was delivered is sent again")
		return
	}
	a.resume(b)
}

// start makes the assignment of a partition and its pump. c.mu is held.
func (c *Consumer) start(cl *kgo.Client, tp topicPartition) {
	ctx, stop := context.WithCancel(c.pumpCtx)
	a := newAssignment(tp.topic, tp.partition, c.inboxes, stop)
	c.outline(cl, a)
	c.assignments[tp] = a
	c.alive[a] = true
	p := newPump(c, a)
	c.pumps.Go(func() {
		defer stop()
		p.run(ctx)
	})
}

// onRevoked gives partitions up in an order that sends nothing twice: stop
// taking, wait for the verdicts of what was begun, commit, and only then fence.
// Fencing first would make the next owner send everything in flight again, on
// each deployment.
func (c *Consumer) onRevoked(_ context.Context, _ *kgo.Client, removed map[string][]int32) {
	gone := c.release(removed)
	if len(gone) == 0 {
		return
	}
	// Half of the rebalance timeout: the commit and the join need the rest, and
	// a member that overstays is thrown out with all its partitions.
	ctx, cancel := context.WithTimeout(context.Background(), min(c.opts.Drain, c.opts.RebalanceTimeout/2))
	defer cancel()
	started := c.opts.Now()
	left := c.drain(ctx, gone)
	c.conclude(context.WithoutCancel(ctx), gone)
	c.log.Info().Interface("removed", removed).Int("left", left).
		Dur("took", c.opts.Now().Sub(started)).Msg("partitions revoked")
}

// onLost fences at once: the partitions belong to somebody else already, and a
// commit would be refused or, worse, taken.
func (c *Consumer) onLost(_ context.Context, _ *kgo.Client, lost map[string][]int32) {
	gone := c.release(lost)
	if len(gone) == 0 {
		return
	}
	c.end(gone)
	c.conditions.assignment.Fail("the group took the partitions away; joining again")
	c.log.Warn().Interface("lost", lost).Msg("partitions lost; what was in flight is sent again by their next owner")
}

// release takes partitions out of the map of what is taken from.
func (c *Consumer) release(partitions map[string][]int32) (gone []*assignment) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for topic, ps := range partitions {
		for _, p := range ps {
			tp := topicPartition{topic, p}
			if a := c.assignments[tp]; a != nil {
				gone = append(gone, a)
				delete(c.assignments, tp)
			}
		}
	}
	return gone
}

// releaseAll is release for every partition.
func (c *Consumer) releaseAll() []*assignment {
	c.mu.Lock()
	defer c.mu.Unlock()
	gone := slices.Collect(maps.Values(c.assignments))
	clear(c.assignments)
	return gone
}

func (c *Consumer) owned() []*assignment {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Collect(maps.Values(c.assignments))
}

// living returns the assignments that have not ended, those that drain among
// them.
func (c *Consumer) living() []*assignment {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Collect(maps.Keys(c.alive))
}

// drain waits for the verdicts of what the assignments have begun and returns
// how many of them did not come.
func (c *Consumer) drain(ctx context.Context, as []*assignment) (left int) {
	// Batches still filling would wait for their linger; nothing more will
	// come for them. Pumps may hand over a last chunk after the first flush.
	flushed, stop := context.WithCancel(ctx)
	var flusher sync.WaitGroup
	flusher.Go(func() {
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			c.delivery.Flush()
			select {
			case <-tick.C:
			case <-flushed.Done():
				return
			}
		}
	})
	var wg sync.WaitGroup
	var mu sync.Mutex
	for _, a := range as {
		wg.Go(func() {
			n := a.drain(ctx)
			mu.Lock()
			left += n
			mu.Unlock()
		})
	}
	wg.Wait()
	stop()
	flusher.Wait()
	return left
}

// end fences assignments and gives what they still had in flight back.
func (c *Consumer) end(as []*assignment) {
	defer c.delivery.Sweep()
	for _, a := range as {
		events, parked, bytes := a.end()
		if events > 0 {
			c.tally.giveBack(events)
			c.window.release(events-parked, bytes)
		}
		c.mu.Lock()
		delete(c.alive, a)
		c.mu.Unlock()
	}
}
