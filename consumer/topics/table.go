package topics

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
)

// Table is the topics that are read, by name and by id.
type Table struct {
	names []string
	made  atomic.Int64 // how often one was recreated

	mu sync.Mutex
	of map[string]*topicID
}

// topicID is the id under which the client reads a topic. A topic that is deleted and
// recreated has the same name and another id.
type topicID struct {
	now  [16]byte
	past [][16]byte // ids of topics that were deleted
}

// NoID is the id of a topic whose id is not known.
var NoID [16]byte

// New returns the table of topics of which no id is known.
func New(names []string) *Table {
	t := &Table{names: names, of: make(map[string]*topicID, len(names))}
	for _, name := range names {
		t.of[name] = new(topicID)
	}
	return t
}

// IDOf returns a topic's id, or zeros if it is not known.
func (t *Table) IDOf(topic string) [16]byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	if id := t.of[topic]; id != nil {
		return id.now
	}
	return NoID
}

// Learn notes a topic's id if none was known.
func (t *Table) Learn(topic string, id [16]byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if was := t.of[topic]; was != nil && was.now == NoID {
		was.now = id
	}
}

// PartitionOf names a partition of a request or answer; newer versions identify topics
// only by id.
func (t *Table) PartitionOf(topic string, id [16]byte, partition int32) assignment.TopicPartition {
	if topic == "" {
		topic = t.named(id)
	}
	return assignment.Of(topic, partition)
}

// named returns the topic of an id; empty if it may be any of several.
func (t *Table) named(id [16]byte) string {
	if len(t.names) == 1 {
		return t.names[0]
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for name, of := range t.of {
		if id != NoID && of.now == id {
			return name
		}
	}
	return ""
}

// Differs reports whether the id is of a topic that was created after the known one.
// Brokers that are behind still report earlier ones.
func (t *Table) Differs(topic string, id [16]byte) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	was := t.of[topic]
	return id != NoID && was.now != NoID && id != was.now && !slices.Contains(was.past, id)
}

// Replace notes that a topic has been recreated.
func (t *Table) Replace(topic string, id [16]byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	was := t.of[topic]
	if id != was.now {
		const most = 16
		if was.past = append(was.past, was.now); len(was.past) > most {
			was.past = was.past[1:]
		}
	}
	was.now = id
	t.made.Add(1)
}

// Remade returns how often a topic was recreated.
func (t *Table) Remade() int64 { return t.made.Load() }
