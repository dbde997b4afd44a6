package verdict

import (
	"github.com/twmb/franz-go/pkg/kgo"
)

// Handle identifies the record of a verdict: the assignment that took it, and its place
// there. The sink carries it and returns it.
type Handle struct {
	Owner Owner
	Seq   uint64
}

// Owner is the assignment that took a record.
type Owner interface {
	// Live returns false once the assignment has ended. Its events are no longer sent,
	// because the partition's next owner sends them; Amazon's answers about those already
	// sent have no effect here.
	Live() bool
}

// Source is where a record came from. It is copied from the record during decoding, while
// the record is in the processor's cache: reading it later, from thousands of records in
// another order, would wait for memory each time.
type Source struct {
	Topic     string
	Partition int32
	Offset    int64
	Timestamp int64 // the record's, Unix milliseconds
}

// SourceOf returns where a record came from.
func SourceOf(r *kgo.Record) Source {
	return Source{r.Topic, r.Partition, r.Offset, r.Timestamp.UnixMilli()}
}

// Verdict is the outcome of one record. It is final: the brokers have acknowledged its
// dead letter, if it has one, and its receipt, if there are any.
type Verdict struct {
	Handle    Handle
	Source    Source
	Contract  string // the API that the event was for
	ProfileID string // empty when the record could not be decoded
	EventID   string // likewise
	Class     Class
	// Attempts is the number of requests to Amazon that the event was in; 0 if it was
	// never sent, more than 1 if it was retried.
	Attempts int
	// Status and Code are those of the reason, for every class but accepted. Its text is
	// in the dead letter.
	Status int
	Code   string
}
