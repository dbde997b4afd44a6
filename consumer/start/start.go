package start

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
	"github.com/tracklayer/amazon-capi/consumer/commits"
	"github.com/tracklayer/amazon-capi/consumer/topics"
	"github.com/tracklayer/amazon-capi/internal/crash"
	"github.com/tracklayer/amazon-capi/internal/wait"
)

// MostRefused is how often members of the group may prevent writing down where it begins,
// and how often the decision is left to the member that has partition 0.
const MostRefused = 5

// unknownEvery spaces the questions about a topic that brokers do not know.
const unknownEvery = 300 * time.Millisecond

// Decider decides where one group begins, in topics in which it may have no offset.
type Decider struct {
	Options

	mu sync.Mutex
	// open holds the undecided topics, and how often the decision was left to the member that has
	// partition 0. Nothing is taken of their partitions without a commit.
	open   map[string]int
	looked map[string][16]byte                 // topics whose ends are kept, and their ids
	ends   map[assignment.TopicPartition]int64 // as they were at the first look
}

// Options are what a Decider is given.
type Options struct {
	Group, InstanceID string
	Topics            *topics.Table
	// OwnsFirst reports whether this member has partition 0 of a topic.
	OwnsFirst func(topic string) bool
	Log       zerolog.Logger
}

// New returns a Decider of a group for which nothing is open.
func New(o Options) *Decider {
	return &Decider{Options: o, open: make(map[string]int), looked: make(map[string][16]byte), ends: make(map[assignment.TopicPartition]int64)}
}

// errLeftToOther is why a member does not decide where the group begins: only one may, or
// the later commit would skip what was written after the earlier one.
var errLeftToOther = errors.New("the member that has partition 0 decides")

// Decide commits the ends of all partitions of the open topics in which the group has no
// offset, in one commit per topic, so that partitions without one are new. A member
// commits as such, and leaves that to the one that has partition 0, unless that does
// nothing for a while. It returns the undecided topics, and why.
//
// Topics are examined concurrently and independently: a topic that does not answer does
// not delay others, and one that may not be read says nothing about them.
func (d *Decider) Decide(ctx context.Context, client *kgo.Client, joined bool) (undecided map[string]error) {
	open := d.Open()
	if len(open) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, commits.Timeout)
	defer cancel()
	has, err := topics.GroupOffsets(ctx, client, d.Topics, d.Group, nil)
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
		return d.Undecided(err)
	}
	undecided = make(map[string]error)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, topic := range open {
		if begun(has, topic) {
			d.Decided(topic)
			continue
		}
		wg.Go(func() {
			defer crash.Report()
			if err := d.decideTopic(ctx, client, topic, joined); err != nil {
				mu.Lock()
				defer mu.Unlock()
				undecided[topic] = err
			}
		})
	}
	wg.Wait()
	return undecided
}

// Undecided returns the open topics, all for the same reason.
func (d *Decider) Undecided(why error) map[string]error {
	undecided := make(map[string]error)
	for _, topic := range d.Open() {
		undecided[topic] = why
	}
	return undecided
}

// decideTopic is Decide for one topic, in which the group seems to have no offset.
func (d *Decider) decideTopic(ctx context.Context, client *kgo.Client, topic string, joined bool) error {
	// Before it is known who has partition 0, so that a commit is refused if it belongs to an
	// earlier generation.
	var member string
	var generation int32 = -1
	if joined {
		member, generation = client.GroupMetadata()
	}
	id, unknown := topicID(ctx, client, topic)
	if unknown != nil && !errors.Is(unknown, kerr.UnknownTopicOrPartition) {
		return unknown
	}
	ends, err := committedEnds(ctx, client, topic)
	if _, whole := ends.Lookup(topic, -1); whole && errors.Is(err, kerr.UnknownTopicOrPartition) {
		d.Decided(topic)
		return nil // everything in it is new
	}
	if err = cmp.Or(err, unknown); err != nil {
		return err // some brokers know it, and nobody said whose ends these are
	}
	at, made := d.keepEnds(topic, id, ends)
	if made {
		d.Decided(topic)
		return nil // everything in it is new
	}
	// When asked for all, brokers omit what may not be read, as if it did not exist.
	has, err := topics.GroupOffsets(ctx, client, d.Topics, d.Group, map[string][]int32{topic: slices.Sorted(maps.Keys(at))})
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
		return err
	}
	if begun(has, topic) {
		d.Decided(topic)
		return nil
	}
	for _, p := range has {
		if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
			return err
		}
	}
	if joined && !d.decides(topic) {
		return errLeftToOther
	}
	// If it was made again since, the ends may be those of either topic. Brokers before
	// Kafka 4.1 take a commit by the topic's name, and would not refuse them.
	now, err := topicID(ctx, client, topic)
	if err != nil {
		return err
	}
	if remade(id, now) {
		d.Decided(topic)
		return nil
	}
	if err := d.commitEnds(ctx, client, topic, id, at, member, generation); err != nil {
		return err
	}
	d.Decided(topic)
	d.Log.Info().Str("group", d.Group).Str("topic", topic).Int("partitions", len(at)).
		Msg("the group is new to the topic and begins at its end")
	return nil
}

// committedEnds asks where a topic's partitions end. A topic that is unknown is asked about
// again: one broker may not have heard of it yet, and taking its word would begin at the
// start of all that is retained. A transaction that is open now is published later.
func committedEnds(ctx context.Context, client *kgo.Client, topic string) (ends kadm.ListedOffsets, err error) {
	const tries = 3
	for range tries {
		ends, err = kadm.NewClient(client).ListCommittedOffsets(ctx, topic)
		if err == nil {
			err = ends.Error()
		}
		if !errors.Is(err, kerr.UnknownTopicOrPartition) || !wait.For(ctx, unknownEvery) {
			break
		}
	}
	return ends, err
}

// topicID returns the id of a topic as it is now; zeros if the brokers have no ids.
func topicID(ctx context.Context, client *kgo.Client, topic string) (id [16]byte, err error) {
	described, err := topics.Describe(ctx, client, topic)
	if err != nil {
		return id, err
	}
	return described[topic].TopicID, kerr.ErrorForCode(described[topic].ErrorCode)
}

// remade reports whether a topic that had the first id was made again if it now has the
// second.
func remade(first, now [16]byte) bool {
	return first != now && first != topics.NoID && now != topics.NoID
}

// keepEnds returns the ends of a topic's partitions as they were at the first look. A
// partition added since is new, and has none. made is true if the topic has another id
// than at the first look: the ends are those of a topic that was deleted.
func (d *Decider) keepEnds(topic string, id [16]byte, ends kadm.ListedOffsets) (at map[int32]int64, made bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	first, looked := d.looked[topic]
	if looked && remade(first, id) {
		return nil, true
	}
	at = make(map[int32]int64)
	ends.Each(func(o kadm.ListedOffset) {
		tp := assignment.Of(o.Topic, o.Partition)
		if !looked {
			d.ends[tp] = o.Offset
		}
		if first, ok := d.ends[tp]; ok {
			at[o.Partition] = first
		}
	})
	if !looked {
		d.looked[topic] = id
	}
	return at, false
}

// decides reports whether this member should decide where the group begins in a topic.
func (d *Decider) decides(topic string) bool {
	if d.OwnsFirst(topic) {
		return true
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	left, open := d.open[topic]
	if open {
		d.open[topic] = left + 1
	}
	return left >= MostRefused // the other one may have been started with other options
}

// commitEnds commits where the group begins in a topic.
func (d *Decider) commitEnds(ctx context.Context, client *kgo.Client, topic string, id [16]byte, at map[int32]int64, member string, generation int32) error {
	req := kmsg.NewPtrOffsetCommitRequest()
	req.Group, req.MemberID, req.Generation = d.Group, member, generation
	if member != "" && d.InstanceID != "" {
		req.InstanceID = &d.InstanceID
	}
	t := kmsg.NewOffsetCommitRequestTopic()
	t.Topic, t.TopicID = topic, id
	for partition, offset := range at {
		p := kmsg.NewOffsetCommitRequestTopicPartition()
		p.Partition, p.Offset, p.LeaderEpoch = partition, offset, -1
		t.Partitions = append(t.Partitions, p)
	}
	req.Topics = append(req.Topics, t)
	resp, err := req.RequestWith(ctx, client)
	if err != nil {
		return err
	}
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				return err
			}
		}
	}
	return nil
}

// begun reports whether the group has committed anything of a topic.
func begun(offsets map[assignment.TopicPartition]kmsg.OffsetFetchResponseGroupTopicPartition, topic string) bool {
	for tp, p := range offsets {
		if tp.Topic == topic && p.ErrorCode == 0 && p.Offset >= 0 {
			return true
		}
	}
	return false
}

// Decided notes that the group has begun in a topic: partitions without a commit are new.
func (d *Decider) Decided(topic string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.open, topic)
	delete(d.looked, topic)
	maps.DeleteFunc(d.ends, func(tp assignment.TopicPartition, _ int64) bool { return tp.Topic == topic })
}

// Leave opens the decision for these topics.
func (d *Decider) Leave(open []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, topic := range open {
		d.open[topic] = 0
	}
}

// Open returns the topics in which it is undecided where the group begins.
func (d *Decider) Open() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Sorted(maps.Keys(d.open))
}

// IsOpen reports whether it is undecided where the group begins in a topic.
func (d *Decider) IsOpen(topic string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, open := d.open[topic]
	return open
}

// HasMembers reports whether a commit was refused because the group has members.
func HasMembers(err error) bool {
	for _, e := range []error{kerr.UnknownMemberID, kerr.IllegalGeneration, kerr.RebalanceInProgress, kerr.StaleMemberEpoch, kerr.FencedMemberEpoch} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
