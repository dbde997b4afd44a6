package schemas

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tracklayer/amazon-capi/internal/lab/avrotest"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas/program"
)

// TestLogicalTypes: what the check says of a schema is what becomes of its
// records. A type that cannot be read is refused by its name, by both.
func TestLogicalTypes(t *testing.T) {
	const ms = 1776939330123
	object := func(kind, name, more string) string {
		return fmt.Sprintf(`{"type":%q,"logicalType":%q%s}`, kind, name, more)
	}
	fixed := func(size int, name, more string) string {
		return fmt.Sprintf(`{"type":"fixed","name":"F","size":%d,"logicalType":%q%s}`, size, name, more)
	}
	debezium := func(kind, name string) string {
		return fmt.Sprintf(`{"type":%q,"connect.version":1,"connect.name":"io.debezium.time.%s"}`, kind, name)
	}
	bytesOf := func(b ...byte) []byte { return avrotest.Join(avrotest.Long(int64(len(b))), b) }
	for _, c := range []struct {
		field, typ string
		bytes      []byte
		want       string // value; empty if refused
		named      string // by what the refusal or the note names it
	}{
		{"occurred_at", object("long", "timestamp-millis", ""), avrotest.Long(ms), "1776939330123", ""},
		{"occurred_at", object("long", "timestamp-micros", ""), avrotest.Long(ms*1e3 + 999), "1776939330123", ""},
		{"occurred_at", object("long", "timestamp-nanos", ""), avrotest.Long(ms*1e6 + 999999), "1776939330123", ""},
		{"occurred_at", debezium("long", "Timestamp"), avrotest.Long(ms), "1776939330123", ""},
		{"occurred_at", debezium("long", "MicroTimestamp"), avrotest.Long(ms*1e3 + 999), "1776939330123", ""},
		{"occurred_at", debezium("long", "NanoTimestamp"), avrotest.Long(ms*1e6 + 999999), "1776939330123", ""},
		{"occurred_at", debezium("string", "ZonedTimestamp"), avrotest.Text("2026-04-23T10:15:30.123456Z"), "1776939330123", ""},
		{"occurred_at", object("long", "local-timestamp-millis", ""), avrotest.Long(ms), "", "local-timestamp-millis"},
		{"occurred_at", object("long", "local-timestamp-micros", ""), avrotest.Long(ms * 1e3), "", "local-timestamp-micros"},
		{"occurred_at", object("long", "local-timestamp-nanos", ""), avrotest.Long(ms * 1e6), "", "local-timestamp-nanos"},
		{"occurred_at", object("long", "time-micros", ""), avrotest.Long(5), "", "time-micros"},
		{"occurred_at", object("int", "time-millis", ""), avrotest.Long(5), "", "time-millis"},
		{"occurred_at", object("int", "date", ""), avrotest.Long(20566), "", "date"},
		{"occurred_at", debezium("int", "Date"), avrotest.Long(20566), "", "io.debezium.time.Date"},
		{"occurred_at", debezium("long", "MicroTime"), avrotest.Long(5), "", "io.debezium.time.MicroTime"},
		{"occurred_at", debezium("string", "ZonedTime"), avrotest.Text("10:15:30Z"), "", "io.debezium.time.ZonedTime"},
		{"occurred_at", debezium("string", "IsoTime"), avrotest.Text("10:15:30Z"), "", "io.debezium.time.IsoTime"},
		{"occurred_at", debezium("string", "IsoDate"), avrotest.Text("2026-04-23Z"), "", "io.debezium.time.IsoDate"},
		{"occurred_at", debezium("string", "IsoTimestamp"), avrotest.Text("2026-04-23T10:15:30.123456Z"), "1776939330123", ""},
		{"occurred_at", object("long", "decimal", `,"precision":9`), avrotest.Long(5), "", "decimal"},
		{"occurred_at", fixed(12, "duration", ""), make([]byte, 12), "", "duration"},
		{"occurred_at", `"double"`, avrotest.Double(ms), "", "double"},
		// What no schema says is said where it can be: by the check, or of each record.
		{"occurred_at", `"long"`, avrotest.Long(ms), "1776939330123", "unit"},
		{"occurred_at", object("long", "timestamp-seconds", ""), avrotest.Long(ms), "1776939330123", "unit"},

		{"value", object("bytes", "decimal", `,"precision":9,"scale":2`), bytesOf(0x32, 0xc3), "129.95", ""},
		{"value", object("bytes", "decimal", `,"precision":64,"scale":30`), bytesOf(0x0f), "0.000000000000000000000000000015", ""},
		{"value", object("bytes", "decimal", `,"precision":1000,"scale":1000`), bytesOf(0), "0", ""},
		{"value", object("bytes", "decimal", `,"precision":4`), bytesOf(0x32, 0xc3), "12995", ""},
		{"value", fixed(16, "decimal", `,"precision":38,"scale":9`), avrotest.Join(make([]byte, 15), []byte{15}), "0.000000015", ""},
		{"value", fixed(1, "decimal", `,"precision":2,"scale":2`), []byte{0xff}, "-0.01", ""},
		{"value", object("string", "decimal", `,"precision":9,"scale":2`), avrotest.Text("129.95"), "129.95", ""},
		{"value", object("bytes", "big-decimal", ""), bytesOf(avrotest.Join(bytesOf(0x32, 0xc3), avrotest.Long(2))...), "129.95", ""},
		{"value", object("bytes", "big-decimal", ""), bytesOf(avrotest.Join(bytesOf(0xff), avrotest.Long(-3))...), "-1000", ""},
		{"value", object("bytes", "big-decimal", ""), bytesOf(avrotest.Join(bytesOf(1, 0, 0, 0, 0, 0, 0, 0, 0), avrotest.Long(-1))...), "184467440737095516160", ""},
		{"value", object("bytes", "big-decimal", ""), bytesOf(avrotest.Join(bytesOf(0x0f), avrotest.Long(0))...), "15", ""},
		{"value", object("long", "decimal", `,"precision":9,"scale":2`), avrotest.Long(12995), "", "decimal"},
		{"value", object("int", "decimal", `,"precision":9,"scale":2`), avrotest.Long(12995), "", "decimal"},
		{"value", object("bytes", "decimal", `,"precision":64,"scale":127`), bytesOf(1), "", "decimal"},
		{"value", object("bytes", "decimal", `,"scale":2`), bytesOf(1), "", "decimal"},
		{"value", object("bytes", "decimal", `,"precision":9,"scale":-2`), bytesOf(1), "", "decimal"},
		{"value", object("bytes", "decimal", `,"precision":"9","scale":2`), bytesOf(1), "", "decimal"},
		{"value", object("long", "timestamp-millis", ""), avrotest.Long(ms), "", "timestamp-millis"},
		{"value", object("int", "date", ""), avrotest.Long(5), "", "date"},
		{"value", `"bytes"`, bytesOf(1), "", "bytes"},
		{"value", fixed(12, "duration", ""), make([]byte, 12), "", "duration"},
		{"value", fixed(16, "uuid", ""), make([]byte, 16), "", "uuid"},
	} {
		for _, nullable := range []bool{false, true} {
			typ, value := c.typ, c.bytes
			if nullable {
				typ, value = `["null",`+typ+`,"boolean"]`, avrotest.Join(avrotest.Long(1), value)
			}
			schema := avrotest.Record(`,{"name":"occurred_at","type":` + typ + `}`)
			if c.field == "value" {
				schema = avrotest.Record(`,{"name":"custom_data","type":{"type":"record","name":"D","fields":[{"name":"value","type":` + typ + `}]}}`)
			}
			in, checked := program.Inspect(schema, nil)
			ev, err := decodeAs(schema, avrotest.ValueOf(value))
			got := fmt.Sprint(ev.OccurredAt)
			if c.field == "value" {
				got = ev.Custom.Value.String()
			}
			switch {
			case c.want == "":
				var atCheck *program.Error
				var atRecord *DecodeError
				if !errors.As(checked, &atCheck) || !errors.As(err, &atRecord) || of(atCheck, atRecord.Schema).Error() != atRecord.Error() {
					t.Errorf("%s as %s: check %v, record %v; want the same of both", c.field, typ, checked, err)
				} else if atCheck.Code != verdict.CodeNotTrackLayer || !strings.Contains(atCheck.Message, c.named) {
					t.Errorf("%s as %s: %v; want it refused by the name %s", c.field, typ, checked, c.named)
				}
			case checked != nil || err != nil || got != c.want:
				t.Errorf("%s as %s: check %v, record %v, value %s; want %s", c.field, typ, checked, err, got, c.want)
			case (c.named == "unit") != (len(in.Units) == 1):
				t.Errorf("%s as %s: units %v", c.field, typ, in.Units)
			case nullable != slices.ContainsFunc(in.Refuses, func(a program.Alternative) bool { return a.Type == "a boolean" }):
				t.Errorf("%s as %s: refuses %v", c.field, typ, in.Refuses)
			}
		}
	}
}

// TestRefusedBranchesAreNamed: of a union that can be read in part, the check
// names the other part, and so does the refusal of a record that has it.
func TestRefusedBranchesAreNamed(t *testing.T) {
	schema := avrotest.Record(`,{"name":"occurred_at","type":["string",{"type":"int","logicalType":"date"}]}`)
	in, err := program.Inspect(schema, nil)
	if err != nil || len(in.Refuses) != 1 || in.Refuses[0] != (program.Alternative{Path: "occurred_at", Type: "an int of logical type date"}) {
		t.Errorf("%+v, %v", in.Refuses, err)
	}
	_, err = decodeAs(schema, avrotest.ValueOf(avrotest.Long(1), avrotest.Long(20566)))
	wantCode(t, err, verdict.CodeUnexpectedType, "occurred_at")
	if !strings.Contains(err.Error(), "int of logical type date") {
		t.Errorf("%v: want it to name the type", err)
	}
}

// TestBadBigDecimals have a length or a scale that cannot be.
func TestBadBigDecimals(t *testing.T) {
	schema := avrotest.Record(`,{"name":"custom_data","type":{"type":"record","name":"D","fields":[{"name":"value","type":{"type":"bytes","logicalType":"big-decimal"}}]}}`)
	for name, b := range map[string][]byte{
		"empty": {}, "no scale": avrotest.Join(avrotest.Long(1), []byte{5}), "too short": avrotest.Join(avrotest.Long(9), []byte{5}), "negative length": avrotest.Join(avrotest.Long(-1), avrotest.Long(0)),
		"scale too large": avrotest.Join(avrotest.Long(1), []byte{5}, avrotest.Long(1001)), "scale too small": avrotest.Join(avrotest.Long(1), []byte{5}, avrotest.Long(-1001)),
		"more behind it": avrotest.Join(avrotest.Long(1), []byte{5}, avrotest.Long(2), []byte{0}), "endless": avrotest.Join(avrotest.Long(513), make([]byte, 513), avrotest.Long(0)),
	} {
		_, err := decodeAs(schema, avrotest.ValueOf(avrotest.Long(int64(len(b))), b))
		var bad *DecodeError
		if !errors.As(err, &bad) || bad.Code != verdict.CodeBadValue || bad.Field != "custom_data.value" {
			t.Errorf("%s: %v, want %s", name, err, verdict.CodeBadValue)
		}
	}
}

// A schema's own words reach messages only if they are short and plain.
func TestLogicalNamesOfStrangers(t *testing.T) {
	for _, name := range []string{"jane@example.com", strings.Repeat("x", 41), "a\nb", "\u202e"} {
		_, err := program.Inspect(avrotest.Record(`,{"name":"occurred_at","type":{"type":"double","logicalType":`+fmt.Sprintf("%q", name)+`}}`), nil)
		if err == nil || strings.Contains(err.Error(), name) {
			t.Errorf("%q: %v", name, err)
		}
	}
}
