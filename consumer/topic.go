package consumer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
)

// topicID is the id under which the client reads the topic. A topic that is deleted
// and made again has the same name and another id.
type topicID struct {
	name string
	made atomic.Int64 // how often it was made again

	mu   sync.Mutex
	now  [16]byte
	past [][16]byte // ids of topics that were deleted
}

var noTopicID [16]byte

// IDOf returns the id, or zeros if it is not known.
func (t *topicID) IDOf(string) [16]byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.now
}

// Learn notes the id if none was known.
func (t *topicID) Learn(_ string, id [16]byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.now == noTopicID {
		t.now = id
	}
}

// PartitionOf names a partition of a request or answer. Newer versions of both
// name topics by id alone; this consumer reads one topic.
func (t *topicID) PartitionOf(topic string, _ [16]byte, partition int32) assignment.TopicPartition {
	if topic == "" {
		topic = t.name
	}
	return assignment.Of(topic, partition)
}

// differs reports whether the id is of a topic that was made after the one that is
// known. Brokers that are behind still tell of those before.
func (t *topicID) differs(id [16]byte) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return id != noTopicID && t.now != noTopicID && id != t.now && !slices.Contains(t.past, id)
}

// replace notes that the topic has been made again.
func (t *topicID) replace(id [16]byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if id != t.now {
		const most = 16
		if t.past = append(t.past, t.now); len(t.past) > most {
			t.past = t.past[1:]
		}
	}
	t.now = id
	t.made.Add(1)
}

var errRemade = errors.New("the topic was deleted and made again, and the offsets that this job is about with it")

// unknownIDFor is how long fetches say that the topic's id is unknown until that is
// believed without another id to be seen.
const unknownIDFor = 3 * lagEvery

// noteUnknownID notes that a fetch was refused for the topic's id. c.mu is held.
func (c *Consumer) noteUnknownID(now time.Time) {
	if now.Sub(c.unknownID[1]) > 2*lagEvery {
		c.unknownID[0] = now
	}
	c.unknownID[1] = now
}

// checkTopic asks for the topic's id. The client never takes a new one: without the
// topic's being purged and added again, its fetches fail for ever.
func (c *Consumer) checkTopic(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lagEvery)
	defer cancel()
	req := kmsg.NewPtrMetadataRequest()
	t := kmsg.NewMetadataRequestTopic()
	t.Topic = &c.opts.Topic
	req.Topics = append(req.Topics, t)
	resp, err := req.RequestWith(ctx, c.client)
	if err != nil || len(resp.Topics) != 1 || resp.Topics[0].ErrorCode != 0 || len(resp.Topics[0].Partitions) == 0 {
		return // askEnds says what is wrong
	}
	id := resp.Topics[0].TopicID
	c.mu.Lock()
	refused := !c.unknownID[1].IsZero() && c.unknownID[1].Sub(c.unknownID[0]) >= unknownIDFor
	c.mu.Unlock()
	if c.topic.differs(id) || refused {
		c.remake(id)
		return
	}
	c.topic.Learn(c.opts.Topic, id)
}

// remake has the client begin with the topic anew. What was taken of the old one is
// still delivered, with nothing to commit to: its offsets are other records' now.
func (c *Consumer) remake(id [16]byte) {
	if c.opts.Job != nil {
		c.abort(fmt.Errorf("topic %q: %w", c.opts.Topic, errRemade))
		return
	}
	c.mu.Lock()
	if c.stopping {
		c.mu.Unlock()
		return
	}
	left := 0
	for tp, a := range c.assignments {
		events, stamps := a.Orphan()
		left += events
		c.remade[tp] = stamps
		delete(c.assignments, tp)
	}
	clear(c.memories)
	clear(c.ends) // of the topic that was deleted
	c.unknownID = [2]time.Time{}
	c.mu.Unlock()
	c.log.Warn().Str("topic", c.opts.Topic).Int("in_flight", left).
		Msg("the topic was deleted and made again; reading the new one from its start, and delivering what is in flight of the old one")
	c.topic.replace(id)
	c.client.PurgeTopicsFromConsuming(c.opts.Topic)
	c.client.AddConsumeTopics(c.opts.Topic)
}

// ofFormerTopic reports whether what the group says of a partition is what this
// member committed of the topic of that name that was deleted. c.mu is held.
func (c *Consumer) ofFormerTopic(tp assignment.TopicPartition, f assignment.Fetched) bool {
	old, remade := c.remade[tp]
	return remade && f.Offset >= 0 && slices.Contains(old, f.Stamp())
}

// endOrphans ends what was left of a topic that was deleted, once it is delivered.
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
