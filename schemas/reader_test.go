package schemas

import (
	"bytes"
	"context"
	"errors"
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/linkedin/goavro/v2"
	"github.com/tracklayer/amazon-capi/internal/lab/avrotest"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/decimal"
	"github.com/tracklayer/amazon-capi/schemas/event"
	"github.com/tracklayer/amazon-capi/schemas/framing"
)

func TestRoundTripOfEveryVersion(t *testing.T) {
	dec := NewDecoder(ours(t))
	for _, v := range Versions() {
		want := avrotest.ForVersion(v, avrotest.FullEvent())
		var got event.Event
		if err := dec.Decode(context.Background(), mustEncode(t, uint32(v), v, want), &got); err != nil {
			t.Fatalf("version %d: %v", v, err)
		}
		if d := avrotest.Diff(want, &got); d != "" {
			t.Errorf("version %d (-want +got):\n%s", v, d)
		}
	}
}

// TestEventIsReused holds Decode to emptying the event that it is given.
func TestEventIsReused(t *testing.T) {
	dec := NewDecoder(ours(t))
	ev := *avrotest.FullEvent()
	want := &event.Event{EventID: "e", ProfileID: "p", EventName: "Lead", OccurredAt: 5}
	if err := dec.Decode(context.Background(), mustEncode(t, 1, V1, want), &ev); err != nil {
		t.Fatal(err)
	}
	if d := avrotest.Diff(want, &ev); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if err := dec.Decode(context.Background(), nil, &ev); err == nil || ev.EventID != "" {
		t.Errorf("after a tombstone (error %v) the event is still %s", err, ev.EventID)
	}
}

func TestNewerAndReorderedWriters(t *testing.T) {
	const schema = `{"type":"record","name":"Renamed","namespace":"elsewhere","fields":[
		{"name":"consent","type":{"type":"record","name":"C","fields":[{"name":"new_signal","type":"boolean"},{"name":"ad_storage","type":{"type":"enum","name":"G","symbols":["DENIED","GRANTED"]}}]}},
		{"name":"campaigns","type":{"type":"array","items":{"type":"record","name":"Campaign","fields":[{"name":"id","type":"long"},{"name":"parent","type":["null","Campaign"]}]}}},
		{"name":"occurred_at","type":["null",{"type":"long","logicalType":"timestamp-micros"}]},
		{"name":"event_name","type":["string","null"]},
		{"name":"session","type":["null",{"type":"map","values":"double"}]},
		{"name":"event_id","type":{"type":"string","avro.java.string":"String"}}
	]}`
	value := avrotest.Written(t, schema, map[string]any{
		"consent":     map[string]any{"new_signal": true, "ad_storage": "GRANTED"},
		"campaigns":   []any{map[string]any{"id": 1, "parent": goavro.Union("elsewhere.Campaign", map[string]any{"id": 2, "parent": nil})}},
		"occurred_at": goavro.Union("long.timestamp-micros", time.UnixMicro(1776939330123999)),
		"event_name":  goavro.Union("string", "Lead"),
		"session":     goavro.Union("map", map[string]any{"score": 0.5}),
		"event_id":    "lead_9821",
	})
	got, err := decodeAs(schema, value)
	if err != nil {
		t.Fatal(err)
	}
	want := &event.Event{EventID: "lead_9821", EventName: "Lead", OccurredAt: 1776939330123, Consent: event.Consent{AdStorage: "GRANTED"}}
	if d := avrotest.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestRenamedFieldsAreFound: a field is ours by its name, or else by one that it
// had earlier.
func TestRenamedFieldsAreFound(t *testing.T) {
	const schema = `{"type":"record","name":"E","fields":[
		{"name":"id","aliases":["uid","event_id"],"type":"string"},
		{"name":"event_name","type":"string"},
		{"name":"kind","aliases":["event_name","event_type"],"type":"string"},
		{"name":"click_id","aliases":["action_source"],"type":"string"},
		{"name":"both","aliases":["profile_id","action_source"],"type":"string"},
		{"name":"slips","aliases":[5,{"a":1}],"type":"string"},
		{"name":"who","aliases":["user_data"],"type":["null",{"type":"record","name":"U","fields":[
			{"name":"mail","aliases":["email"],"type":"string"},{"name":"event_id","type":"string"},{"name":"town","aliases":["event_id","city"],"type":"string"}]}]}
	]}`
	value := avrotest.Join(avro.AppendHeader(nil, 7), avrotest.Text("the id"), avrotest.Text("Lead"), avrotest.Text("LEAD"), avrotest.Text("click"), avrotest.Text("profile"), avrotest.Text("slip"),
		avrotest.Long(1), avrotest.Text("mail"), avrotest.Text("other"), avrotest.Text("Paris"))
	got, err := decodeAs(schema, value)
	if err != nil {
		t.Fatal(err)
	}
	want := &event.Event{EventID: "the id", ProfileID: "profile", EventName: "Lead", EventType: "LEAD", ClickID: "click",
		User: event.UserData{Email: "mail", City: "Paris"}}
	if d := avrotest.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestLogicalTypesAgreeWithGoavro has goavro write by the full schema, with
// its logical types, what we read by the schema without them.
func TestLogicalTypesAgreeWithGoavro(t *testing.T) {
	text, _ := V4.Schema()
	at := time.Date(2026, 4, 23, 10, 15, 30, 120e6, time.UTC)
	value := avrotest.Written(t, text, map[string]any{
		"event_id": "e", "profile_id": "p", "event_name": "n", "occurred_at": at,
		"click_captured_at": goavro.Union("long.timestamp-millis", at.Add(-time.Minute)),
		"custom_data": goavro.Union("com.tracklayer.events.CustomData", map[string]any{
			"value":    goavro.Union("bytes.decimal", big.NewRat(-1, 1e7)),
			"quantity": goavro.Union("long", int64(2)),
		}),
	})
	got, err := decodeAs(text, value)
	if err != nil {
		t.Fatal(err)
	}
	want := &event.Event{EventID: "e", ProfileID: "p", EventName: "n",
		OccurredAt: at.UnixMilli(), ClickCapturedAt: at.Add(-time.Minute).UnixMilli()}
	want.Custom.Value, want.Custom.Quantity = decimal.New(-1, 7), 2
	if d := avrotest.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestAmountVariants(t *testing.T) {
	decimal := func(scale string) string {
		return `{"type":"bytes","logicalType":"decimal","precision":30` + scale + `}`
	}
	unscaled := func(b ...byte) []byte { return avrotest.Join(avrotest.Long(int64(len(b))), b) }
	for name, c := range map[string]struct {
		typ   string
		bytes []byte
		want  string
	}{
		"decimal":             {decimal(`,"scale":2`), unscaled(0x32, 0xc3), "129.95"},
		"decimal no scale":    {decimal(``), unscaled(0x32, 0xc3), "12995"},
		"decimal negative":    {decimal(`,"scale":7`), unscaled(0xff), "-0.0000001"},
		"decimal long":        {decimal(`,"scale":2`), unscaled(0x0d, 0xe0, 0xb6, 0xb3, 0xa7, 0x64, 0, 1, 0, 0), "655360000000000000655.36"},
		"decimal no bytes":    {decimal(`,"scale":2`), unscaled(), "0"},
		"fixed":               {`{"type":"fixed","name":"F","size":4,"logicalType":"decimal","precision":9,"scale":2}`, []byte{0xff, 0xff, 0xff, 0x9c}, "-1"},
		"decimal on the side": {`"bytes","logicalType":"decimal","precision":9,"scale":1`, unscaled(0x0f), "1.5"},
		"nullable":            {`["null",` + decimal(`,"scale":2`) + `]`, avrotest.Join(avrotest.Long(1), unscaled(0x32, 0xc3)), "129.95"},
		"null":                {`["null",` + decimal(`,"scale":2`) + `]`, avrotest.Long(0), ""},
		"of two":              {`["double",` + decimal(`,"scale":2`) + `]`, avrotest.Join(avrotest.Long(0), avrotest.Double(0.1)), "0.1"},
		"double":              {`"double"`, avrotest.Double(129.95), "129.95"},
		"double small":        {`"double"`, avrotest.Double(1e-7), "0.0000001"},
		"double large":        {`"double"`, avrotest.Double(10000000000000.01), "10000000000000.01"},
		"float":               {`"float"`, []byte{0xcd, 0xcc, 0xcc, 0x3d}, "0.1"},
		"int":                 {`"int"`, avrotest.Long(7), "7"},
		"long":                {`"long"`, avrotest.Long(-7), "-7"},
		"string":              {`"string"`, avrotest.Text(" 0.10 "), "0.1"},
		"string exponent":     {`"string"`, avrotest.Text("1e-7"), "0.0000001"},
		"string blank":        {`"string"`, avrotest.Text(" "), ""},
	} {
		t.Run(name, func(t *testing.T) {
			schema := avrotest.Record(`,{"name":"custom_data","type":{"type":"record","name":"D","fields":[{"name":"value","type":` + c.typ + `}]}}`)
			got, err := decodeAs(schema, avrotest.ValueOf(c.bytes))
			if err != nil {
				t.Fatal(err)
			}
			if s := got.Custom.Value.String(); s != c.want || got.Custom.Value.IsSet() != (c.want != "") {
				t.Errorf("value %s, want %s", s, c.want)
			}
		})
	}
	nan, err := decodeAs(avrotest.Record(`,{"name":"custom_data","type":{"type":"record","name":"D","fields":[{"name":"value","type":"double"}]}}`), avrotest.ValueOf(avrotest.Double(math.NaN())))
	if err != nil || !nan.Custom.Value.IsSet() || nan.Custom.Value.IsFinite() {
		t.Errorf("NaN reads as %s, %v: want it kept for the validation to refuse", nan.Custom.Value, err)
	}
}

func TestInstantVariants(t *testing.T) {
	logical := func(name string) string { return `{"type":"long","logicalType":"` + name + `"}` }
	const ms = 1776939330123
	for name, c := range map[string]struct {
		typ   string
		bytes []byte
		want  int64
	}{
		"millis":        {logical("timestamp-millis"), avrotest.Long(ms), ms},
		"micros":        {logical("timestamp-micros"), avrotest.Long(ms*1000 + 999), ms},
		"micros 1969":   {logical("timestamp-micros"), avrotest.Long(-1), -1},
		"nanos":         {logical("timestamp-nanos"), avrotest.Long(ms*1e6 + 999999), ms},
		"plain":         {`"long"`, avrotest.Long(ms), ms},
		"on the side":   {`"long","logicalType":"timestamp-micros"`, avrotest.Long(ms * 1000), ms},
		"not known":     {logical("made-up"), avrotest.Long(ms), ms},
		"nullable":      {`["null",` + logical("timestamp-micros") + `]`, avrotest.Join(avrotest.Long(1), avrotest.Long(ms*1000)), ms},
		"null":          {`["null",` + logical("timestamp-micros") + `]`, avrotest.Long(0), 0},
		"year 9999":     {logical("timestamp-millis"), avrotest.Long(253402300799999), 253402300799999},
		"string Z":      {`"string"`, avrotest.Text("2026-04-23T10:15:30.123Z"), ms},
		"string offset": {`"string"`, avrotest.Text(" 2026-04-23T12:15:30.123+02:00"), ms},
		"string basic":  {`"string"`, avrotest.Text("2026-04-23T12:15:30.1239+0200"), ms},
		"string blank":  {`"string"`, avrotest.Text(""), 0},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := decodeAs(avrotest.Record(`,{"name":"occurred_at","type":`+c.typ+`}`), avrotest.ValueOf(c.bytes))
			if err != nil {
				t.Fatal(err)
			}
			if got.OccurredAt != c.want {
				t.Errorf("occurred at %d, want %d", got.OccurredAt, c.want)
			}
		})
	}
}

func TestTextVariants(t *testing.T) {
	uuid := []byte{0x12, 0x3e, 0x45, 0x67, 0xe8, 0x9b, 0x12, 0xd3, 0xa4, 0x56, 0x42, 0x66, 0x14, 0x17, 0x40, 0}
	for name, c := range map[string]struct {
		typ   string
		bytes []byte
		want  string
	}{
		"string":      {`"string"`, avrotest.Text("é"), "é"},
		"uuid string": {`{"type":"string","logicalType":"uuid"}`, avrotest.Text("123e"), "123e"},
		"uuid fixed":  {`{"type":"fixed","name":"U","size":16,"logicalType":"uuid"}`, uuid, "123e4567-e89b-12d3-a456-426614174000"},
		"bytes":       {`"bytes"`, avrotest.Text("é"), "é"},
		"fixed":       {`{"type":"fixed","name":"U","size":2}`, []byte("US"), "US"},
		"enum":        {`{"type":"enum","name":"U","symbols":["A","B"]}`, avrotest.Long(1), "B"},
		"int":         {`"int"`, avrotest.Long(-3), "-3"},
		"long":        {`"long"`, avrotest.Long(math.MaxInt64), "9223372036854775807"},
		"decimal":     {`{"type":"bytes","logicalType":"decimal","precision":20}`, avrotest.Join(avrotest.Long(2), []byte{1, 0}), "256"},
		"null":        {`"null"`, nil, ""},
		"of many":     {`["null","long","string",{"type":"enum","name":"U","symbols":["A","B"]}]`, avrotest.Join(avrotest.Long(3), avrotest.Long(0)), "A"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := decodeAs(avrotest.Record(`,{"name":"profile_id","type":`+c.typ+`}`), avrotest.ValueOf(c.bytes))
			if err != nil {
				t.Fatal(err)
			}
			if got.ProfileID != c.want {
				t.Errorf("profile id %q, want %q", got.ProfileID, c.want)
			}
		})
	}
}

// TestIncidentalFieldsCostNoEvent: what decides nothing is left out when it
// cannot be read, and what is beside it is still read.
func TestIncidentalFieldsCostNoEvent(t *testing.T) {
	for name, c := range map[string]struct {
		more  string
		bytes []byte
	}{
		"click time of another type": {`,{"name":"click_captured_at","type":"boolean"}`, []byte{1}},
		"click time no instant":      {`,{"name":"click_captured_at","type":"string"}`, avrotest.Text("yesterday")},
		"quantity of another type":   {`,{"name":"custom_data","type":{"type":"record","name":"D","fields":[{"name":"quantity","type":"bytes"}]}}`, avrotest.Text("2")},
		"quantity with a fraction":   {`,{"name":"custom_data","type":{"type":"record","name":"D","fields":[{"name":"quantity","type":"double"}]}}`, avrotest.Double(1.5)},
		"quantity NaN":               {`,{"name":"custom_data","type":{"type":"record","name":"D","fields":[{"name":"quantity","type":"double"}]}}`, avrotest.Double(math.NaN())},
		"attributes as a list":       {`,{"name":"custom_data","type":{"type":"record","name":"D","fields":[{"name":"attributes","type":{"type":"array","items":"string"}}]}}`, avrotest.Join(avrotest.Long(1), avrotest.Text("a"), avrotest.Long(0))},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := decodeAs(avrotest.Record(c.more+`,{"name":"click_id","type":"string"}`), avrotest.ValueOf(c.bytes, avrotest.Text("click")))
			if err != nil {
				t.Fatal(err)
			}
			if d := avrotest.Diff(&event.Event{EventID: "e", EventName: "n", ClickID: "click"}, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestQuantityAndAttributeVariants(t *testing.T) {
	schema := avrotest.Record(`,{"name":"custom_data","type":["null",{"type":"record","name":"D","fields":[
		{"name":"quantity","type":["null","int","double","string","float"]},
		{"name":"attributes","type":{"type":"map","values":["null","string","boolean","double","long",{"type":"array","items":"int"}]}}]}]}`)
	for quantity, encoded := range map[int64][]byte{
		0: avrotest.Long(0), 2: avrotest.Join(avrotest.Long(1), avrotest.Long(2)), 3: avrotest.Join(avrotest.Long(2), avrotest.Double(3)), 4: avrotest.Join(avrotest.Long(3), avrotest.Text(" 4")), 5: avrotest.Join(avrotest.Long(4), []byte{0, 0, 0xa0, 0x40})} {
		got, err := decodeAs(schema, avrotest.ValueOf(avrotest.Long(1), encoded,
			avrotest.Long(6),
			avrotest.Text("z"), avrotest.Join(avrotest.Long(1), avrotest.Text("last")), avrotest.Text("yes"), avrotest.Join(avrotest.Long(2), []byte{1}), avrotest.Text("half"), avrotest.Join(avrotest.Long(3), avrotest.Double(0.5)),
			avrotest.Text("n"), avrotest.Join(avrotest.Long(4), avrotest.Long(-1)), avrotest.Text("none"), avrotest.Long(0), avrotest.Text("list"), avrotest.Join(avrotest.Long(5), avrotest.Long(0)),
			avrotest.Long(0)))
		if err != nil {
			t.Fatal(err)
		}
		want := &event.Event{EventID: "e", EventName: "n"}
		want.Custom.Quantity = quantity
		want.Custom.Attributes = []event.Attribute{{Key: "half", Value: "0.5"}, {Key: "n", Value: "-1"}, {Key: "yes", Value: "true"}, {Key: "z", Value: "last"}}
		if d := avrotest.Diff(want, got); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
}

func TestSchemasThatAreNotTrackLayers(t *testing.T) {
	for name, c := range map[string]struct {
		schema string
		code   verdict.Code
		field  string
	}{
		"a string":                  {`"string"`, verdict.CodeNotTrackLayer, ""},
		"a union":                   {`["null","string"]`, verdict.CodeNotTrackLayer, ""},
		"no event id":               {`{"type":"record","name":"Order","fields":[{"name":"event_name","type":"string"}]}`, verdict.CodeNotTrackLayer, "event_id"},
		"no event name":             {`{"type":"record","name":"Order","fields":[{"name":"event_id","type":"string"}]}`, verdict.CodeNotTrackLayer, "event_name"},
		"id of another type":        {`{"type":"record","name":"Order","fields":[{"name":"event_id","type":"double"},{"name":"event_name","type":"string"}]}`, verdict.CodeNotTrackLayer, "event_id"},
		"value as raw bytes":        {avrotest.Record(`,{"name":"custom_data","type":{"type":"record","name":"D","fields":[{"name":"value","type":"bytes"}]}}`), verdict.CodeNotTrackLayer, "custom_data.value"},
		"more decimals than digits": {avrotest.Record(`,{"name":"custom_data","type":{"type":"record","name":"D","fields":[{"name":"value","type":{"type":"bytes","logicalType":"decimal","precision":4,"scale":9}}]}}`), verdict.CodeNotTrackLayer, "custom_data.value"},
		"time without a zone":       {avrotest.Record(`,{"name":"occurred_at","type":{"type":"long","logicalType":"local-timestamp-millis"}}`), verdict.CodeNotTrackLayer, "occurred_at"},
		"time as int":               {avrotest.Record(`,{"name":"occurred_at","type":["null","int"]}`), verdict.CodeNotTrackLayer, "occurred_at"},
		"user data as text":         {avrotest.Record(`,{"name":"user_data","type":"string"}`), verdict.CodeNotTrackLayer, "user_data"},
		"user data as union":        {avrotest.Record(`,{"name":"user_data","type":["null","string"]}`), verdict.CodeNotTrackLayer, "user_data"},
		"email in a union":          {avrotest.Record(`,{"name":"user_data","type":["null",{"type":"record","name":"U","fields":[{"name":"email","type":"boolean"}]}]}`), verdict.CodeNotTrackLayer, "user_data.email"},
		"not JSON":                  {`record {}`, verdict.CodeBadSchema, ""},
		"unknown type":              {avrotest.Record(`,{"name":"x","type":"Missing"}`), verdict.CodeBadSchema, ""},
		"no fields":                 {`{"type":"record","name":"Order"}`, verdict.CodeBadSchema, ""},
		"field twice":               {avrotest.Record(`,{"name":"event_id","type":"string"}`), verdict.CodeBadSchema, ""},
		"renamed twice":             {avrotest.Record(`,{"name":"a","aliases":["click_id"],"type":"string"},{"name":"b","aliases":["click_id"],"type":"string"}`), verdict.CodeNotTrackLayer, "click_id"},
		"renamed in a group":        {avrotest.Record(`,{"name":"who","aliases":["user_data"],"type":{"type":"record","name":"U","fields":[{"name":"mail","aliases":["email"],"type":"boolean"}]}}`), verdict.CodeNotTrackLayer, "user_data.email"},
		"bad enum":                  {avrotest.Record(`,{"name":"x","type":{"type":"enum","name":"X","symbols":["a b"]}}`), verdict.CodeBadSchema, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := decodeAs(c.schema, avrotest.ValueOf())
			wantCode(t, err, c.code, c.field)
		})
	}
}

func TestBadRecords(t *testing.T) {
	whole := mustEncode(t, 7, V4, avrotest.FullEvent())
	latest, _ := Latest.Schema()
	user := `,{"name":"user_data","type":["null","long",{"type":"record","name":"U","fields":[{"name":"email","type":["null","string","boolean"]}]}]}`
	attributes := `,{"name":"custom_data","type":{"type":"record","name":"D","fields":[{"name":"attributes","type":{"type":"map","values":"string"}}]}}`
	for name, c := range map[string]struct {
		schema string
		value  []byte
		code   verdict.Code
		field  string
	}{
		"no record":           {latest, avro.AppendHeader(nil, 7), verdict.CodeTruncated, "event_id"},
		"last byte missing":   {latest, whole[:len(whole)-1], verdict.CodeTruncated, "consent.data_processing"},
		"half":                {latest, whole[:40], verdict.CodeTruncated, "event_name"},
		"a byte too many":     {latest, append(bytes.Clone(whole), 0), verdict.CodeTrailingBytes, ""},
		"negative length":     {avrotest.Record(``), avrotest.Join(avro.AppendHeader(nil, 7), avrotest.Long(-5)), verdict.CodeCorrupt, "event_id"},
		"huge length":         {avrotest.Record(``), avrotest.Join(avro.AppendHeader(nil, 7), avrotest.Long(math.MaxInt64)), verdict.CodeTruncated, "event_id"},
		"endless number":      {avrotest.Record(``), avrotest.Join(avro.AppendHeader(nil, 7), bytes.Repeat([]byte{0xff}, 20)), verdict.CodeCorrupt, "event_id"},
		"branch beyond":       {avrotest.Record(user), avrotest.ValueOf(avrotest.Long(3)), verdict.CodeCorrupt, "user_data"},
		"branch negative":     {avrotest.Record(user), avrotest.ValueOf(avrotest.Long(-1)), verdict.CodeCorrupt, "user_data"},
		"branch of another":   {avrotest.Record(user), avrotest.ValueOf(avrotest.Long(1), avrotest.Long(5)), verdict.CodeUnexpectedType, "user_data"},
		"field of another":    {avrotest.Record(user), avrotest.ValueOf(avrotest.Long(2), avrotest.Long(2), []byte{1}), verdict.CodeUnexpectedType, "user_data.email"},
		"bad boolean":         {avrotest.Record(user), avrotest.ValueOf(avrotest.Long(2), avrotest.Long(2), []byte{7}), verdict.CodeCorrupt, "user_data.email"},
		"text not UTF-8":      {avrotest.Record(user), avrotest.ValueOf(avrotest.Long(2), avrotest.Long(1), avrotest.Text("jane\xff@example.com")), verdict.CodeInvalidUTF8, "user_data.email"},
		"id not UTF-8":        {avrotest.Record(``), avrotest.Join(avro.AppendHeader(nil, 7), avrotest.Text("\xc3\x28"), avrotest.Text("n")), verdict.CodeInvalidUTF8, "event_id"},
		"attribute not UTF-8": {avrotest.Record(attributes), avrotest.ValueOf(avrotest.Long(1), avrotest.Text("k"), avrotest.Text("\xff"), avrotest.Long(0)), verdict.CodeInvalidUTF8, "custom_data.attributes"},
		"key not UTF-8":       {avrotest.Record(attributes), avrotest.ValueOf(avrotest.Long(1), avrotest.Text("\xff"), avrotest.Text("v"), avrotest.Long(0)), verdict.CodeInvalidUTF8, "custom_data.attributes"},
		"key twice":           {avrotest.Record(attributes), avrotest.ValueOf(avrotest.Long(2), avrotest.Text("k"), avrotest.Text("jane"), avrotest.Text("k"), avrotest.Text("doe"), avrotest.Long(0)), verdict.CodeCorrupt, ""},
		"enum beyond":         {avrotest.Record(`,{"name":"action_source","type":{"type":"enum","name":"S","symbols":["APP"]}}`), avrotest.ValueOf(avrotest.Long(1)), verdict.CodeCorrupt, "action_source"},
		"int of 40 bits":      {avrotest.Record(`,{"name":"x","type":"int"}`), avrotest.ValueOf(avrotest.Long(1 << 40)), verdict.CodeCorrupt, "x"},
		"no instant":          {avrotest.Record(`,{"name":"occurred_at","type":"string"}`), avrotest.ValueOf(avrotest.Text("2026-04-23 10:15")), verdict.CodeBadValue, "occurred_at"},
		"no zone":             {avrotest.Record(`,{"name":"occurred_at","type":"string"}`), avrotest.ValueOf(avrotest.Text("2026-04-23T10:15:30")), verdict.CodeBadValue, "occurred_at"},
		"no amount": {avrotest.Record(`,{"name":"custom_data","type":{"type":"record","name":"D","fields":[{"name":"value","type":"string"}]}}`),
			avrotest.ValueOf(avrotest.Text("12,50")), verdict.CodeBadValue, "custom_data.value"},
		"amount without end": {avrotest.Record(`,{"name":"custom_data","type":{"type":"record","name":"D","fields":[{"name":"value","type":{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}}]}}`),
			avrotest.ValueOf(avrotest.Long(5<<20), make([]byte, 5<<20)), verdict.CodeBadValue, "custom_data.value"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := decodeAs(c.schema, c.value)
			wantCode(t, err, c.code, c.field)
			for _, secret := range []string{"jane", "example", "12,50", "10:15", "doe"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("error %q has what was in the record", err)
				}
			}
			var bad *DecodeError
			errors.As(err, &bad)
			if bad.Schema != framing.RefID(7) {
				t.Errorf("error names %s, want schema id 7", bad.Schema)
			}
		})
	}
}

// TestSchemaWithByteOrderMark: it is no part of the schema.
func TestSchemaWithByteOrderMark(t *testing.T) {
	if _, err := decodeAs("\ufeff"+avrotest.Record(``), avrotest.ValueOf()); err != nil {
		t.Error(err)
	}
}

// TestEveryCutIsNoticed cuts a record at each of its bytes.
func TestEveryCutIsNoticed(t *testing.T) {
	whole := mustEncode(t, 4, V4, avrotest.FullEvent())
	dec := NewDecoder(ours(t))
	var ev event.Event
	for n := range whole {
		err := dec.Decode(context.Background(), whole[:n:n], &ev)
		if _, ok := errors.AsType[*DecodeError](err); !ok {
			t.Fatalf("the first %d of %d bytes: %v", n, len(whole), err)
		}
	}
}

// TestIDsSurviveLaterFaults: a dead letter is to be found by its event's id.
func TestIDsSurviveLaterFaults(t *testing.T) {
	ev := avrotest.FullEvent()
	ev.User.City = "\xff"
	var got event.Event
	err := NewDecoder(ours(t)).Decode(context.Background(), mustEncode(t, 4, V4, ev), &got)
	wantCode(t, err, verdict.CodeInvalidUTF8, "user_data.city")
	if got.EventID != ev.EventID || got.ProfileID != ev.ProfileID {
		t.Errorf("ids %q and %q are lost", got.EventID, got.ProfileID)
	}
}

func TestFiveMegabyteRecord(t *testing.T) {
	ev := avrotest.FullEvent()
	ev.Custom.Attributes = []event.Attribute{{Key: "payload", Value: strings.Repeat("x", 5<<20)}}
	var got event.Event
	if err := NewDecoder(ours(t)).Decode(context.Background(), mustEncode(t, 4, V4, ev), &got); err != nil {
		t.Fatal(err)
	}
	if d := avrotest.Diff(ev, &got); d != "" {
		t.Error("a large record is not read as it was written")
	}
}

func TestReasonIsTheVerdict(t *testing.T) {
	err := &DecodeError{Code: verdict.CodeInvalidUTF8, Field: "user_data.city", Schema: framing.RefID(12), Message: "the text there is not valid UTF-8"}
	if got, want := err.Reason().Error(), "decode invalid_utf8 (user_data.city): schema id 12: the text there is not valid UTF-8"; got != want {
		t.Errorf("reason %q, want %q", got, want)
	}
	if got, want := err.Error(), "decode: invalid_utf8 (user_data.city, schema id 12): the text there is not valid UTF-8"; got != want {
		t.Errorf("error %q, want %q", got, want)
	}
}
