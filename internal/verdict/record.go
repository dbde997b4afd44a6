package verdict

import "github.com/twmb/franz-go/pkg/kgo"

// Record is one record whose verdict depends on an event.
type Record struct {
	From      *Origin
	Seq       uint64
	Offset    int64
	Timestamp int64 // Unix milliseconds
}

// Origin is what the records of one assignment and partition have in common. They come by
// the hundred, so that each has one word for it and not six: there are as many events in
// memory as may be in flight, and the garbage collector reads them all.
type Origin struct {
	Owner     Owner
	Topic     string
	Partition int32
}

// RecordOf returns what is noted of a record. last is the previous record's origin, or
// nil; it becomes this one's.
func RecordOf(tok Handle, r *kgo.Record, last **Origin) Record {
	o := *last
	if o == nil || o.Partition != r.Partition || o.Owner != tok.Owner || o.Topic != r.Topic {
		o = &Origin{tok.Owner, r.Topic, r.Partition}
		*last = o
	}
	return Record{o, tok.Seq, r.Offset, r.Timestamp.UnixMilli()}
}

// Live reports whether the record's assignment is still ours. Records without an owner,
// which tools send, always are.
func (r *Record) Live() bool { return r.From.Owner == nil || r.From.Owner.Live() }

// Handle returns the owner's handle of the record.
func (r *Record) Handle() Handle { return Handle{r.From.Owner, r.Seq} }

// Source returns where the record came from.
func (r *Record) Source() Source {
	return Source{r.From.Topic, r.From.Partition, r.Offset, r.Timestamp}
}
