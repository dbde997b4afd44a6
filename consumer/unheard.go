package consumer

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
	"github.com/tracklayer/amazon-capi/consumer/commits"
	"github.com/tracklayer/amazon-capi/consumer/start"
	"github.com/tracklayer/amazon-capi/consumer/topics"
)

// The client asks the group only once where a partition stands. If the group does not
// say, the client drops the partition from the assignment, and nobody would read it
// before the next rebalance. So it is held, and the group is asked again.

// unheard returns the assignments whose offsets the group has not reported.
func (c *Consumer) unheard() (as []*assignment.Assignment) {
	for a := range c.awaiting() {
		as = append(as, a)
	}
	return as
}

// awaiting returns them with how often each has been given.
func (c *Consumer) awaiting() map[*assignment.Assignment]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	as := make(map[*assignment.Assignment]int)
	for _, a := range c.assignments {
		if given, awaits := a.Awaits(); awaits {
			as[a] = given
		}
	}
	return as
}

// hearAgain asks the group about unreported partitions. It returns those that it still
// does not report, and why.
func (c *Consumer) hearAgain(ctx context.Context) (silent []*assignment.Assignment, err error) {
	asked := c.awaiting()
	silent = slices.Collect(maps.Keys(asked))
	if len(silent) == 0 {
		return nil, nil
	}
	undecided := c.begins.Decide(ctx, c.client, true)
	told, err := c.askOffsets(ctx, silent)
	if err != nil {
		return silent, fmt.Errorf("the offsets of group %q cannot be fetched: %w", c.opts.Group, err)
	}
	silent = slices.DeleteFunc(silent, func(a *assignment.Assignment) bool {
		p, ok := told[a.TopicPartition()]
		if !ok {
			err = fmt.Errorf("group %q does not tell the offset of partition %s", c.opts.Group, a.TopicPartition())
			return false
		}
		if refused := kerr.ErrorForCode(p.ErrorCode); refused != nil {
			err = fmt.Errorf("group %q does not tell the offset of partition %s: %w", c.opts.Group, a.TopicPartition(), refused)
			return false
		}
		if why := undecided[a.Topic()]; why != nil && p.Offset < 0 {
			err = start.Undecidable(c.opts.Group, []string{a.Topic()}, why)
			return false
		}
		c.hear(c.client, a.TopicPartition(), assignment.Fetched{Offset: p.Offset, Metadata: p.Metadata, Of: a, Given: asked[a]})
		return true // if that was not what is awaited by now, that is asked for next
	})
	return silent, err
}

// askOffsets fetches what the group holds of these partitions. It names them: when asked
// for all, brokers omit what may not be read, as if it did not exist.
func (c *Consumer) askOffsets(ctx context.Context, as []*assignment.Assignment) (map[assignment.TopicPartition]kmsg.OffsetFetchResponseGroupTopicPartition, error) {
	ctx, cancel := context.WithTimeout(ctx, commits.Timeout)
	defer cancel()
	of := make(map[string][]int32)
	for _, a := range as {
		of[a.Topic()] = append(of[a.Topic()], a.Partition())
	}
	return topics.GroupOffsets(ctx, c.client, c.topics, c.opts.Group, of)
}
