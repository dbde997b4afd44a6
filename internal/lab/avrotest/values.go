package avrotest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/linkedin/goavro/v2"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/decimal"
	"github.com/tracklayer/amazon-capi/schemas/event"
	"github.com/tracklayer/amazon-capi/schemas/framing"
	"pgregory.net/rapid"
)

// FullEvent has every field of the latest version.
func FullEvent() *event.Event {
	return &event.Event{
		EventID:         "ord_10492_purchase",
		ProfileID:       "1234567890",
		EventName:       "Purchase",
		EventType:       "PURCHASE",
		ActionSource:    "WEBSITE",
		OccurredAt:      1776939330123,
		ClickID:         "amzn1.click.abc123",
		ClickCapturedAt: 1776939000000,
		ArefTokens:      "aB3dE6gH9k.1776938990000",
		Platform:        "ANDROID",

		AmazonAdEventKey: "key-7", Partner: "Acme Measurement",
		User: event.UserData{
			Email: "jane.doe@example.com", Phone: "+15551234567",
			HashedEmail: "hashed-email", HashedPhone: "hashed-phone",
			MADID:     "AEBE52E7-03EE-455A-B3C4-E57283966239",
			FirstName: "José", LastName: "Doe", City: "San Francisco", State: "California",
			CountryCode: "US", PostalCode: "94105-1234", Address: "1 Market St",
			RampID: "ramp", MatchID: "match", RealID: "real", MerkleID: "merkle", KantarID: "kantar", FIP: "fip",
			IPAddress: "192.0.2.7", UserAgent: "Mozilla/5.0",
		},
		Custom: event.CustomData{
			Value: decimal.New(12995, 2), Currency: "USD", Quantity: 3, OrderReference: "10492",
			Attributes: []event.Attribute{{Key: "basket", Value: "b-1"}, {Key: "sku", Value: "A/1"}},
		},
		Consent: event.Consent{AdStorage: "GRANTED", AdUserData: "GRANTED", TCF: "tcf-string", GPP: "gpp-string", DataProcessing: "LIMITED_DATA_USE"},
	}
}

// Schemas are a source of schemas by id.
type Schemas map[uint32]avro.Schema

// SchemaOf returns the schema that a record refers to by its id.
func (m Schemas) SchemaOf(ctx context.Context, ref framing.Ref) (avro.Schema, error) {
	return m.SchemaByID(ctx, uint32(ref.Number()))
}

// SchemaByID returns the schema with that id.
func (m Schemas) SchemaByID(_ context.Context, id uint32) (avro.Schema, error) {
	s, ok := m[id]
	if !ok {
		return avro.Schema{}, &avro.SchemaError{ID: id, Unknown: true, Message: "there is none"}
	}
	return s, nil
}

// Written encodes a record with goavro and a schema of a test's own.
func Written(t testing.TB, schema string, record map[string]any) []byte {
	t.Helper()
	codec, err := goavro.NewCodec(schema)
	if err != nil {
		t.Fatal(err)
	}
	b, err := codec.BinaryFromNative(avro.AppendHeader(nil, 7), record)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Record is a schema of an event with more fields than the identifying ones.
func Record(more string) string {
	return `{"type":"record","name":"E","fields":[{"name":"event_id","type":"string"},{"name":"event_name","type":"string"}` + more + `]}`
}

// Diff says how two events differ.
func Diff(want, got *event.Event) string { return cmp.Diff(want, got, cmpopts.EquateEmpty()) }

// Long encodes an Avro int or long, for bytes that no library would write.
func Long(n int64) []byte { return binary.AppendVarint(nil, n) }

// Text encodes an Avro string or bytes.
func Text(s string) []byte { return append(Long(int64(len(s))), s...) }

// Double encodes an Avro double.
func Double(f float64) []byte { return binary.LittleEndian.AppendUint64(nil, math.Float64bits(f)) }

// Join joins bytes.
func Join(parts ...[]byte) (b []byte) {
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

// ValueOf is a value under id 7 of an event "e", "n" with what follows.
func ValueOf(parts ...[]byte) []byte {
	return Join(avro.AppendHeader(nil, 7), Text("e"), Text("n"), Join(parts...))
}

// Strangers is a schema with all that a stranger's may have.
var Strangers = Record(`,{"name":"tree","type":{"type":"record","name":"Node","fields":[{"name":"next","type":["null","Node"]},{"name":"list","type":{"type":"array","items":"null"}}]}},
	{"name":"profile_id","type":["null","long","bytes",{"type":"fixed","name":"U","size":16,"logicalType":"uuid"}]},
	{"name":"occurred_at","type":["null","string",{"type":"long","logicalType":"timestamp-micros"}]},
	{"name":"custom_data","type":["null","int",{"type":"record","name":"D","fields":[
		{"name":"value","type":["double","float","string",{"type":"fixed","name":"A","size":9,"logicalType":"decimal","precision":20,"scale":3}]},
		{"name":"quantity","type":"int"},
		{"name":"attributes","type":{"type":"map","values":["null","boolean","string",{"type":"map","values":"double"}]}}]}]},
	{"name":"consent","type":{"type":"record","name":"C","fields":[{"name":"ad_storage","type":{"type":"enum","name":"G","symbols":["DENIED","GRANTED"]}}]}}`)

// StrangersRecord is one of its records.
func StrangersRecord() []byte {
	return ValueOf(Long(1), Long(0), Long(0), Long(0), Long(1), Long(5), Long(1), Text("2026-04-23T10:15:30Z"),
		Long(2), Long(2), Text("1.5"), Long(3), Long(1), Text("k"), Long(1), []byte{1}, Long(0), Long(1))[avro.HeaderSize:]
}

// Sharing is a schema in which one type is two of our groups, and more.
var Sharing = Record(`,{"name":"user_data","type":{"type":"record","name":"Any","fields":[
	{"name":"email","type":"bytes"},{"name":"ad_storage","type":["string","null"]},{"name":"tcf","type":["null","long","string"]},
	{"name":"value","type":"double"},{"name":"quantity","type":["null","double",{"type":"array","items":"null"}]},
	{"name":"attributes","type":["null","int",{"type":"map","values":[{"type":"map","values":"null"},"bytes","null","float"]}]}]}},
	{"name":"consent","type":["Any","null"]},{"name":"custom_data","type":["null","boolean","Any"]},{"name":"x","type":{"type":"array","items":"Any"}}`)

// SharingRecord is one of its records.
func SharingRecord() []byte {
	group := Join(Text("mail"), Long(0), Text("DENIED"), Long(2), Text("tcf"), Double(1.5), Long(1), Double(3),
		Long(2), Long(3), Text("l"), Long(0), Long(1), Text("m"), Long(0), Text("k"), Long(1), Text("v"), Text("n"), Long(2), Long(0))
	return ValueOf(group, Long(0), group, Long(2), group, Long(-1), Long(9), group, Long(0))[avro.HeaderSize:]
}

// AliasesOf are those of pairs of a path and a field of ours, by lines from 1 on. A path
// that ends in ? is optional.
func AliasesOf(t rapid.TB, pairs ...string) *event.Aliases {
	t.Helper()
	var list []event.Alias
	for i := 0; i < len(pairs); i += 2 {
		from, optional := strings.CutSuffix(pairs[i], "?")
		list = append(list, event.Alias{From: from, To: pairs[i+1], Optional: optional, Where: fmt.Sprintf("line %d of m.yaml", i/2+1)})
	}
	as, wrong := event.NewAliases(list)
	if err := errors.Join(wrong...); err != nil {
		t.Fatal(err)
	}
	return as
}

// ForVersion takes away what a version cannot carry.
func ForVersion[V ~int](v V, ev *event.Event) *event.Event {
	switch v {
	case 1:
		return ForV1(ev)
	case 2:
		return ForV2(ev)
	case 3:
		return ForV3(ev)
	}
	return ev
}

// ForV3 removes what came after version 3.
func ForV3(ev *event.Event) *event.Event {
	e := *ev
	e.AmazonAdEventKey, e.Partner = "", ""
	return &e
}

// ForV2 removes what came after version 2.
func ForV2(ev *event.Event) *event.Event {
	e := *ForV3(ev)
	e.ArefTokens, e.Platform, e.Consent.DataProcessing = "", "", ""
	u := &e.User
	u.Address, u.RampID, u.MatchID, u.RealID, u.MerkleID, u.KantarID, u.FIP = "", "", "", "", "", "", ""
	u.IPAddress, u.UserAgent = "", ""
	return &e
}

// ForV1 removes what came after version 1.
func ForV1(ev *event.Event) *event.Event {
	e := *ForV2(ev)
	e.ClickCapturedAt = 0
	e.User.HashedEmail, e.User.HashedPhone = "", ""
	e.Custom.Quantity = 0
	e.Consent.GPP = ""
	return &e
}

// Bench runs read, which reads data, as often as a benchmark wants.
func Bench(b *testing.B, data []byte, read func() error) {
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if err := read(); err != nil {
			b.Fatal(err)
		}
	}
}
