package consumer

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
)

// goneTimeout bounds the question whether a topic is still there. A revoke waits for
// its answer.
const goneTimeout = 2 * time.Second

// orphanRevoked keeps what is in flight of partitions that are revoked because their
// topic was deleted: nobody reads it again. In the consumer protocol brokers take the
// partitions away as soon as a topic is gone, in the classic one members keep them until
// it has been made again; see remake. It returns the partitions that are revoked for
// other reasons.
func (c *Consumer) orphanRevoked(removed map[string][]int32) (rest map[string][]int32) {
	if !c.byEpoch() || c.opts.Job != nil {
		return removed
	}
	rest = maps.Clone(removed)
	for _, topic := range slices.Sorted(maps.Keys(removed)) {
		if c.topicGone(topic) {
			c.orphan(topic, removed[topic])
			delete(rest, topic)
		}
	}
	return rest
}

func (c *Consumer) orphan(topic string, partitions []int32) {
	left := 0
	c.mu.Lock()
	for _, a := range c.named(map[string][]int32{topic: partitions}) {
		tp := a.TopicPartition()
		events, stamps := a.Orphan()
		left += events
		c.remade[tp] = stamps
		delete(c.assignments, tp)
	}
	maps.DeleteFunc(c.memories, func(tp assignment.TopicPartition, _ *assignment.Memory) bool {
		return tp.Topic == topic && slices.Contains(partitions, tp.Partition)
	})
	c.mu.Unlock()
	c.log.Warn().Str("topic", topic).Int("in_flight", left).
		Msg("the topic was deleted; delivering what is in flight of it")
}

// topicGone reports whether the brokers say that a topic which is read does not exist
// any more.
func (c *Consumer) topicGone(topic string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), goneTimeout)
	defer cancel()
	t, err := c.describeTopic(ctx, topic)
	return errors.Is(err, kerr.UnknownTopicOrPartition) || err == nil && c.topics.differs(topic, t.TopicID)
}

// describeTopic asks for a topic as it is now.
func (c *Consumer) describeTopic(ctx context.Context, topic string) (kmsg.MetadataResponseTopic, error) {
	req := kmsg.NewPtrMetadataRequest()
	t := kmsg.NewMetadataRequestTopic()
	t.Topic = &topic
	req.Topics = append(req.Topics, t)
	resp, err := req.RequestWith(ctx, c.client)
	if err != nil {
		return kmsg.MetadataResponseTopic{}, err
	}
	if len(resp.Topics) != 1 {
		return kmsg.MetadataResponseTopic{}, errors.New("the brokers answered about other topics")
	}
	return resp.Topics[0], kerr.ErrorForCode(resp.Topics[0].ErrorCode)
}
