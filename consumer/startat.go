package consumer

import (
	"context"
	"slices"
	"time"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
	"github.com/tracklayer/amazon-capi/consumer/start"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/wait"
)

const (
	// newPartitionsWithin is how soon partitions added to the topic are noticed.
	newPartitionsWithin = 30 * time.Second
	// startEvery spaces the attempts to find out where a group begins.
	startEvery = time.Second
)

// startAt decides where a group that starts at the latest offset begins, before it is
// joined. That is a property of the group and not of a partition: it has no offset of the
// topic at all. Then the ends of all partitions are committed, once, and a partition
// without a commit from then on is new, and begins at its start.
//
// The commit is one without a member, which brokers accept only while the group has none:
// of two that start at once, one is refused, and finds the other's. If the group has
// members, it is never accepted; then the present ends are kept, and a member commits
// them once it has joined.
//
// Each topic is decided alone: one that is added to the list of a group that has offsets
// of others begins at its own end, and one that cannot be examined holds only its own
// partitions.
//
// It returns false if ctx ended first.
func (c *Consumer) startAt(ctx context.Context) bool {
	if c.opts.Start != StartLatest || c.opts.Job != nil {
		return true
	}
	c.begins.Leave(c.opts.Topics)
	for refused := 0; ctx.Err() == nil; {
		undecided := c.decideAside(ctx)
		var members, unknown []string // what keeps the topics from being decided
		for topic, err := range undecided {
			if start.HasMembers(err) {
				members = append(members, topic)
			} else {
				unknown = append(unknown, topic)
			}
		}
		if len(members) > 0 {
			refused++
		}
		if settled := len(members) == 0 || refused >= start.MostRefused; settled && (len(undecided) == 0 || len(unknown) < len(c.opts.Topics)) {
			c.tellUndecided(members, unknown, undecided)
			c.conditions.assignment.Pending("the group has not answered yet")
			return true
		}
		if len(unknown) > 0 && ctx.Err() == nil {
			slices.Sort(unknown)
			c.conditions.assignment.Fail(start.Undecidable(c.opts.Group, unknown, undecided[unknown[0]]).Error())
		}
		if !wait.For(ctx, startEvery) {
			return false
		}
	}
	return false
}

// decideAside is decide before the client is made.
func (c *Consumer) decideAside(ctx context.Context) (undecided map[string]error) {
	client, err := c.asker()
	if err != nil {
		return c.begins.Undecided(err)
	}
	defer client.Close()
	return c.begins.Decide(ctx, client, false)
}

// tellUndecided logs which topics are undecided when the group is joined.
func (c *Consumer) tellUndecided(members, unknown []string, why map[string]error) {
	slices.Sort(members)
	if len(members) > 0 {
		c.log.Warn().Str("group", c.opts.Group).Strs("topics", members).
			Msg("the group has members, and no offset of this topic: beginning at the ends as they are now")
	}
	slices.Sort(unknown)
	for _, topic := range unknown {
		c.log.Warn().Err(redact.Wrap(why[topic])).Str("group", c.opts.Group).Str("topic", topic).
			Msg("start latest: where the group begins in the topic cannot be decided; its partitions wait, and others go on")
	}
}

// ownsFirst reports whether this member has partition 0 of a topic.
func (c *Consumer) ownsFirst(topic string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.assignments[assignment.Of(topic, 0)] != nil
}
