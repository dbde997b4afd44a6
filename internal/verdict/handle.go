package verdict

import (
	"github.com/twmb/franz-go/pkg/kgo"
)

// Handle says whose record a verdict is about: the assignment that took it, and
// its place there. The sink carries it and gives it back.
type Handle struct {
	Owner Owner
	Seq   uint64
}

// Owner is the assignment that took a record.
type Owner interface {
	// Live is false once the assignment has ended. Its events are not sent any
	// more, because the partition's next owner sends them; what Amazon said of
	// those already sent changes nothing here.
	Live() bool
}

// Source is where a record came from. It is copied out of the record when the
// record is decoded, and the record is in the processor's cache: what asks for it
// later, of thousands of records in another order, would wait for memory each time.
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

// Verdict is what became of one record. It is final: the brokers have
// acknowledged its dead letter, if it has one, and its receipt, if there are any.
type Verdict struct {
	Handle    Handle
	Source    Source
	Contract  string // the API that the event was meant for
	ProfileID string // empty when the record could not be decoded
	EventID   string // likewise
	Class     Class
	// Attempts is the number of requests to Amazon the event took part in; 0
	// when it was never sent, more than 1 when it was retried.
	Attempts int
	// Status and Code are those of the reason why, for every class but accepted.
	// Its words are in the dead letter.
	Status int
	Code   string
}
