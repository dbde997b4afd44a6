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

// begins is where a group that begins at the latest begins in topics that it may have no
// offset of. Consumer.mu guards it.
type begins struct {
	// open holds the topics that are not decided, and how often the decision was left to
	// the member that has partition 0. Nothing is taken of their partitions that have no
	// commit.
	open   map[string]int
	looked map[string]bool                     // topics whose ends are kept
	ends   map[assignment.TopicPartition]int64 // as they were at the first look
}

func newBegins() begins {
	return begins{open: make(map[string]int), looked: make(map[string]bool), ends: make(map[assignment.TopicPartition]int64)}
}

// errLeftToOther is why a member does not decide where the group begins: one must, or
// the later commit would pass over what was written since the earlier one.
var errLeftToOther = errors.New("the member that has partition 0 decides")

// decide commits the ends of all partitions of those topics that the group has no
// offset of, in one commit for each topic, so that partitions without one are new. A
// member commits as such, and leaves that to the one that has partition 0, unless that
// does nothing for a while. It returns the topics that are not decided, and why.
//
// Topics are asked about at once and alone: one that does not answer is not waited for
// by the others, and one that may not be read says nothing of them.
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

// decideTopic is decide of one topic, of which the group seems to have no offset.
func (c *Consumer) decideTopic(ctx context.Context, client *kgo.Client, topic string, joined bool) error {
	// Before it is known who has partition 0: what is committed then is refused if that
	// is of a generation before.
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
		return nil // all that it will hold is new
	}
	if err != nil {
		return err
	}
	at := c.keepEnds(topic, ends)
	// Asked for all, brokers leave out what may not be read, as if there were nothing.
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

// keepEnds returns the ends of a topic's partitions as they were at the first look. One
// that was added since is new, and has none.
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

// decides reports whether this member is to decide where the group begins in a topic.
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

// decided notes that the group has begun in a topic: what has no commit of it is new.
func (c *Consumer) decided(topic string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begins.decided(topic)
}

// decided is for who holds Consumer.mu.
func (b *begins) decided(topic string) {
	delete(b.open, topic)
	delete(b.looked, topic)
	maps.DeleteFunc(b.ends, func(tp assignment.TopicPartition, _ int64) bool { return tp.Topic == topic })
}

// openTopics returns the topics of which it is not decided where the group begins.
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

// decideAgain decides topics again that were not when the group was joined. It returns
// why some still are not.
func (c *Consumer) decideAgain(ctx context.Context) (undecided map[string]error) {
	open := c.openTopics()
	if len(open) == 0 {
		return nil
	}
	return c.decide(ctx, c.client, open, true)
}
