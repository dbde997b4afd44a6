package schemas

import (
	"fmt"
	"testing"

	"github.com/tracklayer/amazon-capi/schemas/avro"
)

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
	b.Run(name+"/goavro", func(b *testing.B) { benchmarkProgram(b, fast.Judge(), payload) })
}

func benchmarkProgram(b *testing.B, p Program, payload []byte) {
	var out Event
	bench(b, payload, func() error {
		out.Reset()
		if err := p.Read(payload, &out); err != nil {
			return err
		}
		return nil
	})
}
