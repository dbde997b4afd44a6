package consumer

import (
	"context"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
	"github.com/tracklayer/amazon-capi/internal/crash"
	"github.com/tracklayer/amazon-capi/internal/faultpoint"
	"github.com/tracklayer/amazon-capi/internal/wait"
)

// The callbacks below run one at a time and never while a poll is being taken
// (kgo.BlockRebalanceOnPoll).

func (c *Consumer) onAssigned(_ context.Context, cl *kgo.Client, added map[string][]int32) {
	defer crash.Report()
	faultpoint.At("assigned")
	c.mu.Lock()
	gone := c.notReturned(added)
	c.mu.Unlock()
	if len(gone) > 0 {
		c.end(gone)
		c.log.Warn().Int("partitions", len(gone)).Msg("lost partitions went to other members, who send what was in flight again")
	}
	c.reclaim(cl, added)
	c.mu.Lock()
	defer c.mu.Unlock()
	for topic, partitions := range added {
		for _, p := range partitions {
			a := c.begin(cl, assignment.Of(topic, p))
			if a == nil {
				continue
			}
			a.Await()
		}
	}
	level := zerolog.InfoLevel
	if c.assigned && len(added) == 0 {
		level = zerolog.DebugLevel // as in each new session, and the client may have many
	}
	c.assigned, c.lost = true, false
	for tp := range c.unreadable {
		c.takeUp(tp)
	}
	c.conditions.fetch.OK()
	c.conditions.assignment.OK()
	c.log.WithLevel(level).Interface("added", added).Int("owned", len(c.assignments)).Msg("partitions assigned")
}

// onOffsetsFetched reads what earlier owners left in the metadata of their commits. It is
// called after onAssigned and before the first record; onOffsets is called next and
// compares that with the log. Partitions that the group does not report stay unheard.
func (c *Consumer) onOffsetsFetched(_ context.Context, cl *kgo.Client, resp *kmsg.OffsetFetchResponse) error {
	c.rejoins.Told()
	for _, topic := range c.begins.Open() {
		if c.tellsOf(resp, topic) {
			c.begins.Decided(topic) // by another member, since
		}
	}
	for _, g := range resp.Groups {
		for _, t := range g.Topics {
			for _, p := range t.Partitions {
				tp, f := c.topics.PartitionOf(t.Topic, t.TopicID, p.Partition), assignment.Fetched{Offset: p.Offset, Metadata: p.Metadata}
				if kerr.ErrorForCode(p.ErrorCode) == nil {
					c.hear(cl, tp, f)
				}
			}
		}
	}
	return nil
}

// tellsOf reports whether the group has an offset of a topic.
func (c *Consumer) tellsOf(resp *kmsg.OffsetFetchResponse, topic string) bool {
	for _, g := range resp.Groups {
		for _, t := range g.Topics {
			for _, p := range t.Partitions {
				if p.ErrorCode == 0 && p.Offset >= 0 && c.topics.PartitionOf(t.Topic, t.TopicID, p.Partition).Topic == topic {
					return true
				}
			}
		}
	}
	return false
}

// begin returns the assignment of a partition, and creates it if there is none; nil if
// there is none and nothing is taken any more. c.mu is held.
func (c *Consumer) begin(cl *kgo.Client, tp assignment.TopicPartition) *assignment.Assignment {
	if c.assignments[tp] == nil && !c.stopping {
		c.start(cl, tp)
	}
	return c.assignments[tp]
}

// start creates the assignment of a partition and its pump. c.mu is held.
func (c *Consumer) start(cl *kgo.Client, tp assignment.TopicPartition) {
	ctx, stop := context.WithCancel(c.pumpCtx)
	a := assignment.New(tp.Topic, tp.Partition, c.inboxes, stop)
	cl.ResumeFetchPartitions(map[string][]int32{tp.Topic: {tp.Partition}}) // it may have been ours before, and paused
	c.outline(cl, a)
	a.Begin(c.memories[tp], memberID(cl))
	delete(c.memories, tp)
	c.assignments[tp] = a
	c.alive[a] = true
	p := c.shared.Of(a)
	c.pumps.Go(func() {
		defer crash.Report()
		defer stop()
		p.Run(ctx)
	})
}

// onRevoked gives partitions up in an order that sends nothing twice: stop taking, wait
// for the verdicts of what was begun, commit, and only then fence. Fencing first would
// make the next owner send everything in flight again, on each deployment. A partition
// that already drains, because the member stops, is waited for all the same.
func (c *Consumer) onRevoked(_ context.Context, cl *kgo.Client, removed map[string][]int32) {
	defer crash.Report()
	if len(removed) == 0 {
		return
	}
	c.disown(cl, removed)
	removed = c.orphanRevoked(removed)
	gone, unsure := c.retire(removed)
	c.end(unsure)
	if len(gone) == 0 {
		return
	}
	// Half of the rebalance timeout: the commit and the join need the rest, and a member
	// that overstays is expelled with all its partitions.
	ctx, cancel := context.WithTimeout(context.Background(), min(c.opts.Drain, c.opts.RebalanceTimeout/2))
	defer cancel()
	started := c.opts.Now()
	left := c.drain(ctx, gone)
	faultpoint.At("revoked")
	c.commits.Conclude(context.WithoutCancel(ctx), gone)
	c.log.Info().Interface("removed", removed).Int("left", left).
		Dur("took_ms", c.opts.Now().Sub(started)).Msg("partitions revoked")
}

// onLost suspends active partitions, and fences the rest at once: a commit would be
// refused or, worse, accepted.
func (c *Consumer) onLost(_ context.Context, _ *kgo.Client, lost map[string][]int32) {
	defer crash.Report()
	defer c.pauseRejoining()
	c.mu.Lock()
	c.lost = true
	var as, gone []*assignment.Assignment
	if len(lost) > 0 {
		as = c.named(lost)
		gone = c.suspend(as)
	}
	c.mu.Unlock()
	c.end(gone)
	if len(as) == 0 {
		return
	}
	c.conditions.assignment.Fail("the group took the partitions away; joining again")
	c.log.Warn().Interface("lost", lost).Int("suspended", len(as)-len(gone)).
		Msg("partitions lost; what is in flight goes on and counts if they come back, and is sent again if they do not")
}

// pauseRejoining has the client wait before it joins again, if that keeps failing. The
// classic protocol has a pause of its own.
func (c *Consumer) pauseRejoining() {
	if c.byEpoch() {
		wait.For(c.taking, c.rejoins.Lost(c.opts.Now()))
	}
}

// drain waits for the verdicts of what the assignments have begun and returns how many
// did not arrive.
func (c *Consumer) drain(ctx context.Context, as []*assignment.Assignment) (left int) {
	// Batches still filling would wait for their linger, although no more events come.
	// Pumps may pass on a last chunk after the first flush.
	flushed, stop := context.WithCancel(ctx)
	var flusher sync.WaitGroup
	flusher.Go(func() {
		defer crash.Report()
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			c.handler.Flush(true)
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
			defer crash.Report()
			n := a.Drain(ctx)
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

// end fences assignments and gives back what they still had in flight.
func (c *Consumer) end(as []*assignment.Assignment) {
	defer c.handler.Forget()
	for _, a := range as {
		events, parked, bytes, m := a.End()
		if events > 0 {
			c.tally.GiveBack(events)
			c.window.Release(events-parked, bytes)
		}
		c.mu.Lock()
		delete(c.alive, a)
		if tp := a.TopicPartition(); c.assignments[tp] == a {
			delete(c.assignments, tp)
			if m != nil && !c.stopping {
				c.memories[tp] = m
			}
		}
		c.mu.Unlock()
	}
}
