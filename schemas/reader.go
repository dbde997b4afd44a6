package schemas

import "fmt"

// program reads the records of one writer's schema. What a schema means is
// worked out once, when its id is first seen.
type program interface {
	// read fills ev, which must be empty, from the bytes behind the header.
	// What it read before an error stays in ev.
	read(payload []byte, ev *Event) *DecodeError
}

// compile makes the program of a schema.
func compile(s WriterSchema) (program, *DecodeError) {
	root, err := parseAvro(s.Text, s.References...)
	if err != nil {
		return nil, badSchema(err)
	}
	v, bad := bind(root)
	if bad != nil {
		return nil, bad
	}
	judge, bad := newGoavroProgram(root, v)
	if bad != nil {
		return nil, bad
	}
	return newFastProgram(judge, maxParts), nil
}

func badSchema(err error) *DecodeError {
	// Bounded, because goavro's errors can quote the whole schema.
	return &DecodeError{Code: CodeBadSchema, Message: fmt.Sprintf("the schema cannot be read: %.200s", err)}
}
