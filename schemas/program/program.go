package program

import (
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/event"
)

// Program reads the records of one writer's schema. It is made once, when the schema is
// first met, and is safe for concurrent use.
type Program interface {
	// Read fills ev, which must be empty, from a record's Avro bytes. The event's texts
	// are parts of them. What was read before an error stays in ev.
	Read(payload []byte, ev *event.Event) *Error
	// Followed returns the aliases that records are read by.
	Followed() []event.Alias
}

// Compile makes the program of a schema, and estimates its memory in bytes. The error
// says why none of the schema's records can be an event.
func Compile(s *avro.Schema, aliases *event.Aliases) (_ Program, bytes int64, _ *Error) {
	root, parts, err := avro.ParseSchema(s)
	if err != nil {
		return nil, 0, badSchema(err)
	}
	v, again, bad := bindCounted(root, aliases)
	if bad != nil {
		return nil, 0, bad
	}
	judge, bad := newGoavroProgram(root, v, aliases)
	if bad != nil {
		return nil, 0, bad
	}
	return newFastProgram(judge, avro.MaxParts), cost(s, parts, again), nil
}

// cost estimates the memory of a schema's program: from the schema's parts, and from what
// is bound repeatedly. A test checks that it is not too low.
func cost(s *avro.Schema, parts, again int) int64 {
	const base, perPart, perAgain, perByte = 16 << 10, 650, 550, 4
	size := len(s.Text)
	for _, ref := range s.References {
		size += len(ref)
	}
	return base + perPart*int64(parts) + perAgain*int64(again) + perByte*int64(size)
}

func badSchema(err error) *Error {
	// Bounded and masked, because goavro's errors can quote the whole schema, which is
	// a stranger's text.
	return &Error{Code: verdict.CodeBadSchema, Message: "the schema cannot be read: " + redact.Line(redact.Message(err.Error()), 200)}
}
