package consumer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
)

// lagEvery is how often the ends of the partitions are asked for. Polls tell
// them too, but not while the window is full, which is when lag matters.
const lagEvery = 10 * time.Second

// unreadableTopic says what is the matter with a topic that cannot be read.
func unreadableTopic(topic string, err error) string {
	if errors.Is(err, kerr.UnknownTopicOrPartition) {
		return fmt.Sprintf("topic %q does not exist (--topic): check its name, create it, or start run with --create-topics", topic)
	}
	return fmt.Sprintf("topic %q cannot be read: %v", topic, err)
}

// lagLoop keeps the partitions' ends known. As it asks the brokers at a steady
// pace, it is also what notices that they are away.
func (c *Consumer) lagLoop(ctx context.Context) {
	admin := kadm.NewClient(c.client)
	tick := time.NewTicker(lagEvery)
	defer tick.Stop()
	for {
		c.askEnds(ctx, admin)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (c *Consumer) askEnds(ctx context.Context, admin *kadm.Client) {
	ctx, cancel := context.WithTimeout(ctx, lagEvery)
	defer cancel()
	ends, err := admin.ListCommittedOffsets(ctx, c.opts.Topic)
	if ctx.Err() != nil && context.Cause(ctx) == context.Canceled {
		return
	}
	if err != nil {
		c.conditions.brokers.Fail(fmt.Sprintf("the brokers do not answer: %v", err))
		return
	}
	if err := ends.Error(); err != nil {
		c.conditions.brokers.OK()
		c.conditions.topic.Fail(unreadableTopic(c.opts.Topic, err))
		return
	}
	c.conditions.brokers.OK()
	c.conditions.topic.OK()
	for _, a := range c.owned() {
		if o, ok := ends.Lookup(a.topic, a.partition); ok && o.Err == nil {
			a.mu.Lock()
			a.highWater = max(a.highWater, o.Offset)
			a.mu.Unlock()
		}
	}
}
