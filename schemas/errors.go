package schemas

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas/avro"
)

// DecodeError says that a value can never be decoded. It contains nothing of the
// event, so that it may be logged and put into a dead letter's headers. It is shared
// between callers and never changed.
type DecodeError struct {
	Code verdict.Code
	// Field is the path of the field at fault, such as "user_data.email";
	// empty when the whole value is.
	Field string
	// SchemaID is the id in the value's header; 0 when there was none.
	SchemaID uint32
	// Message is a sentence without values.
	Message string
}

func (e *DecodeError) Error() string {
	var where []string
	if e.Field != "" {
		where = append(where, e.Field)
	}
	if e.SchemaID != 0 {
		where = append(where, fmt.Sprintf("schema id %d", e.SchemaID))
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
	if e.SchemaID != 0 {
		msg = fmt.Sprintf("schema id %d: %s", e.SchemaID, msg)
	}
	r := e.Code.Because(msg)
	r.Field = e.Field
	return *r
}

// withID returns the error as one of a value that names this schema.
func (e *DecodeError) withID(id uint32) *DecodeError {
	named := *e
	named.SchemaID = id
	return &named
}

var faultCodes = [...]verdict.Code{
	avro.Tombstone: verdict.CodeTombstone, avro.Empty: verdict.CodeEmpty, avro.NoMagic: verdict.CodeNoMagic, avro.Short: verdict.CodeShort,
	avro.Truncated: verdict.CodeTruncated, avro.Corrupt: verdict.CodeCorrupt, avro.TrailingBytes: verdict.CodeTrailingBytes,
}

func asDecodeError(f *avro.Fault) *DecodeError {
	return &DecodeError{Code: faultCodes[f.Kind], Field: f.Field, Message: f.Message}
}

// unreadable turns an *avro.SchemaError into the *DecodeError of an id's records and
// returns other errors unchanged.
func unreadable(err error, id uint32) error {
	var bad *avro.SchemaError
	if !errors.As(err, &bad) {
		return err
	}
	code := verdict.CodeBadSchema
	if bad.Unknown {
		code = verdict.CodeUnknownSchema
	}
	return &DecodeError{Code: code, SchemaID: id, Message: bad.Message}
}
