package consumer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
	"github.com/tracklayer/amazon-capi/consumer/ends"
	"github.com/tracklayer/amazon-capi/internal/crash"
	"github.com/tracklayer/amazon-capi/internal/redact"
)

const (
	// lagEvery is how often the ends of the partitions are read. Polls bring them too,
	// but not while the window is full, which is when lag matters.
	lagEvery = 10 * time.Second
	// reachGrace is how long brokers may give no answer before readiness says so: a
	// leader that moves, or a broker that restarts, is gone for seconds and recovers by
	// itself.
	reachGrace = 30 * time.Second
)

// lagLoop keeps the partitions' ends known. Because it makes requests at a steady pace,
// it also notices that brokers are unavailable.
func (c *Consumer) lagLoop(ctx context.Context) {
	defer crash.Report()
	admin := kadm.NewClient(c.client)
	r := reach{since: make(map[assignment.TopicPartition]time.Time), topicOK: make(map[string]bool)}
	tick := time.NewTicker(lagEvery)
	defer tick.Stop()
	for {
		c.checkTopics(ctx)
		c.askSession(ctx)
		c.askEnds(ctx, admin, &r)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// reach records since when there was no answer: from any broker, about a topic, and about
// partitions. Those of partition -1 are about their topic as a whole.
type reach struct {
	brokers   time.Time
	since     map[assignment.TopicPartition]time.Time
	brokersOK bool            // they have answered once
	topicOK   map[string]bool // likewise, of a topic
}

// lasts notes a fault, and reports whether to report it: at once if it is permanent, or
// if there was never a success; otherwise when it has lasted.
func lasts(since *time.Time, now time.Time, atOnce bool) bool {
	if since.IsZero() {
		*since = now
	}
	return atOnce || now.Sub(*since) >= reachGrace
}

func (c *Consumer) askEnds(ctx context.Context, admin *kadm.Client, r *reach) {
	ctx, cancel := context.WithTimeout(ctx, lagEvery)
	defer cancel()
	e := ends.New()
	err := ends.ByTopic(c.opts.Topics, func(topics ...string) error {
		list, err := admin.ListCommittedOffsets(ctx, topics...)
		e.Note(topics, list, err)
		return err
	})
	if ctx.Err() != nil && errors.Is(context.Cause(ctx), context.Canceled) {
		return
	}
	now := c.opts.Now()
	if len(e.At) == 0 && err != nil && !c.answered(e) {
		if lasts(&r.brokers, now, !r.brokersOK) {
			c.conditions.brokers.Fail(fmt.Sprintf("the brokers do not answer: %s", redact.Error(ends.Plainly(err, r.brokersOK))))
		}
		return
	}
	r.brokers, r.brokersOK = time.Time{}, true
	c.conditions.brokers.OK()
	for _, a := range c.owned() {
		if end, ok := e.At[a.TopicPartition()]; ok {
			a.EndsAt(end)
		}
	}
	c.tellFaults(r, now, e)
	c.readableAgain(now, e.At)
	c.moveOn(now, e.At)
}

// answered reports whether faults without any end are an answer nevertheless: some broker
// refused the request, or named others to ask, and those are not all.
func (c *Consumer) answered(e ends.Ends) bool {
	silent := make(map[int32]bool)
	for tp, fault := range e.Faults {
		if tp.Partition < 0 {
			return true
		}
		if u, ok := errors.AsType[ends.Unanswered](fault); ok {
			silent[u.Broker.NodeID] = true
		}
	}
	return len(silent) > 0 && len(silent) < len(c.client.DiscoveredBrokers())
}

// tellFaults fails the topics' condition if one has been unreachable for long, as a whole
// or in partitions of this member. Other members report theirs.
func (c *Consumer) tellFaults(r *reach, now time.Time, e ends.Ends) {
	still := make(map[assignment.TopicPartition]time.Time)
	owned := c.owned()
	var told []string
	pending := false
	for _, topic := range c.opts.Topics {
		whole := assignment.Of(topic, -1)
		fault := e.Faults[whole]
		if fault == nil || e.Tells[topic] {
			r.topicOK[topic] = true
			if why := c.unreached(topic, owned, r, still, now, e); why != "" {
				told = append(told, why)
			}
			continue
		}
		since := r.since[whole]
		if lasts(&since, now, !r.topicOK[topic] || !kerr.IsRetriable(fault)) {
			told = append(told, ends.Unreadable(topic, fault))
		} else {
			pending = true
		}
		still[whole] = since
	}
	r.since = still
	switch {
	case len(told) > 0:
		c.conditions.topic.Fail(ends.Some(told))
	case !pending:
		c.conditions.topic.OK()
	}
}

// unreached names a topic's partitions that have been unreachable for long; empty for none.
func (c *Consumer) unreached(topic string, owned []*assignment.Assignment, r *reach, still map[assignment.TopicPartition]time.Time, now time.Time, e ends.Ends) string {
	var told []string
	for _, a := range owned {
		tp := a.TopicPartition()
		if _, ok := e.At[tp]; ok || tp.Topic != topic {
			continue
		}
		fault := e.Faults[tp]
		if fault == nil {
			fault = ends.ErrUntold
		}
		if !errors.As(fault, new(ends.Unanswered)) { // which names its broker
			fault = ends.Plainly(fault, true)
		}
		since := r.since[tp]
		if lasts(&since, now, ends.RefusedForGood(fault)) {
			told = append(told, fmt.Sprintf("partition %d: %s", tp.Partition, redact.Error(fault)))
		}
		still[tp] = since
	}
	if len(told) == 0 {
		return ""
	}
	slices.Sort(told)
	return fmt.Sprintf("topic %q cannot be read: %s", topic, ends.Some(told))
}
