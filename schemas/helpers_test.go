package schemas

import (
	"context"
	"errors"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tracklayer/amazon-capi/internal/lab/avrotest"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/event"
	"github.com/tracklayer/amazon-capi/schemas/program"
)

func mustEncoder(t testing.TB) *Encoder {
	t.Helper()
	enc, err := NewEncoder()
	if err != nil {
		t.Fatal(err)
	}
	return enc
}

func mustEncode(t testing.TB, id uint32, v Version, ev *event.Event) []byte {
	t.Helper()
	b, err := mustEncoder(t).EncodeWire(id, v, ev)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// ours are all versions under their own numbers as ids.
func ours(t testing.TB) avrotest.Schemas {
	t.Helper()
	m := make(avrotest.Schemas)
	for _, v := range Versions() {
		text, err := v.Schema()
		if err != nil {
			t.Fatal(err)
		}
		m[uint32(v)] = avro.Schema{Text: text}
	}
	return m
}

// decodeAs decodes a value as one of the schema, under id 7.
func decodeAs(schema string, value []byte) (*event.Event, error) {
	var ev event.Event
	err := NewDecoder(avrotest.Schemas{7: {Text: schema}}).Decode(context.Background(), value, &ev)
	return &ev, err
}

func wantCode(t *testing.T, err error, code verdict.Code, field string) {
	t.Helper()
	var bad *DecodeError
	if !errors.As(err, &bad) {
		t.Fatalf("error %v, want a DecodeError %s", err, code)
	}
	if bad.Code.Entry().By != "schemas" {
		t.Fatalf("code %s is not one of schemas", bad.Code)
	}
	if bad.Code != code || bad.Field != field {
		t.Fatalf("error %q, want code %s and field %q", bad, code, field)
	}
}

// metric returns a counter or gauge; label is the value of its one label.
func metric(t *testing.T, reg prometheus.Gatherer, name, label string) float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name && (label == "" || m.GetLabel()[0].GetValue() == label) {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	t.Fatalf("no metric %s %s", name, label)
	return 0
}

func compile(s avro.Schema) (program.Program, *program.Error) {
	p, _, bad := program.Compile(&s, nil)
	return p, bad
}
