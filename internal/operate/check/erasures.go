package check

import (
	"context"
	"errors"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/erasure"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
)

// erasures checks the list of erased events: once it exists, nothing is sent unless it can
// be read.
func (v *Live) erasures(ctx context.Context, l *report.List, client *kgo.Client, admin *kadm.Client, brokers int) {
	r := role{flag: "--erasure-topic", topic: v.Config.ErasureTopic, needs: []kadm.ACLOperation{kadm.OpRead, kadm.OpDescribe}}
	if r.topic == "" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	t, err := describe(ctx, client, r.topic)
	switch {
	case errors.Is(err, kerr.UnknownTopicOrPartition):
		l.Fine(areaTopics, r.topic, "does not exist, so that no event is erased; erase --go makes it, or kafka-topics.sh --create --topic %s --partitions 1 --config cleanup.policy=compact (%s)", r.topic, r.flag)
		return
	case denied(err):
		l.Act(areaTopics, r.topic, grantAdvice(opNames(r.needs), "topic", r.topic), "may not be read, also if it does not exist: nothing is sent (%s)", r.flag)
		return
	case err != nil:
		l.Act(areaTopics, r.topic, "Try again; if it lasts, look at the brokers.", "cannot be described (%s): %s", r.flag, foreign(err))
		return
	}
	granted := kadm.DecodeACLOperations(t.AuthorizedOperations)
	if missing := lacking(granted, r.needs...); missing != "" {
		l.Act(areaTopics, r.topic, grantAdvice(missing, "topic", r.topic), "%s is not granted: nothing is sent (%s)", missing, r.flag)
		return
	}
	before := len(*l)
	replicas := partitions(l, r, t, brokers)
	switch s, err := settingsOf(ctx, admin, r.topic); {
	case err != nil:
		l.Look(areaTopics, r.topic, grantAdvice("DESCRIBE_CONFIGS", "topic", r.topic), "nobody can say whether it is compacted: its settings cannot be read: %s", foreign(err))
	case s.cleanup != "compact":
		l.Act(areaTopics, r.topic, "Set cleanup.policy=compact, and run erase again for what has expired.", "cleanup.policy is %s: entries expire, and their events are sent again (%s)", s.cleanup, r.flag)
	}
	list, err := erasure.Read(ctx, v.Config.Kafka, r.topic)
	if err != nil {
		l.Act(areaTopics, r.topic, "Nothing is sent until it can be read: mend it, or make it again from its records.", "%s", short(err))
	}
	if len(*l) > before {
		return
	}
	by := "erase may write it as this user"
	if missing := lacking(granted, kadm.OpWrite); missing != "" {
		by = "this user may not write it, so that erase needs another"
	}
	l.Fine(areaTopics, r.topic, "%s, %s, compacted, entries: %d; %s", count.Of(len(t.Partitions), "partition"), count.Of(replicas, "replica"), list.Len(), by)
}
