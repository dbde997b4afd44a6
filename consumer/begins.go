package consumer

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
	"github.com/tracklayer/amazon-capi/consumer/commits"
	"github.com/tracklayer/amazon-capi/internal/crash"
)

// begins is where a group that starts at the latest offset begins in topics in which it
// may have no offset. Consumer.mu guards it.
type begins struct {
	// open holds the undecided topics, and how often the decision was left to the member that has
	// partition 0. Nothing is taken of their partitions without a commit.
	open   map[string]int
	looked map[string]bool                     // topics whose ends are kept
	ends   map[assignment.TopicPartition]int64 // as they were at the first look
}

func newBegins() begins {
	return begins{open: make(map[string]int), looked: make(map[string]bool), ends: make(map[assignment.TopicPartition]int64)}
}

// errLeftToOther is why a member does not decide where the group begins: only one may, or
// the later commit would skip what was written after the earlier one.
var errLeftToOther = errors.New("the member that has partition 0 decides")

// decide commits the ends of all partitions of those topics in which the group has no
// offset, in one commit per topic, so that partitions without one are new. A member
// commits as such, and leaves that to the one that has partition 0, unless that does
// nothing for a while. It returns the undecided topics, and why.
//
// Topics are examined concurrently and independently: a topic that does not answer does
// not delay others, and one that may not be read says nothing about them.
func (c *Consumer) decide(ctx context.Context, client *kgo.Client, topics []string, joined bool) (undecided map[string]error) {
	ctx, cancel := context.WithTimeout(ctx, commits.Timeout)
	defer cancel()
	has, err := c.groupOffsets(ctx, client, nil)
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
		return refuseAll(topics, err)
	}
	undecided = make(map[string]error)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, topic := range topics {
		if begun(has, topic) {
			c.decided(topic)
			continue
		}
		wg.Go(func() {
			defer crash.Report()
			if err := c.decideTopic(ctx, client, topic, joined); err != nil {
				mu.Lock()
				defer mu.Unlock()
				undecided[topic] = err
			}
		})
	}
	wg.Wait()
	return undecided
}

func refuseAll(topics []string, err error) map[string]error {
	undecided := make(map[string]error, len(topics))
	for _, topic := range topics {
		undecided[topic] = err
	}
	return undecided
}

// decideTopic is decide for one topic, in which the group seems to have no offset.
func (c *Consumer) decideTopic(ctx context.Context, client *kgo.Client, topic string, joined bool) error {
	// Before it is known who has partition 0, so that a commit is refused if it belongs to an
	// earlier generation.
	var member string
	var generation int32 = -1
	if joined {
		member, generation = client.GroupMetadata()
	}
	// A transaction that is open now is published later.
	ends, err := kadm.NewClient(client).ListCommittedOffsets(ctx, topic)
	if err == nil {
		err = ends.Error()
	}
	if errors.Is(err, kerr.UnknownTopicOrPartition) {
		c.decided(topic)
		return nil // everything in it is new
	}
	if err != nil {
		return err
	}
	at := c.keepEnds(topic, ends)
	// When asked for all, brokers omit what may not be read, as if it did not exist.
	has, err := c.groupOffsets(ctx, client, map[string][]int32{topic: slices.Sorted(maps.Keys(at))})
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
		return err
	}
	if begun(has, topic) {
		c.decided(topic)
		return nil
	}
	for _, p := range has {
		if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
			return err
		}
	}
	if joined && !c.decides(topic) {
		return errLeftToOther
	}
	if err := c.commitEnds(ctx, client, topic, at, member, generation); err != nil {
		return err
	}
	c.decided(topic)
	c.log.Info().Str("group", c.opts.Group).Str("topic", topic).Int("partitions", len(at)).
		Msg("the group is new to the topic and begins at its end")
	return nil
}

// keepEnds returns the ends of a topic's partitions as they were at the first look. A
// partition added since is new, and has none.
func (c *Consumer) keepEnds(topic string, ends kadm.ListedOffsets) map[int32]int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := make(map[int32]int64)
	ends.Each(func(o kadm.ListedOffset) {
		tp := assignment.Of(o.Topic, o.Partition)
		if !c.begins.looked[topic] {
			c.begins.ends[tp] = o.Offset
		}
		if first, ok := c.begins.ends[tp]; ok {
			at[o.Partition] = first
		}
	})
	c.begins.looked[topic] = true
	return at
}

// decides reports whether this member should decide where the group begins in a topic.
func (c *Consumer) decides(topic string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.assignments[assignment.Of(topic, 0)] != nil {
		return true
	}
	left, open := c.begins.open[topic]
	if open {
		c.begins.open[topic] = left + 1
	}
	return left >= startRefused // the other one may have been started with other options
}

// commitEnds commits where the group begins in a topic.
func (c *Consumer) commitEnds(ctx context.Context, client *kgo.Client, topic string, at map[int32]int64, member string, generation int32) error {
	described, err := describeTopics(ctx, client, topic)
	if err != nil {
		return err
	}
	if err := kerr.ErrorForCode(described[topic].ErrorCode); err != nil {
		return err
	}
	req := kmsg.NewPtrOffsetCommitRequest()
	req.Group, req.MemberID, req.Generation = c.opts.Group, member, generation
	if member != "" && c.opts.InstanceID != "" {
		req.InstanceID = &c.opts.InstanceID
	}
	t := kmsg.NewOffsetCommitRequestTopic()
	t.Topic, t.TopicID = topic, described[topic].TopicID
	for partition, offset := range at {
		p := kmsg.NewOffsetCommitRequestTopicPartition()
		p.Partition, p.Offset, p.LeaderEpoch = partition, offset, -1
		t.Partitions = append(t.Partitions, p)
	}
	req.Topics = append(req.Topics, t)
	resp, err := req.RequestWith(ctx, client)
	if err != nil {
		return err
	}
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				return err
			}
		}
	}
	return nil
}

// begun reports whether the group has committed anything of a topic.
func begun(offsets map[assignment.TopicPartition]kmsg.OffsetFetchResponseGroupTopicPartition, topic string) bool {
	for tp, p := range offsets {
		if tp.Topic == topic && p.ErrorCode == 0 && p.Offset >= 0 {
			return true
		}
	}
	return false
}

// decided notes that the group has begun in a topic: partitions without a commit are new.
func (c *Consumer) decided(topic string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begins.decided(topic)
}

// decided is for callers that hold Consumer.mu.
func (b *begins) decided(topic string) {
	delete(b.open, topic)
	delete(b.looked, topic)
	maps.DeleteFunc(b.ends, func(tp assignment.TopicPartition, _ int64) bool { return tp.Topic == topic })
}

// openTopics returns the topics in which it is undecided where the group begins.
func (c *Consumer) openTopics() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Sorted(maps.Keys(c.begins.open))
}

// isOpen reports whether it is not decided where the group begins in a topic.
func (c *Consumer) isOpen(topic string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, open := c.begins.open[topic]
	return open
}

// decideAgain retries topics that were undecided when the group was joined. It returns
// why some still are.
func (c *Consumer) decideAgain(ctx context.Context) (undecided map[string]error) {
	open := c.openTopics()
	if len(open) == 0 {
		return nil
	}
	return c.decide(ctx, c.client, open, true)
}
