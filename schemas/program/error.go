package program

import (
	"fmt"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas/avro"
)

// Error says that a record, or all records of a schema, can never be read. It contains
// nothing of an event, and is shared between callers and never changed.
type Error struct {
	Code verdict.Code
	// Field is the path of the field at fault, such as "user_data.email";
	// empty when the whole record is.
	Field string
	// Message is a sentence without values.
	Message string
}

func (e *Error) Error() string {
	if e.Field == "" {
		return fmt.Sprintf("decode: %s: %s", e.Code, e.Message)
	}
	return fmt.Sprintf("decode: %s (%s): %s", e.Code, e.Field, e.Message)
}

var faultCodes = [...]verdict.Code{
	avro.Tombstone: verdict.CodeTombstone, avro.Empty: verdict.CodeEmpty, avro.NoMagic: verdict.CodeNoMagic, avro.Short: verdict.CodeShort,
	avro.Truncated: verdict.CodeTruncated, avro.Corrupt: verdict.CodeCorrupt, avro.TrailingBytes: verdict.CodeTrailingBytes,
	avro.BadHeader: verdict.CodeBadHeader, avro.Foreign: verdict.CodeNotAvro, avro.BadZlib: verdict.CodeBadZlib,
}

// FaultError is the error of bytes that are not what they should be.
func FaultError(f *avro.Fault) *Error {
	return &Error{Code: faultCodes[f.Kind], Field: f.Field, Message: f.Message}
}
