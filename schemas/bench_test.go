package schemas

import (
	"context"
	"fmt"
	"testing"

	"github.com/tracklayer/amazon-capi/internal/lab/avrotest"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/event"
)

func BenchmarkDecode(b *testing.B) {
	dec := NewDecoder(ours(b))
	for _, v := range Versions() {
		ev := avrotest.ForVersion(v, avrotest.FullEvent())
		value := mustEncode(b, uint32(v), v, ev)
		b.Run(fmt.Sprintf("v%d", v), func(b *testing.B) {
			var out event.Event
			avrotest.Bench(b, value, func() error { return dec.Decode(context.Background(), value, &out) })
		})
	}
}

func BenchmarkCheckLayout(b *testing.B) {
	text, _ := V4.Schema()
	t, err := avro.Parse(text)
	if err != nil {
		b.Fatal(err)
	}
	payload := mustEncode(b, 4, V4, avrotest.FullEvent())[avro.HeaderSize:]
	b.ReportAllocs()
	for b.Loop() {
		if err := avro.CheckLayout(t, payload); err != nil {
			b.Fatal(err)
		}
	}
}
