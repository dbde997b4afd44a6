package consumer

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// commitTimeout bounds one commit: long enough for a coordinator that moves,
// short enough for a revoke to get its turn within the rebalance timeout.
const commitTimeout = 10 * time.Second

func (c *Consumer) commitLoop(ctx context.Context) {
	tick := time.NewTicker(c.opts.CommitInterval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			// Also those that drain: a drain may take long, and a crash within it
			// would otherwise send all that it has brought to an end again.
			c.commit(ctx, c.living())
		case <-ctx.Done():
			return
		}
	}
}

// commit writes down how far each of the assignments has got. What fails stays
// to be committed at the next turn.
func (c *Consumer) commit(ctx context.Context, as []*assignment) {
	c.committing.Lock()
	defer c.committing.Unlock()
	c.commitNow(ctx, as)
}

// conclude commits for the last time, and fences. No commit can come in between:
// it would be under way when the partitions have their next owners.
func (c *Consumer) conclude(ctx context.Context, as []*assignment) {
	c.committing.Lock()
	defer c.committing.Unlock()
	c.commitNow(ctx, as)
	c.end(as)
}

// commitNow is commit for who holds committing.
func (c *Consumer) commitNow(ctx context.Context, as []*assignment) {
	offsets := make(map[string]map[int32]kgo.EpochOffset)
	commits := make(map[topicPartition]commit)
	byPartition := make(map[topicPartition]*assignment)
	for _, a := range as {
		o, news := a.commitable()
		if !news {
			continue
		}
		if offsets[a.topic] == nil {
			offsets[a.topic] = make(map[int32]kgo.EpochOffset)
		}
		offsets[a.topic][a.partition] = o.offset
		tp := topicPartition{a.topic, a.partition}
		commits[tp], byPartition[tp] = o, a
	}
	if len(byPartition) == 0 {
		return
	}
	ctx = kgo.PreCommitFnContext(ctx, func(req *kmsg.OffsetCommitRequest) error {
		for i := range req.Topics {
			t := &req.Topics[i]
			for j := range t.Partitions {
				p := &t.Partitions[j]
				// Also when it is empty: the client would put the member's id.
				text := commits[c.partitionOf(t.Topic, p.Partition)].metadata
				p.Metadata = &text
			}
		}
		return nil
	})

	ctx, cancel := context.WithTimeout(ctx, commitTimeout)
	defer cancel()
	started := c.opts.Now()
	c.client.CommitOffsetsSync(ctx, offsets, func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest, resp *kmsg.OffsetCommitResponse, err error) {
		if err != nil {
			c.commitFailed(err)
			return
		}
		var failed error
		for _, t := range resp.Topics {
			for _, p := range t.Partitions {
				tp := c.partitionOf(t.Topic, p.Partition)
				if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
					failed = fmt.Errorf("%s: %w", tp, err)
					continue
				}
				if a := byPartition[tp]; a != nil {
					a.setCommitted(commits[tp])
				}
			}
		}
		if failed != nil {
			c.commitFailed(failed)
			return
		}
		c.metrics.commits.Inc()
		c.conditions.commits.OK()
	})
	c.metrics.commitSeconds.Observe(c.opts.Now().Sub(started).Seconds())
}

func (c *Consumer) commitFailed(err error) {
	c.metrics.commitFailures.Inc()
	c.conditions.commits.Fail(fmt.Sprintf("offsets cannot be committed: %v; they are tried again, and a crash before that sends what they cover again", err))
}
