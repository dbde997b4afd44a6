package schemas

import (
	"context"
	"errors"
	"testing"
	"unicode/utf8"

	"github.com/tracklayer/amazon-capi/internal/lab/avrotest"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/decimal"
	"github.com/tracklayer/amazon-capi/schemas/event"
)

// FuzzDecode reads any bytes by every version, and by a schema with all that a
// stranger's may have. The seeds are records of each, which the fuzzer mutates.
func FuzzDecode(f *testing.F) {
	source := ours(f)
	source[5] = avro.Schema{Text: avrotest.Strangers}
	dec := NewDecoder(source)
	for _, v := range Versions() {
		for _, ev := range []*event.Event{{}, avrotest.ForV1(avrotest.FullEvent())} {
			f.Add(byte(v)-1, mustEncode(f, uint32(v), v, ev)[avro.HeaderSize:])
		}
	}
	f.Add(byte(V4)-1, mustEncode(f, 4, V4, avrotest.FullEvent())[avro.HeaderSize:])
	f.Add(byte(4), avrotest.StrangersRecord())
	f.Add(byte(0), []byte{0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Fuzz(func(t *testing.T, id byte, payload []byte) {
		var ev event.Event
		err := dec.Decode(context.Background(), append(avro.AppendHeader(nil, uint32(1+id%5)), payload...), &ev)
		if err != nil {
			var bad *DecodeError
			if !errors.As(err, &bad) || bad.Message == "" {
				t.Fatalf("error %v is not a DecodeError", err)
			}
			return
		}
		for i := range event.Fields {
			if f := &event.Fields[i]; f.Text != nil && !utf8.ValidString(*f.Text(&ev)) {
				t.Fatalf("%s is not UTF-8", f.Path())
			}
		}
		// What was read is an event: it can be written and read again.
		if !ev.Custom.Value.IsFinite() {
			ev.Custom.Value = decimal.Decimal{}
		}
		again, err := EventFromJSON(EventJSON(&ev))
		if err != nil {
			t.Fatal(err)
		}
		if d := avrotest.Diff(&ev, again); d != "" {
			t.Fatalf("(-want +got):\n%s", d)
		}
	})
}

func FuzzEventFromJSON(f *testing.F) {
	f.Add(EventJSON(avrotest.FullEvent()))
	f.Add([]byte(`{"custom_data":{"value":"1e-7","attributes":{"a":"1"}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		ev, err := EventFromJSON(data)
		if err != nil {
			return
		}
		again, err := EventFromJSON(EventJSON(ev))
		if err != nil {
			t.Fatal(err)
		}
		if d := avrotest.Diff(ev, again); d != "" {
			t.Fatalf("(-want +got):\n%s", d)
		}
	})
}

// FuzzSchema compiles any schema: it comes from a registry, and one that is
// wrong must be an error for its records alone.
func FuzzSchema(f *testing.F) {
	for _, s := range ours(f) {
		f.Add(s.Text)
	}
	f.Add(avrotest.Record(`,{"name":"x","type":["null",{"type":"array","items":{"type":"map","values":"E"}}]}`))
	f.Add(avrotest.Record(`,{"name":"value","type":{"type":"bytes","logicalType":"decimal","precision":4,"scale":9}}`))
	f.Fuzz(func(t *testing.T, schema string) {
		if p, err := compile(avro.Schema{Text: schema}); err == nil {
			_ = p.Read([]byte{2, 'e', 2, 'n', 0, 0, 2}, new(event.Event))
		}
	})
}
