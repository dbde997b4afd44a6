package consumer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tracklayer/amazon-capi/internal/crash"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
)

const (
	// lagEvery is how often the ends of the partitions are asked for. Polls tell
	// them too, but not while the window is full, which is when lag matters.
	lagEvery = 10 * time.Second
	// reachGrace is how long brokers may give no answer before readiness says so: a
	// leader that moves, or a broker that restarts, is gone for seconds and mends
	// itself.
	reachGrace = 30 * time.Second
)

// unreadableTopic says what is the matter with a topic that cannot be read.
func unreadableTopic(topic string, err error) string {
	if errors.Is(err, kerr.UnknownTopicOrPartition) {
		return fmt.Sprintf("topic %q does not exist (%s): check its name, create it, or start run with %s", topic, setting.Topic, setting.CreateTopics)
	}
	return fmt.Sprintf("topic %q cannot be read: %s", topic, redact.Error(err))
}

// lagLoop keeps the partitions' ends known. As it asks the brokers at a steady
// pace, it is also what notices that they are away.
func (c *Consumer) lagLoop(ctx context.Context) {
	defer crash.Report()
	admin := kadm.NewClient(c.client)
	r := reach{since: make(map[int32]time.Time)}
	tick := time.NewTicker(lagEvery)
	defer tick.Stop()
	for {
		c.checkTopic(ctx)
		c.askEnds(ctx, admin, &r)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// reach is since when there was no answer: from any broker, about the topic, and
// about its partitions.
type reach struct {
	brokers, topic     time.Time
	since              map[int32]time.Time
	brokersOK, topicOK bool // they have answered once
}

// lasts notes a fault, and reports whether it is to be told: at once if it is one
// that does not pass by itself, or if all was never well; else when it has lasted.
func lasts(since *time.Time, now time.Time, atOnce bool) bool {
	if since.IsZero() {
		*since = now
	}
	return atOnce || now.Sub(*since) >= reachGrace
}

func (c *Consumer) askEnds(ctx context.Context, admin *kadm.Client, r *reach) {
	ctx, cancel := context.WithTimeout(ctx, lagEvery)
	defer cancel()
	list, err := admin.ListCommittedOffsets(ctx, c.opts.Topic)
	if ctx.Err() != nil && errors.Is(context.Cause(ctx), context.Canceled) {
		return
	}
	ends, faults := endsOf(list[c.opts.Topic], err)
	now := c.opts.Now()
	if len(ends) == 0 && err != nil && !c.answered(faults) {
		if lasts(&r.brokers, now, !r.brokersOK) {
			c.conditions.brokers.Fail(fmt.Sprintf("the brokers do not answer: %s", redact.Error(plainly(err, r.brokersOK))))
		}
		return
	}
	r.brokers, r.brokersOK = time.Time{}, true
	c.conditions.brokers.OK()
	if fault := faults[-1]; fault != nil && len(ends) == 0 {
		if lasts(&r.topic, now, !r.topicOK || !kerr.IsRetriable(fault)) {
			c.conditions.topic.Fail(unreadableTopic(c.opts.Topic, fault))
		}
		return
	}
	r.topic, r.topicOK = time.Time{}, true
	for _, a := range c.owned() {
		if end, ok := ends[a.Partition()]; ok {
			a.EndsAt(end)
		}
	}
	c.tellUnreached(r, now, ends, faults)
	c.readableAgain(now, ends)
}

// answered reports whether faults without any end are an answer all the same: some
// broker refused the question, or told which others to ask, and those are not all.
func (c *Consumer) answered(faults map[int32]error) bool {
	silent := make(map[int32]bool)
	for _, fault := range faults {
		if u, ok := errors.AsType[unanswered](fault); ok {
			silent[u.broker.NodeID] = true
		}
	}
	return faults[-1] != nil || len(silent) > 0 && len(silent) < len(c.client.DiscoveredBrokers())
}

// tellUnreached fails the topic's condition if partitions of this member have not
// been reached for long. Those of other members are theirs to tell.
func (c *Consumer) tellUnreached(r *reach, now time.Time, ends map[int32]int64, faults map[int32]error) {
	still := make(map[int32]time.Time)
	var told []string
	for _, a := range c.owned() {
		fault := faults[a.Partition()]
		if _, ok := ends[a.Partition()]; ok {
			continue
		} else if fault == nil {
			fault = errUntold
		}
		if !errors.As(fault, new(unanswered)) { // which names its broker
			fault = plainly(fault, true)
		}
		since := r.since[a.Partition()]
		if lasts(&since, now, refusedForGood(fault)) {
			told = append(told, fmt.Sprintf("partition %d: %s", a.Partition(), redact.Error(fault)))
		}
		still[a.Partition()] = since
	}
	r.since = still
	if len(told) == 0 {
		c.conditions.topic.OK()
		return
	}
	const most = 5
	slices.Sort(told)
	more := ""
	if n := len(told) - most; n > 0 {
		told, more = told[:most], fmt.Sprintf("; and %d more", n)
	}
	c.conditions.topic.Fail(fmt.Sprintf("topic %q cannot be read: %s%s", c.opts.Topic, strings.Join(told, "; "), more))
}

// errUntold is for a partition that no answer mentions.
var errUntold = errors.New("the brokers do not tell of it")

// refusedForGood reports whether a broker said that this does not pass by itself.
func refusedForGood(fault error) bool {
	var code *kerr.Error
	return errors.As(fault, &code) && !code.Retriable && !errors.As(fault, new(unanswered))
}

// unanswered is a question that a broker did not answer.
type unanswered struct {
	broker kgo.BrokerMetadata
	err    error
}

func (e unanswered) Error() string {
	if e.broker.NodeID < 0 {
		return fmt.Sprintf("no broker leads it: %v", plainly(e.err, true))
	}
	return fmt.Sprintf("broker %d (%s:%d) does not answer: %v", e.broker.NodeID, e.broker.Host, e.broker.Port, plainly(e.err, true))
}

func (e unanswered) Unwrap() error { return e.err }

// endsOf sorts an answer, which may be a part of one, into ends and faults by
// partition. A fault of partition -1 is the topic's.
func endsOf(list map[int32]kadm.ListedOffset, err error) (ends map[int32]int64, faults map[int32]error) {
	ends, faults = make(map[int32]int64), make(map[int32]error)
	if refused, ok := errors.AsType[*kadm.AuthError](err); ok {
		faults[-1] = refused
	}
	for p, o := range list {
		if o.Err != nil {
			faults[p] = o.Err
		} else {
			ends[p] = o.Offset
		}
	}
	var parts *kadm.ShardErrors
	if !errors.As(err, &parts) {
		return ends, faults
	}
	for _, part := range parts.Errs {
		req, ok := part.Req.(*kmsg.ListOffsetsRequest)
		if !ok {
			continue
		}
		for _, t := range req.Topics {
			for _, p := range t.Partitions {
				if _, answered := ends[p.Partition]; !answered {
					faults[p.Partition] = unanswered{part.Broker, part.Err}
				}
			}
		}
	}
	return ends, faults
}

// plainly is the error in words that fit. The client takes a connection that is
// closed at once for a sign of missing TLS or SASL; of brokers that have answered
// before it is a sign that one went away.
func plainly(err error, answered bool) error {
	var eof *kgo.ErrFirstReadEOF
	if answered && errors.As(err, &eof) {
		return errors.New("the broker closed the connection")
	}
	return err
}
