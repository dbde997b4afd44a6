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

	"github.com/tracklayer/amazon-capi/consumer/assignment"
	"github.com/tracklayer/amazon-capi/internal/crash"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
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

// unreadableTopic says why a topic cannot be read.
func unreadableTopic(topic string, err error) string {
	if errors.Is(err, kerr.UnknownTopicOrPartition) {
		return fmt.Sprintf("topic %q does not exist (%s): check its name, create it, or start run with %s", topic, setting.Topic, setting.CreateTopics)
	}
	return fmt.Sprintf("topic %q cannot be read: %s", topic, redact.Error(err))
}

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
	e := newEnds()
	err := byTopic(c.opts.Topics, func(topics ...string) error {
		list, err := admin.ListCommittedOffsets(ctx, topics...)
		e.note(topics, list, err)
		return err
	})
	if ctx.Err() != nil && errors.Is(context.Cause(ctx), context.Canceled) {
		return
	}
	now := c.opts.Now()
	if len(e.at) == 0 && err != nil && !c.answered(e) {
		if lasts(&r.brokers, now, !r.brokersOK) {
			c.conditions.brokers.Fail(fmt.Sprintf("the brokers do not answer: %s", redact.Error(plainly(err, r.brokersOK))))
		}
		return
	}
	r.brokers, r.brokersOK = time.Time{}, true
	c.conditions.brokers.OK()
	for _, a := range c.owned() {
		if end, ok := e.at[a.TopicPartition()]; ok {
			a.EndsAt(end)
		}
	}
	c.tellFaults(r, now, e)
	c.readableAgain(now, e.at)
	c.moveOn(now, e.at)
}

// byTopic asks about all topics at once, and then about each alone if one may not be
// read: the answer for all may omit others. It returns an error of the brokers, if there
// is one.
func byTopic(topics []string, ask func(topics ...string) error) (err error) {
	err = ask(topics...)
	if _, refused := errors.AsType[*kadm.AuthError](err); !refused || len(topics) == 1 {
		return err
	}
	for _, topic := range topics {
		err = ask(topic)
	}
	return err
}

// answered reports whether faults without any end are an answer nevertheless: some broker
// refused the request, or named others to ask, and those are not all.
func (c *Consumer) answered(e ends) bool {
	silent := make(map[int32]bool)
	for tp, fault := range e.faults {
		if tp.Partition < 0 {
			return true
		}
		if u, ok := errors.AsType[unanswered](fault); ok {
			silent[u.broker.NodeID] = true
		}
	}
	return len(silent) > 0 && len(silent) < len(c.client.DiscoveredBrokers())
}

// tellFaults fails the topics' condition if one has been unreachable for long, as a whole
// or in partitions of this member. Other members report theirs.
func (c *Consumer) tellFaults(r *reach, now time.Time, e ends) {
	still := make(map[assignment.TopicPartition]time.Time)
	owned := c.owned()
	var told []string
	pending := false
	for _, topic := range c.opts.Topics {
		whole := assignment.Of(topic, -1)
		fault := e.faults[whole]
		if fault == nil || e.tells[topic] {
			r.topicOK[topic] = true
			if why := c.unreached(topic, owned, r, still, now, e); why != "" {
				told = append(told, why)
			}
			continue
		}
		since := r.since[whole]
		if lasts(&since, now, !r.topicOK[topic] || !kerr.IsRetriable(fault)) {
			told = append(told, unreadableTopic(topic, fault))
		} else {
			pending = true
		}
		still[whole] = since
	}
	r.since = still
	switch {
	case len(told) > 0:
		c.conditions.topic.Fail(some(told))
	case !pending:
		c.conditions.topic.OK()
	}
}

// unreached names a topic's partitions that have been unreachable for long; empty for none.
func (c *Consumer) unreached(topic string, owned []*assignment.Assignment, r *reach, still map[assignment.TopicPartition]time.Time, now time.Time, e ends) string {
	var told []string
	for _, a := range owned {
		tp := a.TopicPartition()
		if _, ok := e.at[tp]; ok || tp.Topic != topic {
			continue
		}
		fault := e.faults[tp]
		if fault == nil {
			fault = errUntold
		}
		if !errors.As(fault, new(unanswered)) { // which names its broker
			fault = plainly(fault, true)
		}
		since := r.since[tp]
		if lasts(&since, now, refusedForGood(fault)) {
			told = append(told, fmt.Sprintf("partition %d: %s", tp.Partition, redact.Error(fault)))
		}
		still[tp] = since
	}
	if len(told) == 0 {
		return ""
	}
	slices.Sort(told)
	return fmt.Sprintf("topic %q cannot be read: %s", topic, some(told))
}

// some lists a few of many faults.
func some(told []string) string {
	const most = 5
	more := ""
	if n := len(told) - most; n > 0 {
		told, more = told[:most], fmt.Sprintf("; and %d more", n)
	}
	return strings.Join(told, "; ") + more
}

// errUntold is for a partition that no answer mentions.
var errUntold = errors.New("the brokers do not tell of it")

// refusedForGood reports whether a broker's error is permanent.
func refusedForGood(fault error) bool {
	var code *kerr.Error
	return errors.As(fault, &code) && !code.Retriable && !errors.As(fault, new(unanswered))
}

// unanswered is a request that a broker did not answer.
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

// ends is what brokers say about where partitions end.
type ends struct {
	at     map[assignment.TopicPartition]int64
	faults map[assignment.TopicPartition]error // of partition -1: the topic's
	tells  map[string]bool                     // the end of some partition of the topic is known
}

func newEnds() ends {
	return ends{
		at: make(map[assignment.TopicPartition]int64), faults: make(map[assignment.TopicPartition]error), tells: make(map[string]bool),
	}
}

// note adds an answer about topics, which may be a partial one, and replaces what was
// said about them before.
func (e ends) note(topics []string, list kadm.ListedOffsets, err error) {
	for _, topic := range topics {
		delete(e.faults, assignment.Of(topic, -1))
	}
	list.Each(func(o kadm.ListedOffset) {
		tp := assignment.Of(o.Topic, o.Partition)
		if o.Err != nil {
			e.faults[tp] = o.Err
		} else {
			e.at[tp] = o.Offset
			e.tells[o.Topic] = true
		}
	})
	if refused, ok := errors.AsType[*kadm.AuthError](err); ok {
		// It does not name the topic, and hides what else the answer would hold.
		for _, topic := range topics {
			if tp := assignment.Of(topic, -1); e.faults[tp] == nil {
				e.faults[tp] = refused
			}
		}
	}
	var parts *kadm.ShardErrors
	if !errors.As(err, &parts) {
		return
	}
	for _, part := range parts.Errs {
		req, ok := part.Req.(*kmsg.ListOffsetsRequest)
		if !ok {
			continue
		}
		for _, t := range req.Topics {
			for _, p := range t.Partitions {
				tp := assignment.Of(t.Topic, p.Partition)
				if _, answered := e.at[tp]; !answered {
					e.faults[tp] = unanswered{part.Broker, part.Err}
				}
			}
		}
	}
}

// plainly returns the error in fitting words. The client takes a connection that is
// closed at once for a sign of missing TLS or SASL; from brokers that have answered
// before it is a sign that one went away.
func plainly(err error, answered bool) error {
	var eof *kgo.ErrFirstReadEOF
	if answered && errors.As(err, &eof) {
		return errors.New("the broker closed the connection")
	}
	return err
}
