package schemas

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas/avro"
)

// Code says why a value cannot be decoded. The set is closed: metrics, headers
// of dead letters and documents use the same words.
type Code string

// The codes.
const (
	CodeTombstone      Code = "tombstone"       // a null value
	CodeEmpty          Code = "empty"           // a value of no bytes
	CodeNoMagic        Code = "no_magic"        // not the Confluent wire format
	CodeShort          Code = "short"           // ends within the header
	CodeUnknownSchema  Code = "unknown_schema"  // the registry has no schema of this id
	CodeNotAvro        Code = "not_avro"        // the id names a JSON or Protobuf schema
	CodeBadSchema      Code = "bad_schema"      // the schema itself cannot be read
	CodeNotTrackLayer  Code = "not_tracklayer"  // the schema is not one of TrackLayer's events
	CodeTruncated      Code = "truncated"       // ends within the record
	CodeCorrupt        Code = "corrupt"         // bytes that the schema does not allow, or that no event has
	CodeTrailingBytes  Code = "trailing_bytes"  // goes on after the record
	CodeInvalidUTF8    Code = "invalid_utf8"    // a text that is not UTF-8
	CodeUnexpectedType Code = "unexpected_type" // a union holds what its field cannot mean
	CodeBadValue       Code = "bad_value"       // a text that is no instant or amount
)

// codes has every code with what it asks of a record, for documents.
var codes = []struct {
	code Code
	help string
}{
	{CodeTombstone, "a record has a value; a null one (a tombstone) is no event"},
	{CodeEmpty, "a value has bytes"},
	{CodeNoMagic, "a value begins with Confluent's header: a zero byte and the schema's id"},
	{CodeShort, "the header is five bytes long"},
	{CodeUnknownSchema, "the schema's id is known to the registry; register it and redrive"},
	{CodeNotAvro, "the id names an Avro schema, not JSON or Protobuf"},
	{CodeBadSchema, "the registry's schema can be read as Avro, with what it refers to in 1 MiB, 20,000 types, fields, branches and symbols, 100 levels, and names of 512 bytes"},
	{CodeNotTrackLayer, "the schema is a record with event_id and event_name at least"},
	{CodeTruncated, "the record is as long as its schema says"},
	{CodeCorrupt, "the bytes are what the schema allows"},
	{CodeTrailingBytes, "nothing follows the record"},
	{CodeInvalidUTF8, "texts are UTF-8"},
	{CodeUnexpectedType, "a union holds something that its field can mean"},
	{CodeBadValue, "a text for a time is ISO 8601 with an offset from UTC, one for an amount is a number"},
}

// Codes returns every code.
func Codes() []Code {
	all := make([]Code, len(codes))
	for i, c := range codes {
		all[i] = c.code
	}
	return all
}

// Help says in one line what is asked of a record, for documents.
func (c Code) Help() string {
	for _, known := range codes {
		if known.code == c {
			return known.help
		}
	}
	return ""
}

// DecodeError says that a value can never be decoded. It contains nothing of the
// event, so that it may be logged and put into a dead letter's headers. It is shared
// between callers and never changed.
type DecodeError struct {
	Code Code
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
	s := "decode: " + string(e.Code)
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
	return verdict.Reason{Class: verdict.Decode, Code: string(e.Code), Field: e.Field, Message: msg}
}

// withID returns the error as one of a value that names this schema.
func (e *DecodeError) withID(id uint32) *DecodeError {
	named := *e
	named.SchemaID = id
	return &named
}

var faultCodes = [...]Code{
	avro.Tombstone: CodeTombstone, avro.Empty: CodeEmpty, avro.NoMagic: CodeNoMagic, avro.Short: CodeShort,
	avro.Truncated: CodeTruncated, avro.Corrupt: CodeCorrupt, avro.TrailingBytes: CodeTrailingBytes,
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
	code := CodeBadSchema
	if bad.Unknown {
		code = CodeUnknownSchema
	}
	return &DecodeError{Code: code, SchemaID: id, Message: bad.Message}
}
