package consumer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
	"github.com/tracklayer/amazon-capi/consumer/commits"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/wait"
)

const (
	// newPartitionsWithin is how soon partitions that are added to the topic are
	// noticed.
	newPartitionsWithin = 30 * time.Second
	// startEvery spaces the tries to find out where a group begins.
	startEvery = time.Second
	// startRefused is how often members of the group may be in the way of writing
	// down where it begins.
	startRefused = 5
)

// startAt decides where a group that begins at the latest begins, before it is
// joined. That is a matter of the group and not of a partition: it has no offset
// of the topic at all. Then the ends of all partitions are committed, once, and a
// partition that has no commit from then on is new, and begins at its start.
//
// The commit is one without a member, which brokers take only while the group
// has none: of two that start at once, one is refused, and finds the other's. If
// there are members that belong to another topic, it is never taken; then the
// ends as they were are kept, and each partition's becomes its first commit when
// it is assigned.
//
// Each topic is decided alone: one that is added to the list of a group that has offsets
// of others begins at its own end.
//
// It returns false if ctx ended first.
func (c *Consumer) startAt(ctx context.Context) bool {
	if c.opts.Start != StartLatest || c.opts.Job != nil {
		return true
	}
	looked := make(map[string]bool) // topics whose ends are kept
	undecided := c.opts.Topics
	for refused := 0; ctx.Err() == nil; {
		var err error
		undecided, err = c.commitEnds(ctx, undecided, looked)
		switch {
		case len(undecided) == 0:
			c.conditions.assignment.Pending("the group has not answered yet")
			return true
		case hasMembers(err):
			if refused++; refused >= startRefused {
				c.log.Warn().Str("group", c.opts.Group).Strs("topics", undecided).
					Msg("the group has members, and no offset of this topic: beginning at the ends as they are now")
				return true
			}
		case ctx.Err() == nil:
			c.conditions.assignment.Fail(fmt.Sprintf("start latest: where group %q begins in topic %s cannot be decided: %s",
				c.opts.Group, quoted(undecided), redact.Error(err)))
		}
		if !wait.For(ctx, startEvery) {
			return false
		}
	}
	return false
}

// quoted lists names.
func quoted(names []string) string {
	var qs []string
	for _, name := range names {
		qs = append(qs, strconv.Quote(name))
	}
	return strings.Join(qs, ", ")
}

// hasMembers reports whether a commit was refused because the group has members.
func hasMembers(err error) bool {
	for _, e := range []error{kerr.UnknownMemberID, kerr.IllegalGeneration, kerr.RebalanceInProgress, kerr.StaleMemberEpoch, kerr.FencedMemberEpoch} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// commitEnds commits the ends of all partitions of those topics that the group has no
// offset of. It keeps them when members are in the way. It returns the topics that are
// not decided, and why; that members are in the way only if nothing else is.
func (c *Consumer) commitEnds(ctx context.Context, topics []string, looked map[string]bool) (undecided []string, why error) {
	client, err := c.asker()
	if err != nil {
		return topics, err
	}
	defer client.Close()
	admin := kadm.NewClient(client)
	ctx, cancel := context.WithTimeout(ctx, commits.Timeout)
	defer cancel()
	has, err := admin.FetchOffsets(ctx, c.opts.Group)
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
		return topics, err
	}
	for _, topic := range topics {
		err := c.commitEndsOf(ctx, admin, topic, has, looked)
		if err == nil {
			continue
		}
		undecided = append(undecided, topic)
		if why == nil || hasMembers(why) {
			why = err
		}
	}
	return undecided, why
}

// commitEndsOf is commitEnds of one topic.
func (c *Consumer) commitEndsOf(ctx context.Context, admin *kadm.Client, topic string, has kadm.OffsetResponses, looked map[string]bool) error {
	begun, err := hasOffsets(has, topic)
	if err != nil || begun {
		c.forgetEnds(topic)
		return err
	}
	// A transaction that is open now is published later.
	ends, err := admin.ListCommittedOffsets(ctx, topic)
	if err == nil {
		err = ends.Error()
	}
	if errors.Is(err, kerr.UnknownTopicOrPartition) {
		return nil // all that it will hold is new
	}
	if err != nil {
		return err
	}
	offsets := make(kadm.Offsets)
	ends.Each(func(o kadm.ListedOffset) {
		tp := assignment.Of(o.Topic, o.Partition)
		if !looked[topic] {
			c.ends[tp] = o.Offset
		}
		// One that was added since the first look is new, and has no offset.
		if at, ok := c.ends[tp]; ok {
			offsets.Add(kadm.Offset{Topic: o.Topic, Partition: o.Partition, At: at, LeaderEpoch: -1})
		}
	})
	looked[topic] = true
	if err := admin.CommitAllOffsets(ctx, c.opts.Group, offsets); err != nil {
		return err
	}
	c.forgetEnds(topic)
	c.log.Info().Str("group", c.opts.Group).Str("topic", topic).Int("partitions", len(offsets[topic])).
		Msg("the group is new to the topic and begins at its end")
	return nil
}

// forgetEnds forgets where a topic's partitions begin: the group knows.
func (c *Consumer) forgetEnds(topic string) {
	maps.DeleteFunc(c.ends, func(tp assignment.TopicPartition, _ int64) bool { return tp.Topic == topic })
}

// hasOffsets reports whether a group has committed anything of a topic.
func hasOffsets(offsets kadm.OffsetResponses, topic string) (bool, error) {
	for _, o := range offsets[topic] {
		if o.Err != nil {
			return false, o.Err
		}
		if o.At >= 0 {
			return true, nil
		}
	}
	return false, nil
}

// firstOf is where a partition without a commit begins; -1 for its start.
func (c *Consumer) firstOf(tp assignment.TopicPartition) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at, ok := c.ends[tp]; ok {
		return at
	}
	return -1
}

// hasBegun notes that a partition has a commit. Should it lose it, all that it holds
// then is new to the group.
func (c *Consumer) hasBegun(tp assignment.TopicPartition) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.ends, tp)
}
