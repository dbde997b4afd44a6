package schemas

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
	"github.com/tracklayer/amazon-capi/schemas/framing"
	"pgregory.net/rapid"
)

// fullEvent has every field of the latest version.
func fullEvent() *Event {
	return &Event{
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
		User: UserData{
			Email: "jane.doe@example.com", Phone: "+15551234567",
			HashedEmail: "hashed-email", HashedPhone: "hashed-phone",
			MADID:     "AEBE52E7-03EE-455A-B3C4-E57283966239",
			FirstName: "José", LastName: "Doe", City: "San Francisco", State: "California",
			CountryCode: "US", PostalCode: "94105-1234", Address: "1 Market St",
			RampID: "ramp", MatchID: "match", RealID: "real", MerkleID: "merkle", KantarID: "kantar", FIP: "fip",
			IPAddress: "192.0.2.7", UserAgent: "Mozilla/5.0",
		},
		Custom: CustomData{
			Value: NewDecimal(12995, 2), Currency: "USD", Quantity: 3, OrderReference: "10492",
			Attributes: []Attribute{{Key: "basket", Value: "b-1"}, {Key: "sku", Value: "A/1"}},
		},
		Consent: Consent{AdStorage: "GRANTED", AdUserData: "GRANTED", TCF: "tcf-string", GPP: "gpp-string", DataProcessing: "LIMITED_DATA_USE"},
	}
}

// schemaMap is a Source of schemas by id.
type schemaMap map[uint32]avro.Schema

func (m schemaMap) SchemaOf(ctx context.Context, ref framing.Ref) (avro.Schema, error) {
	return m.SchemaByID(ctx, uint32(ref.Number()))
}

func (m schemaMap) SchemaByID(_ context.Context, id uint32) (avro.Schema, error) {
	s, ok := m[id]
	if !ok {
		return avro.Schema{}, &avro.SchemaError{ID: id, Unknown: true, Message: "there is none"}
	}
	return s, nil
}

// written encodes a record with goavro and a schema of a test's own.
func written(t testing.TB, schema string, record map[string]any) []byte {
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

// record is a schema of an event with more fields than the identifying ones.
func record(more string) string {
	return `{"type":"record","name":"E","fields":[{"name":"event_id","type":"string"},{"name":"event_name","type":"string"}` + more + `]}`
}

// diff says how two events differ.
func diff(want, got *Event) string { return cmp.Diff(want, got, cmpopts.EquateEmpty()) }

// Avro's own encoding, for bytes that no library would write.
func long(n int64) []byte     { return binary.AppendVarint(nil, n) }
func text(s string) []byte    { return append(long(int64(len(s))), s...) }
func double(f float64) []byte { return binary.LittleEndian.AppendUint64(nil, math.Float64bits(f)) }

// join joins bytes.
func join(parts ...[]byte) (b []byte) {
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

// valueOf is a value under id 7 of an event "e", "n" with what follows.
func valueOf(parts ...[]byte) []byte {
	return join(avro.AppendHeader(nil, 7), text("e"), text("n"), join(parts...))
}

// strangers is a schema with all that a stranger's may have.
var strangers = record(`,{"name":"tree","type":{"type":"record","name":"Node","fields":[{"name":"next","type":["null","Node"]},{"name":"list","type":{"type":"array","items":"null"}}]}},
	{"name":"profile_id","type":["null","long","bytes",{"type":"fixed","name":"U","size":16,"logicalType":"uuid"}]},
	{"name":"occurred_at","type":["null","string",{"type":"long","logicalType":"timestamp-micros"}]},
	{"name":"custom_data","type":["null","int",{"type":"record","name":"D","fields":[
		{"name":"value","type":["double","float","string",{"type":"fixed","name":"A","size":9,"logicalType":"decimal","precision":20,"scale":3}]},
		{"name":"quantity","type":"int"},
		{"name":"attributes","type":{"type":"map","values":["null","boolean","string",{"type":"map","values":"double"}]}}]}]},
	{"name":"consent","type":{"type":"record","name":"C","fields":[{"name":"ad_storage","type":{"type":"enum","name":"G","symbols":["DENIED","GRANTED"]}}]}}`)

// strangersRecord is one of its records.
func strangersRecord() []byte {
	return valueOf(long(1), long(0), long(0), long(0), long(1), long(5), long(1), text("2026-04-23T10:15:30Z"),
		long(2), long(2), text("1.5"), long(3), long(1), text("k"), long(1), []byte{1}, long(0), long(1))[avro.HeaderSize:]
}

// sharing is a schema in which one type is two of our groups, and more.
var sharing = record(`,{"name":"user_data","type":{"type":"record","name":"Any","fields":[
	{"name":"email","type":"bytes"},{"name":"ad_storage","type":["string","null"]},{"name":"tcf","type":["null","long","string"]},
	{"name":"value","type":"double"},{"name":"quantity","type":["null","double",{"type":"array","items":"null"}]},
	{"name":"attributes","type":["null","int",{"type":"map","values":[{"type":"map","values":"null"},"bytes","null","float"]}]}]}},
	{"name":"consent","type":["Any","null"]},{"name":"custom_data","type":["null","boolean","Any"]},{"name":"x","type":{"type":"array","items":"Any"}}`)

// sharingRecord is one of its records.
func sharingRecord() []byte {
	group := join(text("mail"), long(0), text("DENIED"), long(2), text("tcf"), double(1.5), long(1), double(3),
		long(2), long(3), text("l"), long(0), long(1), text("m"), long(0), text("k"), long(1), text("v"), text("n"), long(2), long(0))
	return valueOf(group, long(0), group, long(2), group, long(-1), long(9), group, long(0))[avro.HeaderSize:]
}

// aliasesOf are those of pairs of a path and a field of ours, by lines from 1 on. A path
// that ends in ? is optional.
func aliasesOf(t rapid.TB, pairs ...string) *Aliases {
	t.Helper()
	var list []Alias
	for i := 0; i < len(pairs); i += 2 {
		from, optional := strings.CutSuffix(pairs[i], "?")
		list = append(list, Alias{From: from, To: pairs[i+1], Optional: optional, Where: fmt.Sprintf("line %d of m.yaml", i/2+1)})
	}
	as, wrong := NewAliases(list)
	if err := errors.Join(wrong...); err != nil {
		t.Fatal(err)
	}
	return as
}

// forVersion takes away what a version cannot carry.
func forVersion[V ~int](v V, ev *Event) *Event {
	switch v {
	case 1:
		return forV1(ev)
	case 2:
		return forV2(ev)
	case 3:
		return forV3(ev)
	}
	return ev
}

// forV3, forV2 and forV1 take away what came later.
func forV3(ev *Event) *Event {
	e := *ev
	e.AmazonAdEventKey, e.Partner = "", ""
	return &e
}

func forV2(ev *Event) *Event {
	e := *forV3(ev)
	e.ArefTokens, e.Platform, e.Consent.DataProcessing = "", "", ""
	u := &e.User
	u.Address, u.RampID, u.MatchID, u.RealID, u.MerkleID, u.KantarID, u.FIP = "", "", "", "", "", "", ""
	u.IPAddress, u.UserAgent = "", ""
	return &e
}

func forV1(ev *Event) *Event {
	e := *forV2(ev)
	e.ClickCapturedAt = 0
	e.User.HashedEmail, e.User.HashedPhone = "", ""
	e.Custom.Quantity = 0
	e.Consent.GPP = ""
	return &e
}

// Bench runs read, which reads data, as often as a benchmark wants.
func bench(b *testing.B, data []byte, read func() error) {
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if err := read(); err != nil {
			b.Fatal(err)
		}
	}
}
