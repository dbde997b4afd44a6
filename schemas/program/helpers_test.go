package program_test

import (
	"context"
	"errors"
	"testing"

	"github.com/tracklayer/amazon-capi/internal/lab/avrotest"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/event"
	"github.com/tracklayer/amazon-capi/schemas/program"
)

func compile(s avro.Schema) (program.Program, *program.Error) {
	p, _, bad := program.Compile(&s, nil)
	return p, bad
}

func mustEncode(t testing.TB, id uint32, v schemas.Version, ev *event.Event) []byte {
	t.Helper()
	enc, err := schemas.NewEncoder()
	if err != nil {
		t.Fatal(err)
	}
	b, err := enc.EncodeWire(id, v, ev)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// decodeAs decodes a value as one of the schema, under id 7.
func decodeAs(schema string, value []byte) (*event.Event, error) {
	var ev event.Event
	err := schemas.NewDecoder(avrotest.Schemas{7: {Text: schema}}).Decode(context.Background(), value, &ev)
	return &ev, err
}

// wantCode checks the error of a decoder, or of a program.
func wantCode(t *testing.T, err error, code verdict.Code, field string) {
	t.Helper()
	var bad *program.Error
	if decoding, ok := errors.AsType[*schemas.DecodeError](err); ok {
		bad = &program.Error{Code: decoding.Code, Field: decoding.Field, Message: decoding.Message}
	} else if !errors.As(err, &bad) {
		t.Fatalf("error %v, want one of code %s", err, code)
	}
	if bad.Code.Entry().By != "schemas" {
		t.Fatalf("code %s is not one of schemas", bad.Code)
	}
	if bad.Code != code || bad.Field != field {
		t.Fatalf("error %q, want code %s and field %q", bad, code, field)
	}
}
