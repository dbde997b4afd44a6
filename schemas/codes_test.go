package schemas

import (
	"context"
	"errors"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/lab/avrotest"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/event"
	"github.com/tracklayer/amazon-capi/schemas/framing"
)

// TestEveryCodeIsRaised: each code that is registered for this package has a value that
// is refused with it.
func TestEveryCodeIsRaised(t *testing.T) {
	source := avrotest.Schemas{
		0: {Text: avrotest.Record("")}, // of Glue's UUIDs
		1: {Text: avrotest.Record("")},
		2: {Text: avrotest.Record(""), Type: "PROTOBUF"},
		3: {Text: "no schema"},
		4: {Text: `"string"`},
		5: {Text: avrotest.Record(`,{"name":"user_data","type":["null","long"]}`)},
		6: {Text: avrotest.Record(`,{"name":"occurred_at","type":["null","string","boolean"]}`)},
		7: {Text: avrotest.Record(`,{"name":"more","type":"string"}`)},
		8: {Text: avrotest.Record(`,{"name":"seller","type":"boolean"}`)},
	}
	large := []uint32{20, 21, 22, 23, 20} // one more than fit, and the first again
	for _, id := range large {
		source[id] = avro.Schema{Text: eventSchema(manyFields(4900, `["null","string"]`))}
	}
	value := func(id uint32, parts ...[]byte) []byte {
		return avrotest.Join(avro.AppendHeader(nil, id), avrotest.Join(parts...))
	}
	raised := make(map[verdict.Code]bool)
	dec := NewDecoder(source, WithAliases(avrotest.AliasesOf(t, "seller?", "partner")))
	refused := func(rec kgo.Record) {
		var bad *DecodeError
		if err := dec.DecodeRecord(context.Background(), &rec, new(event.Event)); !errors.As(err, &bad) {
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
		value(1, avrotest.Text("e")), value(1, avrotest.Long(-5)), value(1, avrotest.Text("e"), avrotest.Text("n"), []byte{0}), value(1, avrotest.Text("\xff"), avrotest.Text("n")),
		value(6, avrotest.Text("e"), avrotest.Text("n"), avrotest.Long(2), []byte{1}), value(6, avrotest.Text("e"), avrotest.Text("n"), avrotest.Long(1), avrotest.Text("soon")),
	} {
		refused(kgo.Record{Value: v})
	}
	confluent := func(b ...byte) []kgo.RecordHeader {
		return []kgo.RecordHeader{{Key: framing.HeaderConfluent, Value: b}}
	}
	refused(kgo.Record{Value: []byte("e"), Headers: confluent(9)})
	refused(kgo.Record{Value: value(7, avrotest.Text("e"), avrotest.Text("n"), avrotest.Text("x")), Headers: confluent(0, 0, 0, 0, 1)})
	glued, _ := framing.Write(framing.RefUUID(framing.GlueVersion, [16]byte{}), avrotest.Text("e"), false, true)
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
