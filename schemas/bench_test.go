package schemas

import (
	"context"
	"testing"
)

func BenchmarkDecode(b *testing.B) {
	dec := NewDecoder(ours(b))
	for name, v := range map[string]Version{"v1": V1, "v2": V2} {
		ev := fullEvent()
		if v == V1 {
			ev = forV1(ev)
		}
		value := mustEncode(b, uint32(v), v, ev)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(value)))
			var out Event
			for b.Loop() {
				if err := dec.Decode(context.Background(), value, &out); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCheckLayout(b *testing.B) {
	text, _ := V2.Schema()
	t, err := parseAvro(text)
	if err != nil {
		b.Fatal(err)
	}
	payload := mustEncode(b, 2, V2, fullEvent())[headerSize:]
	b.ReportAllocs()
	for b.Loop() {
		if err := checkLayout(t, payload); err != nil {
			b.Fatal(err)
		}
	}
}
