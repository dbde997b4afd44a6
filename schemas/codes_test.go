package schemas

import (
	"context"
	"errors"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/framing"
)

// TestEveryCodeIsRaised: each code that is registered for this package has a value that
// is refused with it.
func TestEveryCodeIsRaised(t *testing.T) {
	source := schemaMap{
		0: {Text: record("")}, // of Glue's UUIDs
		1: {Text: record("")},
		2: {Text: record(""), Type: "PROTOBUF"},
		3: {Text: "no schema"},
		4: {Text: `"string"`},
		5: {Text: record(`,{"name":"user_data","type":["null","long"]}`)},
		6: {Text: record(`,{"name":"occurred_at","type":["null","string","boolean"]}`)},
		7: {Text: record(`,{"name":"more","type":"string"}`)},
		8: {Text: record(`,{"name":"seller","type":"boolean"}`)},
	}
	large := []uint32{20, 21, 22, 23, 20} // one more than fit, and the first again
	for _, id := range large {
		source[id] = avro.Schema{Text: eventSchema(manyFields(4900, `["null","string"]`))}
	}
	value := func(id uint32, parts ...[]byte) []byte { return join(avro.AppendHeader(nil, id), join(parts...)) }
	raised := make(map[verdict.Code]bool)
	dec := NewDecoder(source, WithAliases(aliasesOf(t, "seller?", "partner")))
	refused := func(rec kgo.Record) {
		var bad *DecodeError
		if err := dec.DecodeRecord(context.Background(), &rec, new(Event)); !errors.As(err, &bad) {
			t.Errorf("%x: %v, want a DecodeError", rec.Value, err)
			return
		}
		raised[bad.Code] = true
		if r := bad.Reason(); r.Code != bad.Code.String() || r.Class != verdict.Decode || r.Field != bad.Field || r.Message == "" {
			t.Errorf("%v as a reason: %+v", bad, r)
		}
	}
	for _, v := range [][]byte{
		nil, {}, []byte("{}"), {0, 0}, value(9), value(8), value(2), value(3), value(4), value(5),
		value(1, text("e")), value(1, long(-5)), value(1, text("e"), text("n"), []byte{0}), value(1, text("\xff"), text("n")),
		value(6, text("e"), text("n"), long(2), []byte{1}), value(6, text("e"), text("n"), long(1), text("soon")),
	} {
		refused(kgo.Record{Value: v})
	}
	confluent := func(b ...byte) []kgo.RecordHeader {
		return []kgo.RecordHeader{{Key: framing.HeaderConfluent, Value: b}}
	}
	refused(kgo.Record{Value: []byte("e"), Headers: confluent(9)})
	refused(kgo.Record{Value: value(7, text("e"), text("n"), text("x")), Headers: confluent(0, 0, 0, 0, 1)})
	glued, _ := framing.Write(framing.RefUUID(framing.GlueVersion, [16]byte{}), text("e"), false, true)
	refused(kgo.Record{Value: glued[:len(glued)-1]})
	for _, id := range large {
		refused(kgo.Record{Value: value(id)})
	}
	for _, e := range verdict.CodesBy("schemas") {
		if !raised[e.Code] {
			t.Errorf("%s is raised by nothing", e.Name)
		}
	}
}
