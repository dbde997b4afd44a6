package schemas

import (
	"context"
	"fmt"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"testing"
)

func BenchmarkDecode(b *testing.B) {
	dec := NewDecoder(ours(b))
	for _, v := range Versions() {
		ev := forVersion(v, fullEvent())
		value := mustEncode(b, uint32(v), v, ev)
		b.Run(fmt.Sprintf("v%d", v), func(b *testing.B) {
			var out Event
			bench(b, value, func() error { return dec.Decode(context.Background(), value, &out) })
		})
	}
}

// BenchmarkRead compares the fast program with the judge, which reads what that
// does not accept.
func BenchmarkRead(b *testing.B) {
	for _, v := range Versions() {
		ev := forVersion(v, fullEvent())
		schema, _ := v.Schema()
		benchmarkRead(b, fmt.Sprintf("v%d", v), schema, mustEncode(b, uint32(v), v, ev)[avro.HeaderSize:])
	}
	benchmarkRead(b, "stranger", strangers, strangersRecord())
}

func benchmarkRead(b *testing.B, name, schema string, payload []byte) {
	fast := programOf(b, schema)
	b.Run(name+"/fast", func(b *testing.B) { benchmarkProgram(b, fast, payload) })
	b.Run(name+"/goavro", func(b *testing.B) { benchmarkProgram(b, fast.judge, payload) })
}

func benchmarkProgram(b *testing.B, p program, payload []byte) {
	var out Event
	bench(b, payload, func() error {
		out.Reset()
		if err := p.read(payload, &out); err != nil {
			return err
		}
		return nil
	})
}

func bench(b *testing.B, data []byte, read func() error) {
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if err := read(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCheckLayout(b *testing.B) {
	text, _ := V4.Schema()
	t, err := avro.Parse(text)
	if err != nil {
		b.Fatal(err)
	}
	payload := mustEncode(b, 4, V4, fullEvent())[avro.HeaderSize:]
	b.ReportAllocs()
	for b.Loop() {
		if err := avro.CheckLayout(t, payload); err != nil {
			b.Fatal(err)
		}
	}
}
