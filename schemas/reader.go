package schemas

import (
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas/avro"
)

// program reads the records of one writer's schema. It is made once, when the schema's
// id is first seen.
type program interface {
	// read fills ev, which must be empty, from the bytes after the header. What it
	// read before an error stays in ev.
	read(payload []byte, ev *Event) *DecodeError
	// readBy returns what it reads by.
	readBy() *view
}

// compile makes the program of a schema.
func compile(s avro.Schema) (program, *DecodeError) {
	p, _, bad := compileSchema(&s, nil)
	return p, bad
}

// compileSchema is compile that also returns the program's memory in bytes.
func compileSchema(s *avro.Schema, aliases *Aliases) (_ program, bytes int64, _ *DecodeError) {
	root, parts, err := avro.ParseSchema(s)
	if err != nil {
		return nil, 0, badSchema(err)
	}
	v, again, bad := bindCounted(root, aliases)
	if bad != nil {
		return nil, 0, bad
	}
	judge, bad := newGoavroProgram(root, v)
	if bad != nil {
		return nil, 0, bad
	}
	return newFastProgram(judge, avro.MaxParts), cost(s, parts, again), nil
}

func badSchema(err error) *DecodeError {
	// Bounded and masked, because goavro's errors can quote the whole schema, which is
	// a stranger's text.
	return &DecodeError{Code: verdict.CodeBadSchema, Message: "the schema cannot be read: " + redact.Line(redact.Message(err.Error()), 200)}
}
