package schemas

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/framing"
	"github.com/tracklayer/amazon-capi/schemas/program"
)

// DecodeError says that a value can never be decoded. It contains nothing of the
// event, so that it may be logged and put into a dead letter's headers. It is shared
// between callers and never changed.
type DecodeError struct {
	Code verdict.Code
	// Field is the path of the field at fault, such as "user_data.email";
	// empty when the whole value is.
	Field string
	// Schema is what the record calls its schema; zero when it names none.
	Schema framing.Ref
	// Message is a sentence without values.
	Message string
}

func (e *DecodeError) Error() string {
	var where []string
	if e.Field != "" {
		where = append(where, e.Field)
	}
	if e.Schema.Kind != framing.None {
		where = append(where, e.Schema.String())
	}
	s := "decode: " + e.Code.String()
	if len(where) > 0 {
		s += " (" + strings.Join(where, ", ") + ")"
	}
	return s + ": " + e.Message
}

// Reason is the error as the verdict on its record.
func (e *DecodeError) Reason() verdict.Reason {
	msg := e.Message
	if e.Schema.Kind != framing.None {
		msg = fmt.Sprintf("%s: %s", e.Schema, msg)
	}
	r := e.Code.Because(msg)
	r.Field = e.Field
	return *r
}

// unreadable turns an *avro.SchemaError into the *DecodeError of a schema's records
// and returns other errors unchanged. Bare Avro may begin with the byte of Glue's prefix,
// so if Glue does not know the version, the error says which framings were looked for.
func unreadable(err error, ref framing.Ref, lookedFor framing.Set) error {
	var bad *avro.SchemaError
	if !errors.As(err, &bad) {
		return err
	}
	code := verdict.CodeBadSchema
	if bad.Unknown {
		code = verdict.CodeUnknownSchema
	}
	said := bad.Message
	if bad.Unknown && ref.Kind == framing.GlueVersion {
		said += "; looked for: " + lookedFor.Tried()
	}
	return &DecodeError{Code: code, Schema: ref, Message: said}
}

// of returns a program's error as one of a record that names this schema.
func of(e *program.Error, ref framing.Ref) *DecodeError {
	return &DecodeError{Code: e.Code, Field: e.Field, Schema: ref, Message: e.Message}
}

func asDecodeError(f *avro.Fault) *DecodeError { return of(program.FaultError(f), framing.Ref{}) }
