package consumer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
)

var errRemade = errors.New("the topic was deleted and made again, and the offsets that this job is about with it")

// unknownIDFor is how long fetches must report an unknown topic id before that is
// believed without seeing a new id.
const unknownIDFor = 3 * lagEvery

// unknownID records when fetches of a topic began to report that its id is unknown, and last did.
type unknownID struct{ since, seen time.Time }

// noteUnknownID notes that a fetch was refused because of a topic's id. c.mu is held.
func (c *Consumer) noteUnknownID(topic string, now time.Time) {
	u := c.unknownIDs[topic]
	if now.Sub(u.seen) > 2*lagEvery {
		u.since = now
	}
	u.seen = now
	c.unknownIDs[topic] = u
}

// checkTopics asks for the topics' ids. The client never takes a new one: unless the
// topic is purged and added again, its fetches fail forever.
func (c *Consumer) checkTopics(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lagEvery)
	defer cancel()
	req := kmsg.NewPtrMetadataRequest()
	for _, topic := range c.opts.Topics {
		t := kmsg.NewMetadataRequestTopic()
		t.Topic = &topic
		req.Topics = append(req.Topics, t)
	}
	resp, err := req.RequestWith(ctx, c.client)
	if err != nil {
		return // askEnds reports what is wrong
	}
	for _, t := range resp.Topics {
		switch {
		case t.Topic == nil || !slices.Contains(c.opts.Topics, *t.Topic):
		case len(c.opts.Topics) > 1 && (t.ErrorCode == kerr.UnknownTopicOrPartition.Code || t.ErrorCode == kerr.TopicAuthorizationFailed.Code):
			// Brokers answer a fetch immediately if it names a topic they do not have, or that
			// may not be read. Those that share it would be read in small pieces.
			c.client.PauseFetchTopics(*t.Topic)
		case t.ErrorCode == 0 && len(t.Partitions) > 0:
			c.checkTopic(*t.Topic, t.TopicID)
			c.client.ResumeFetchTopics(*t.Topic)
		}
	}
}

// checkTopic restarts a topic that has another id than it had.
func (c *Consumer) checkTopic(topic string, id [16]byte) {
	c.mu.Lock()
	u := c.unknownIDs[topic]
	c.mu.Unlock()
	refused := !u.seen.IsZero() && u.seen.Sub(u.since) >= unknownIDFor
	if refused || c.topics.Differs(topic, id) {
		c.remake(topic, id)
		return
	}
	c.topics.Learn(topic, id)
}

// remake makes the client start a topic again. What was taken of the old one is still
// delivered, with nothing to commit to: its offsets belong to other records now.
func (c *Consumer) remake(topic string, id [16]byte) {
	if c.opts.Job != nil {
		c.abort(fmt.Errorf("topic %q: %w", topic, errRemade))
		return
	}
	c.mu.Lock()
	if c.stopping {
		c.mu.Unlock()
		return
	}
	left := 0
	for tp, a := range c.assignments {
		if tp.Topic != topic {
			continue
		}
		events, stamps := a.Orphan()
		left += events
		c.remade[tp] = former{stamps: stamps}
		delete(c.assignments, tp)
	}
	deleted := func(tp assignment.TopicPartition) bool { return tp.Topic == topic }
	maps.DeleteFunc(c.memories, func(tp assignment.TopicPartition, _ *assignment.Memory) bool { return deleted(tp) })
	c.begins.Decided(topic) // all that it holds is new
	delete(c.unknownIDs, topic)
	c.mu.Unlock()
	c.log.Warn().Str("topic", topic).Int("in_flight", left).
		Msg("the topic was deleted and made again; reading the new one from its start, and delivering what is in flight of the old one")
	c.topics.Replace(topic, id)
	c.client.PurgeTopicsFromConsuming(topic)
	c.client.AddConsumeTopics(topic)
}

// former is what this member may have committed of a topic that was deleted, or seemed to
// be: one broker that does not know a topic says the same.
type former struct {
	stamps []assignment.Stamp
	id     [16]byte // the topic's; zeros if it is unknown, or was refused
}

// ofFormerTopic reports whether what the group says about a partition is what this member
// committed of the deleted topic of that name, and returns that topic's id. c.mu is held.
func (c *Consumer) ofFormerTopic(tp assignment.TopicPartition, f assignment.Fetched) (id [16]byte, is bool) {
	old, remade := c.remade[tp]
	return old.id, remade && f.Offset >= 0 && slices.Contains(old.stamps, f.Stamp())
}

// endOrphans ends the rest of a deleted topic, once it is delivered.
func (c *Consumer) endOrphans() {
	var done []*assignment.Assignment
	for _, a := range c.living() {
		if a.Bereft() {
			done = append(done, a)
		}
	}
	if len(done) > 0 {
		c.end(done)
	}
}
