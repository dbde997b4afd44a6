package sink

import "github.com/twmb/franz-go/pkg/kgo"

// record is one record whose verdict hangs on an event.
type record struct {
	from      *origin
	seq       uint64
	offset    int64
	timestamp int64 // Unix milliseconds
}

// origin is what the records of one assignment and partition have in common. They
// come by the hundred, so each has a word for it and not six: there are as many
// events in memory as may be in flight, and the garbage collector reads them all.
type origin struct {
	owner     Owner
	topic     string
	partition int32
}

// recordOf returns what is noted of a record. last is the origin of the one before,
// or nil; it becomes this one's.
func recordOf(tok Token, r *kgo.Record, last **origin) record {
	o := *last
	if o == nil || o.partition != r.Partition || o.owner != tok.Owner || o.topic != r.Topic {
		o = &origin{tok.Owner, r.Topic, r.Partition}
		*last = o
	}
	return record{o, tok.Seq, r.Offset, r.Timestamp.UnixMilli()}
}

// live reports whether the record's assignment is still ours. Records without an
// owner, which tools send, always are.
func (r *record) live() bool { return r.from.owner == nil || r.from.owner.Live() }

func (r *record) token() Token { return Token{r.from.owner, r.seq} }

func (r *record) source() Source {
	return Source{r.from.topic, r.from.partition, r.offset, r.timestamp}
}
