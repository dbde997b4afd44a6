package program_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tracklayer/amazon-capi/internal/lab/avrotest"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/event"
	"github.com/tracklayer/amazon-capi/schemas/program"
)

// TestCheckAgreesWithRecords: of every field, in every type of Avro and with every
// logical type, what the check says of the schema is what becomes of a record.
func TestCheckAgreesWithRecords(t *testing.T) {
	const ms = 1776939330123
	object := func(typ, logical string) string { return fmt.Sprintf(`{"type":%q,"logicalType":%q}`, typ, logical) }
	decimal := func(rest string) string { return `{"logicalType":"decimal","precision":9,"scale":2,` + rest + `}` }
	bytesOf := func(b ...byte) []byte { return avrotest.Join(avrotest.Long(int64(len(b))), b) }
	types := []struct {
		typ   string
		bytes []byte
	}{
		{`"string"`, avrotest.Text("5")}, {`"bytes"`, avrotest.Text("5")}, {`"int"`, avrotest.Long(5)}, {`"long"`, avrotest.Long(ms)}, {`"float"`, []byte{0, 0, 160, 64}}, {`"double"`, avrotest.Double(5)},
		{`"boolean"`, []byte{1}}, {`{"type":"enum","name":"N","symbols":["GRANTED"]}`, avrotest.Long(0)}, {`{"type":"fixed","name":"X","size":1}`, []byte("5")},
		{`{"type":"array","items":"string"}`, avrotest.Long(0)}, {`{"type":"map","values":"string"}`, avrotest.Long(0)}, {`{"type":"map","values":"long"}`, avrotest.Join(avrotest.Long(1), avrotest.Text("k"), avrotest.Long(5), avrotest.Long(0))},
		{`{"type":"record","name":"R","fields":[]}`, nil},
		{object("string", "uuid"), avrotest.Text("5")}, {`{"type":"fixed","name":"U","size":16,"logicalType":"uuid"}`, make([]byte, 16)},
		{`{"type":"fixed","name":"L","size":12,"logicalType":"duration"}`, []byte("abcdefghijkl")},
		{object("bytes", "big-decimal"), bytesOf(avrotest.Join(bytesOf(5), avrotest.Long(0))...)}, {object("string", "big-decimal"), avrotest.Text("5")},
		{decimal(`"type":"bytes"`), bytesOf(5)}, {decimal(`"type":"fixed","name":"M","size":1`), []byte{5}}, {decimal(`"type":"int"`), avrotest.Long(5)}, {decimal(`"type":"long"`), avrotest.Long(5)}, {decimal(`"type":"string"`), avrotest.Text("5")},
		{object("string", "timestamp-millis"), avrotest.Text("2026-04-23T10:15:30Z")}, {object("long", "no-such-type"), avrotest.Long(ms)},
	}
	for _, kind := range []string{"int", "long"} {
		for _, logical := range []string{
			"date", "time-millis", "time-micros", "time-nanos", "timestamp-millis", "timestamp-micros", "timestamp-nanos",
			"local-timestamp-millis", "local-timestamp-micros", "local-timestamp-nanos", "duration", "uuid", "big-decimal",
		} {
			types = append(types, struct {
				typ   string
				bytes []byte
			}{object(kind, logical), avrotest.Long(map[string]int64{"int": 5, "long": ms * 1e3}[kind])})
		}
	}
	for i := range event.Fields {
		f := &event.Fields[i]
		if slices.Contains(event.Identifying[:], f.Path()) {
			continue
		}
		for _, c := range types {
			for _, nullable := range []bool{false, true} {
				typ, value := c.typ, c.bytes
				if nullable {
					typ, value = `["null",`+typ+`]`, avrotest.Join(avrotest.Long(1), value)
				}
				member := `{"name":"` + f.Name + `","type":` + typ + `}`
				if f.Group != "" {
					member = `{"name":"` + f.Group + `","type":{"type":"record","name":"G","fields":[` + member + `]}}`
				}
				schema := avrotest.Record("," + member)
				in, checked := program.Inspect(schema, nil)
				ev, err := decodeAs(schema, avrotest.ValueOf(value))
				var bad *schemas.DecodeError
				refused := errors.As(err, &bad) && (bad.Code == verdict.CodeNotTrackLayer || bad.Code == verdict.CodeUnexpectedType)
				if refused != (checked != nil) {
					t.Errorf("%s as %s: check %v, record %v", f.Path(), typ, checked, err)
				}
				if err != nil && !refused && bad.Code != verdict.CodeBadValue {
					t.Errorf("%s as %s: %v", f.Path(), typ, err)
				}
				if checked != nil && !strings.Contains(checked.Error(), f.Name) {
					t.Errorf("%s as %s: %v does not name the field", f.Path(), typ, checked)
				}
				reads := slices.Contains(in.Reads, f.Path())
				if checked == nil && f.IsSet(ev) && !reads {
					t.Errorf("%s as %s is read, and the check says %+v", f.Path(), typ, in)
				}
				// What a text says is for each record; the sample is none of every field.
				if checked == nil && err == nil && reads && !f.IsSet(ev) && f.Attributes == nil && !strings.Contains(typ, `"string"`) {
					t.Errorf("%s as %s is not read, and the check says that it is", f.Path(), typ)
				}
			}
		}
	}
}
