package consumer

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// unreadableTopic says why a topic cannot be read.
func unreadableTopic(topic string, err error) string {
	if errors.Is(err, kerr.UnknownTopicOrPartition) {
		return fmt.Sprintf("topic %q does not exist (%s): check its name, create it, or start run with %s", topic, setting.Topic, setting.CreateTopics)
	}
	return fmt.Sprintf("topic %q cannot be read: %s", topic, redact.Error(err))
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
