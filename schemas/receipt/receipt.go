package receipt

import (
	_ "embed"
	"encoding/binary"
	"time"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas/framing"
)

//go:embed receipt-v1.avsc
var avscReceipt string

// Schema returns the Avro schema (.avsc) of receipts as text.
func Schema() string { return avscReceipt }

// Receipt records what happened to events of one profile, as the receipts topic keeps
// it. It identifies no person.
type Receipt struct {
	Contract  string // the API, such as "off-amazon-2023-11-13"
	ProfileID string // empty when the records name no valid one
	// RequestID identifies the request whose answer brought the verdicts; empty when
	// nothing was sent.
	RequestID string
	Attempts  int // requests the events took part in
	// FirstSent and LastAnswered are in UTC and milliseconds; zero when nothing
	// was sent.
	FirstSent, LastAnswered time.Time
	Topic                   string // the events were read from it
	Events                  []Event
}

// Event is the verdict on one record of the source topic.
type Event struct {
	EventID   string // empty when it could not be read
	Partition int32
	Offset    int64
	// Class is 0 when a later version of the program wrote one that is unknown
	// here.
	Class  verdict.Class
	Status int    // HTTP; 0 for none
	Code   string // empty for none
}

// Prefix returns what the values of receipts begin with: what the registry calls their
// schema, an id or a version of Glue.
func Prefix(schema framing.Ref) []byte { return framing.AppendPrefix(nil, schema) }

// Append appends a receipt as a record's value: the prefix and the Avro encoding. That is written
// by hand because there is a receipt for every batch, and goavro's map per event
// would cost more than sending the batch. A class that is not one of ours becomes
// "unknown".
func Append(dst, prefix []byte, r *Receipt) []byte {
	dst = append(dst, prefix...)
	dst = appendAvroText(dst, r.Contract)
	dst = appendAvroOptionalText(dst, r.ProfileID)
	dst = appendAvroOptionalText(dst, r.RequestID)
	dst = binary.AppendVarint(dst, int64(r.Attempts)) // Go's varint is Avro's zigzag
	dst = appendAvroOptionalTime(dst, r.FirstSent)
	dst = appendAvroOptionalTime(dst, r.LastAnswered)
	dst = appendAvroText(dst, r.Topic)
	if len(r.Events) > 0 {
		dst = binary.AppendVarint(dst, int64(len(r.Events)))
		for i := range r.Events {
			dst = r.Events[i].append(dst)
		}
	}
	return binary.AppendVarint(dst, 0) // no more blocks
}

func (e *Event) append(dst []byte) []byte {
	dst = appendAvroOptionalText(dst, e.EventID)
	dst = binary.AppendVarint(dst, int64(e.Partition))
	dst = binary.AppendVarint(dst, e.Offset)
	class := e.Class
	if class > verdict.Auth {
		class = 0
	}
	dst = binary.AppendVarint(dst, int64(class)) // the symbols are in the order of the classes
	if e.Status == 0 {
		dst = append(dst, avroNull)
	} else {
		dst = binary.AppendVarint(append(dst, avroValue), int64(e.Status))
	}
	return appendAvroOptionalText(dst, e.Code)
}

// The branches of a union of null and something, as Avro encodes their index.
const (
	avroNull  = 0
	avroValue = 2
)

func appendAvroText(dst []byte, s string) []byte {
	return append(binary.AppendVarint(dst, int64(len(s))), s...)
}

func appendAvroOptionalText(dst []byte, s string) []byte {
	if s == "" {
		return append(dst, avroNull)
	}
	return appendAvroText(append(dst, avroValue), s)
}

func appendAvroOptionalTime(dst []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(dst, avroNull)
	}
	return binary.AppendVarint(append(dst, avroValue), t.UnixMilli())
}
