package check

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
)

const areaTopics = "topics"

// role is what a topic is for, which decides what its settings should be.
type role struct {
	flag, topic string
	needs       []kadm.ACLOperation
	// lost says what compaction would remove, and short what is gone after the
	// retention.
	lost, short string
	// room is what its largest record must hold; 0 for anything.
	room int
}

// letterRoom is what the headers of a dead letter add to its original.
const letterRoom = 64 << 10

// leastRetention is what a source or an audit should outlive: a long weekend
// with Amazon unavailable, or with nobody on call.
const leastRetention = 3 * 24 * time.Hour

func (v *Live) topics(ctx context.Context, l *report.List, client *kgo.Client, admin *kadm.Client, brokers int) {
	c := v.Config
	var roles []role
	for _, topic := range c.Topics {
		roles = append(roles, role{flag: "--topic", topic: topic, needs: []kadm.ACLOperation{kadm.OpRead, kadm.OpDescribe},
			lost: "of two events with one key the older may be removed before it is delivered", short: "an outage longer than this loses events that were not delivered"})
	}
	roles = append(roles, []role{
		{flag: "--dead-letter-topic", topic: c.DeadLetterTopic, needs: []kadm.ACLOperation{kadm.OpWrite, kadm.OpDescribe},
			lost: "of two letters with one key the older is removed", short: "letters that nobody has looked at by then are gone"},
		{flag: "--receipts-topic", topic: c.ReceiptsTopic, needs: []kadm.ACLOperation{kadm.OpWrite, kadm.OpDescribe},
			lost: "all but the last receipt of each profile is removed", short: "older events can no longer be traced"},
	}...)
	limit := 0
	for _, r := range roles {
		if r.topic == "" {
			continue
		}
		if r.flag == "--dead-letter-topic" && limit > 0 {
			r.room = limit + letterRoom
		}
		asked, cancel := context.WithTimeout(ctx, askTimeout)
		bytes := v.topic(asked, l, client, admin, r, brokers)
		cancel()
		if r.flag == "--topic" {
			limit = max(limit, bytes)
		}
	}
}

// topic looks at one topic and returns its max.message.bytes; 0 if unknown.
func (v *Live) topic(ctx context.Context, l *report.List, client *kgo.Client, admin *kadm.Client, r role, brokers int) int {
	t, err := describe(ctx, client, r.topic)
	switch {
	case errors.Is(err, kerr.UnknownTopicOrPartition) && v.Config.CreateTopics:
		l.Look(areaTopics, r.topic, "Nothing, if it may be created: run --create-topics does it.", "does not exist yet (%s)", r.flag)
		return 0
	case errors.Is(err, kerr.UnknownTopicOrPartition):
		l.Act(areaTopics, r.topic, "Check its name and the cluster, create it, or let run --create-topics do it.", "does not exist, or may not be seen (%s)", r.flag)
		return 0
	case denied(err):
		l.Act(areaTopics, r.topic, grantAdvice(opNames(r.needs), "topic", r.topic), "may not be used (%s)", r.flag)
		return 0
	case err != nil:
		l.Act(areaTopics, r.topic, "Try again; if it lasts, look at the brokers.", "cannot be described (%s): %s", r.flag, foreign(err))
		return 0
	}
	before := len(*l)
	if missing := lacking(kadm.DecodeACLOperations(t.AuthorizedOperations), r.needs...); missing != "" {
		l.Act(areaTopics, r.topic, grantAdvice(missing, "topic", r.topic), "%s is not granted (%s)", missing, r.flag)
	}
	replicas := partitions(l, r, t, brokers)
	s, err := settingsOf(ctx, admin, r.topic)
	if err != nil {
		l.Look(areaTopics, r.topic, grantAdvice("DESCRIBE_CONFIGS", "topic", r.topic), "its settings cannot be read: %s", foreign(err))
		return 0
	}
	s.judge(l, r, replicas)
	if len(*l) == before {
		l.Fine(areaTopics, r.topic, "%s, %s, kept %s, records to %s", count.Of(len(t.Partitions), "partition"), count.Of(replicas, "replica"), s.kept(), count.Of(s.maxBytes, "byte"))
	}
	return s.maxBytes
}

// describe asks for a topic with what we may do to it. kadm does not ask for that.
func describe(ctx context.Context, client *kgo.Client, topic string) (kmsg.MetadataResponseTopic, error) {
	req := kmsg.NewPtrMetadataRequest()
	t := kmsg.NewMetadataRequestTopic()
	t.Topic = new(topic)
	req.Topics = append(req.Topics, t)
	req.IncludeTopicAuthorizedOperations = true
	resp, err := req.RequestWith(ctx, client)
	if err != nil {
		return kmsg.MetadataResponseTopic{}, err
	}
	if len(resp.Topics) != 1 {
		return kmsg.MetadataResponseTopic{}, errors.New("the brokers answered about other topics")
	}
	return resp.Topics[0], kerr.ErrorForCode(resp.Topics[0].ErrorCode)
}

// partitions looks at a topic's partitions and returns how many replicas they have.
func partitions(l *report.List, r role, t kmsg.MetadataResponseTopic, brokers int) (replicas int) {
	var leaderless, behind []int32
	replicas = -1
	for _, p := range t.Partitions {
		if p.Leader < 0 || p.ErrorCode != 0 {
			leaderless = append(leaderless, p.Partition)
		}
		if len(p.ISR) < len(p.Replicas) {
			behind = append(behind, p.Partition)
		}
		if replicas < 0 || len(p.Replicas) < replicas {
			replicas = len(p.Replicas)
		}
	}
	if len(leaderless) > 0 {
		l.Act(areaTopics, r.topic, "Look at the brokers that should lead them.", "partitions %v have no leader", leaderless)
	}
	if len(behind) > 0 {
		l.Look(areaTopics, r.topic, "Look at the brokers that should follow.", "partitions %v have replicas that are behind", behind)
	}
	if replicas == 1 && brokers > 1 {
		l.Look(areaTopics, r.topic, "Give it three replicas.", "one replica: what is on a broker that dies is gone")
	}
	return max(replicas, 0)
}

// settings are those of a topic that matter to us.
type settings struct {
	cleanup     string
	retention   time.Duration // negative is forever
	retainBytes int64         // negative is no bound
	maxBytes    int
	minISR      int
}

func settingsOf(ctx context.Context, admin *kadm.Client, topic string) (s settings, err error) {
	configs, err := admin.DescribeTopicConfigs(ctx, topic)
	if err != nil {
		return s, err
	}
	rc, err := configs.On(topic, nil)
	if err == nil {
		err = rc.Err
	}
	if err != nil {
		return s, err
	}
	s = settings{cleanup: "delete", retention: -1, retainBytes: -1, minISR: 1}
	for _, c := range rc.Configs {
		n, _ := strconv.ParseInt(c.MaybeValue(), 10, 64)
		switch c.Key {
		case "cleanup.policy":
			s.cleanup = c.MaybeValue()
		case "retention.ms":
			// Days of milliseconds can be more than a Duration holds.
			s.retention = time.Duration(min(n, int64(1<<62)/int64(time.Millisecond))) * time.Millisecond
		case "retention.bytes":
			s.retainBytes = n
		case "max.message.bytes":
			s.maxBytes = int(n)
		case "min.insync.replicas":
			s.minISR = int(n)
		}
	}
	return s, nil
}

func (s *settings) kept() string {
	if s.retention < 0 || !strings.Contains(s.cleanup, "delete") {
		return "forever"
	}
	return "for " + spell(s.retention)
}

// spell is a duration in the unit that people keep topics for.
func spell(d time.Duration) string {
	if d >= 48*time.Hour {
		return fmt.Sprintf("%.3g days", d.Hours()/24)
	}
	return d.String()
}

func (s *settings) judge(l *report.List, r role, replicas int) {
	if strings.Contains(s.cleanup, "compact") {
		level := l.Act
		if r.flag == "--topic" {
			level = l.Look
		}
		level(areaTopics, r.topic, "Set cleanup.policy=delete.", "cleanup.policy is %s: %s (%s)", s.cleanup, r.lost, r.flag)
	}
	if strings.Contains(s.cleanup, "delete") && s.retention >= 0 && s.retention < leastRetention {
		l.Look(areaTopics, r.topic, "Raise retention.ms, better to a week or more.", "kept for %s only: %s (%s)", spell(s.retention), r.short, r.flag)
	}
	if s.retainBytes >= 0 {
		l.Look(areaTopics, r.topic, "Set retention.bytes=-1, or be sure that it holds more than retention.ms does.",
			"retention.bytes is %d: in a burst records go before their time (%s)", s.retainBytes, r.flag)
	}
	if r.room > 0 && s.maxBytes > 0 && s.maxBytes < r.room {
		l.Look(areaTopics, r.topic, fmt.Sprintf("Set max.message.bytes to %d or more.", r.room),
			"max.message.bytes is %d, and the source's records with headers need %d: letters of the largest go without their value (%s)", s.maxBytes, r.room, r.flag)
	}
	writes := slices.Contains(r.needs, kadm.OpWrite)
	switch {
	case writes && replicas > 0 && s.minISR > replicas:
		l.Act(areaTopics, r.topic, "Set min.insync.replicas below the number of replicas.", "min.insync.replicas is %d, of %s: nothing can ever be written (%s)", s.minISR, count.Of(replicas, "replica"), r.flag)
	case writes && replicas > 2 && s.minISR < 2:
		l.Look(areaTopics, r.topic, "Set min.insync.replicas=2.", "min.insync.replicas is 1: an acknowledgement may be that of one broker alone (%s)", r.flag)
	}
}

// lacking names the operations that are not granted; none if the brokers do not
// tell which are.
func lacking(granted []kadm.ACLOperation, needed ...kadm.ACLOperation) string {
	if len(granted) == 0 {
		return ""
	}
	var missing []kadm.ACLOperation
	for _, op := range needed {
		if !slices.Contains(granted, op) && !slices.Contains(granted, kadm.OpAll) {
			missing = append(missing, op)
		}
	}
	return opNames(missing)
}

func opNames(ops []kadm.ACLOperation) string {
	names := make([]string, len(ops))
	for i, op := range ops {
		names[i] = strings.ToUpper(op.String())
	}
	return strings.Join(names, ", ")
}

func denied(err error) bool {
	return errors.Is(err, kerr.TopicAuthorizationFailed) || errors.Is(err, kerr.GroupAuthorizationFailed) || errors.Is(err, kerr.ClusterAuthorizationFailed)
}

func grantAdvice(ops, kind, name string) string {
	return fmt.Sprintf("Grant the program's user %s on %s %s.", ops, kind, name)
}
