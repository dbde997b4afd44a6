package sink

import (
	"testing"
	"time"

	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/transform"
)

// BenchmarkHotPath is what every event costs between its record and its place in
// a batch, over events of which no two are alike: the same one again and again,
// as the stages' own benchmarks have it, would teach the processor its branches.
// What a stage costs is the difference to the line above.
func BenchmarkHotPath(b *testing.B) {
	const count = 1 << 13
	values, ids := sampleRecords(b, count)
	dec := schemas.NewDecoder(ids)
	narrow, err := transform.New(transform.Options{})
	if err != nil {
		b.Fatal(err)
	}
	wide, err := transform.New(transform.Options{Wide: true})
	if err != nil {
		b.Fatal(err)
	}
	now := time.Now()
	var (
		ev  schemas.Event
		out transform.Conversion
		buf []byte
	)
	decode := func(i int) {
		if err := dec.Decode(b.Context(), values[i%count], &ev); err != nil {
			b.Fatal(err)
		}
	}
	convert := func(tr *transform.Transformer) {
		if r, ok := tr.Transform(&ev, now, &out); !ok {
			b.Fatal(r)
		}
	}
	for _, stage := range []struct {
		name string
		run  func(i int)
	}{
		{"decode", decode},
		{"transform", func(i int) { decode(i); convert(narrow) }},
		{"encode", func(i int) { decode(i); convert(narrow); buf = guide.AppendEvent(buf[:0], &out) }},
		{"transform wide", func(i int) { decode(i); convert(wide) }},
		{"encode wide", func(i int) { decode(i); convert(wide); buf = live.AppendEvent(buf[:0], &out) }},
	} {
		b.Run(stage.name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				stage.run(i)
			}
		})
	}
}

// sampleRecords are records as the benchmark of the whole program publishes them.
func sampleRecords(b *testing.B, count int) (values [][]byte, ids sample.IDs) {
	b.Helper()
	gen, err := sample.NewGenerator(1, sample.GeneratorOptions{Profiles: 50})
	if err != nil {
		b.Fatal(err)
	}
	enc, err := sample.NewEncoder()
	if err != nil {
		b.Fatal(err)
	}
	ids = sample.LocalIDs()
	for range count {
		s := gen.Next()
		value, err := enc.Value(ids, &s)
		if err != nil {
			b.Fatal(err)
		}
		values = append(values, value)
	}
	return values, ids
}
