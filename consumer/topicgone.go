package consumer

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
	"github.com/tracklayer/amazon-capi/consumer/topics"
	"github.com/tracklayer/amazon-capi/internal/wait"
)

// goneTimeout bounds the request whether a topic still exists. A revoke waits for its answer.
const goneTimeout = 2 * time.Second

// goneAgain is how long after the first answer the brokers are asked once more.
const goneAgain = 300 * time.Millisecond

// orphanRevoked keeps what is in flight of partitions that are revoked because their
// topic was deleted: nobody reads it again. In the consumer protocol brokers take the
// partitions away as soon as a topic is gone, in the classic one members keep them until
// it has been recreated; see remake. It returns the partitions that are revoked for other
// reasons.
func (c *Consumer) orphanRevoked(removed map[string][]int32) (rest map[string][]int32) {
	if !c.byEpoch() || c.opts.Job != nil {
		return removed
	}
	rest = maps.Clone(removed)
	for _, topic := range c.topicsGone(slices.Sorted(maps.Keys(removed))) {
		c.orphan(topic, removed[topic])
		delete(rest, topic)
	}
	return rest
}

func (c *Consumer) orphan(topic string, partitions []int32) {
	left, id := 0, c.topics.IDOf(topic)
	c.mu.Lock()
	for _, a := range c.named(map[string][]int32{topic: partitions}) {
		tp := a.TopicPartition()
		events, stamps := a.Orphan()
		left += events
		c.remade[tp] = former{stamps, id}
		delete(c.assignments, tp)
	}
	maps.DeleteFunc(c.memories, func(tp assignment.TopicPartition, _ *assignment.Memory) bool {
		return tp.Topic == topic && slices.Contains(partitions, tp.Partition)
	})
	c.mu.Unlock()
	c.log.Warn().Str("topic", topic).Int("in_flight", left).
		Msg("the topic was deleted; delivering what is in flight of it")
}

// topicsGone returns those that no longer exist according to the brokers. It asks about
// all at once: a revoke waits for the answer, however many topics there are. It asks twice,
// since one broker may not have heard of a topic, and what is parked of a deleted one
// cannot be delivered.
func (c *Consumer) topicsGone(asked []string) (gone []string) {
	ctx, cancel := context.WithTimeout(context.Background(), goneTimeout)
	defer cancel()
	gone = c.seemGone(ctx, asked)
	if len(gone) == 0 || !wait.For(ctx, goneAgain) {
		return nil
	}
	return c.seemGone(ctx, gone)
}

func (c *Consumer) seemGone(ctx context.Context, asked []string) (gone []string) {
	described, err := topics.Describe(ctx, c.client, asked...)
	if err != nil {
		return nil
	}
	for _, topic := range asked {
		t := described[topic]
		if t.ErrorCode == kerr.UnknownTopicOrPartition.Code || t.ErrorCode == 0 && c.topics.Differs(topic, t.TopicID) {
			gone = append(gone, topic)
		}
	}
	return gone
}

// describeTopic describes a topic as it is now.
func (c *Consumer) describeTopic(ctx context.Context, topic string) (kmsg.MetadataResponseTopic, error) {
	described, err := topics.Describe(ctx, c.client, topic)
	if err != nil {
		return kmsg.MetadataResponseTopic{}, err
	}
	return described[topic], kerr.ErrorForCode(described[topic].ErrorCode)
}
