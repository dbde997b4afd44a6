package schemas

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// TestCheckAgreesWithRecords: of every field, in every type of Avro and with every
// logical type, what the check says of the schema is what becomes of a record.
func TestCheckAgreesWithRecords(t *testing.T) {
	const ms = 1776939330123
	object := func(typ, logical string) string { return fmt.Sprintf(`{"type":%q,"logicalType":%q}`, typ, logical) }
	decimal := func(rest string) string { return `{"logicalType":"decimal","precision":9,"scale":2,` + rest + `}` }
	bytesOf := func(b ...byte) []byte { return join(long(int64(len(b))), b) }
	types := []struct {
		typ   string
		bytes []byte
	}{
		{`"string"`, text("5")}, {`"bytes"`, text("5")}, {`"int"`, long(5)}, {`"long"`, long(ms)}, {`"float"`, []byte{0, 0, 160, 64}}, {`"double"`, double(5)},
		{`"boolean"`, []byte{1}}, {`{"type":"enum","name":"N","symbols":["GRANTED"]}`, long(0)}, {`{"type":"fixed","name":"X","size":1}`, []byte("5")},
		{`{"type":"array","items":"string"}`, long(0)}, {`{"type":"map","values":"string"}`, long(0)}, {`{"type":"map","values":"long"}`, join(long(1), text("k"), long(5), long(0))},
		{`{"type":"record","name":"R","fields":[]}`, nil},
		{object("string", "uuid"), text("5")}, {`{"type":"fixed","name":"U","size":16,"logicalType":"uuid"}`, make([]byte, 16)},
		{`{"type":"fixed","name":"L","size":12,"logicalType":"duration"}`, []byte("abcdefghijkl")},
		{object("bytes", "big-decimal"), bytesOf(join(bytesOf(5), long(0))...)}, {object("string", "big-decimal"), text("5")},
		{decimal(`"type":"bytes"`), bytesOf(5)}, {decimal(`"type":"fixed","name":"M","size":1`), []byte{5}}, {decimal(`"type":"int"`), long(5)}, {decimal(`"type":"long"`), long(5)}, {decimal(`"type":"string"`), text("5")},
		{object("string", "timestamp-millis"), text("2026-04-23T10:15:30Z")}, {object("long", "no-such-type"), long(ms)},
	}
	for _, kind := range []string{"int", "long"} {
		for _, logical := range []string{
			"date", "time-millis", "time-micros", "time-nanos", "timestamp-millis", "timestamp-micros", "timestamp-nanos",
			"local-timestamp-millis", "local-timestamp-micros", "local-timestamp-nanos", "duration", "uuid", "big-decimal",
		} {
			types = append(types, struct {
				typ   string
				bytes []byte
			}{object(kind, logical), long(map[string]int64{"int": 5, "long": ms * 1e3}[kind])})
		}
	}
	for i := range Fields {
		f := &Fields[i]
		if slices.Contains(Identifying[:], f.Path()) {
			continue
		}
		for _, c := range types {
			for _, nullable := range []bool{false, true} {
				typ, value := c.typ, c.bytes
				if nullable {
					typ, value = `["null",`+typ+`]`, join(long(1), value)
				}
				member := `{"name":"` + f.Name + `","type":` + typ + `}`
				if f.Group != "" {
					member = `{"name":"` + f.Group + `","type":{"type":"record","name":"G","fields":[` + member + `]}}`
				}
				schema := record("," + member)
				in, checked := Inspect(schema, nil)
				ev, err := decodeAs(schema, valueOf(value))
				var bad *DecodeError
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
