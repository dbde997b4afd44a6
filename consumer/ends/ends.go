package ends

import (
	"errors"
	"fmt"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
)

// Unreadable says why a topic cannot be read.
func Unreadable(topic string, err error) string {
	if errors.Is(err, kerr.UnknownTopicOrPartition) {
		return fmt.Sprintf("topic %q does not exist (%s): check its name, create it, or start run with %s", topic, setting.Topic, setting.CreateTopics)
	}
	return fmt.Sprintf("topic %q cannot be read: %s", topic, redact.Error(err))
}

// ByTopic asks about all topics at once, and then about each alone if one may not be
// read: the answer for all may omit others. It returns an error of the brokers, if there
// is one.
func ByTopic(topics []string, ask func(topics ...string) error) (err error) {
	err = ask(topics...)
	if _, refused := errors.AsType[*kadm.AuthError](err); !refused || len(topics) == 1 {
		return err
	}
	for _, topic := range topics {
		err = ask(topic)
	}
	return err
}

// Some lists a few of many faults.
func Some(told []string) string {
	const most = 5
	more := ""
	if n := len(told) - most; n > 0 {
		told, more = told[:most], fmt.Sprintf("; and %d more", n)
	}
	return strings.Join(told, "; ") + more
}

// ErrUntold is for a partition that no answer mentions.
var ErrUntold = errors.New("the brokers do not tell of it")

// RefusedForGood reports whether a broker's error is permanent.
func RefusedForGood(fault error) bool {
	var code *kerr.Error
	return errors.As(fault, &code) && !code.Retriable && !errors.As(fault, new(Unanswered))
}

// Unanswered is a request that a broker did not answer.
type Unanswered struct {
	Broker kgo.BrokerMetadata
	err    error
}

func (e Unanswered) Error() string {
	if e.Broker.NodeID < 0 {
		return fmt.Sprintf("no broker leads it: %v", Plainly(e.err, true))
	}
	return fmt.Sprintf("broker %d (%s:%d) does not answer: %v", e.Broker.NodeID, e.Broker.Host, e.Broker.Port, Plainly(e.err, true))
}

func (e Unanswered) Unwrap() error { return e.err }

// Ends is what brokers say about where partitions end.
type Ends struct {
	At     map[assignment.TopicPartition]int64
	Faults map[assignment.TopicPartition]error // of partition -1: the topic's
	Tells  map[string]bool                     // the end of some partition of the topic is known
}

// New returns what is said before any answer.
func New() Ends {
	return Ends{
		At: make(map[assignment.TopicPartition]int64), Faults: make(map[assignment.TopicPartition]error), Tells: make(map[string]bool),
	}
}

// Note adds an answer about topics, which may be a partial one, and replaces what was
// said about them before.
func (e Ends) Note(topics []string, list kadm.ListedOffsets, err error) {
	for _, topic := range topics {
		delete(e.Faults, assignment.Of(topic, -1))
	}
	list.Each(func(o kadm.ListedOffset) {
		tp := assignment.Of(o.Topic, o.Partition)
		if o.Err != nil {
			e.Faults[tp] = o.Err
		} else {
			e.At[tp] = o.Offset
			e.Tells[o.Topic] = true
		}
	})
	if refused, ok := errors.AsType[*kadm.AuthError](err); ok {
		// It does not name the topic, and hides what else the answer would hold.
		for _, topic := range topics {
			if tp := assignment.Of(topic, -1); e.Faults[tp] == nil {
				e.Faults[tp] = refused
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
				if _, answered := e.At[tp]; !answered {
					e.Faults[tp] = Unanswered{part.Broker, part.Err}
				}
			}
		}
	}
}

// Plainly returns the error in fitting words. The client takes a connection that is
// closed at once for a sign of missing TLS or SASL; from brokers that have answered
// before it is a sign that one went away.
func Plainly(err error, answered bool) error {
	var eof *kgo.ErrFirstReadEOF
	if answered && errors.As(err, &eof) {
		return errors.New("the broker closed the connection")
	}
	return err
}
