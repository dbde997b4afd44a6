package program_test

import (
	"fmt"
	"testing"

	"github.com/tracklayer/amazon-capi/internal/lab/avrotest"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/event"
	"github.com/tracklayer/amazon-capi/schemas/program"
)

// BenchmarkRead compares the fast program with the judge, which reads what that
// does not accept.
func BenchmarkRead(b *testing.B) {
	for _, v := range schemas.Versions() {
		ev := avrotest.ForVersion(v, avrotest.FullEvent())
		schema, _ := v.Schema()
		benchmarkRead(b, fmt.Sprintf("v%d", v), schema, mustEncode(b, uint32(v), v, ev)[avro.HeaderSize:])
	}
	benchmarkRead(b, "stranger", avrotest.Strangers, avrotest.StrangersRecord())
}

func benchmarkRead(b *testing.B, name, schema string, payload []byte) {
	fast := programOf(b, schema)
	b.Run(name+"/fast", func(b *testing.B) { benchmarkProgram(b, fast, payload) })
	b.Run(name+"/goavro", func(b *testing.B) { benchmarkProgram(b, fast.Judge(), payload) })
}

func benchmarkProgram(b *testing.B, p program.Program, payload []byte) {
	var out event.Event
	avrotest.Bench(b, payload, func() error {
		out.Reset()
		if err := p.Read(payload, &out); err != nil {
			return err
		}
		return nil
	})
}
