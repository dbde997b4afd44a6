//go:build !kafka

package e2e

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

// strange registers a schema that somebody who may do so has made up, and returns
// its id.
func (w *world) strange(subject, schema string) uint32 {
	w.t.Helper()
	registry, err := registry.New(registry.Options{URL: w.registry})
	if err != nil {
		w.t.Fatal(err)
	}
	defer registry.Close()
	id, err := registry.RegisterAvro(w.t.Context(), w.topic+"-"+subject, schema)
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

// flooded writes values to one partition.
func (w *world) flooded(partition int32, values ...[]byte) {
	w.t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(w.brokers...), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		w.t.Fatal(err)
	}
	defer cl.Close()
	records := make([]*kgo.Record, len(values))
	for i, v := range values {
		records[i] = &kgo.Record{Topic: w.topic, Partition: partition, Value: v}
	}
	if err := cl.ProduceSync(w.t.Context(), records...).FirstErr(); err != nil {
		w.t.Fatal(err)
	}
}

// mostHeap watches how much of the heap is in use, until it is asked.
func mostHeap() (most func() uint64) {
	var peak atomic.Uint64
	stop, done := make(chan struct{}), make(chan struct{})
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	before := m.HeapAlloc
	go func() {
		defer close(done)
		var m runtime.MemStats
		for {
			runtime.ReadMemStats(&m)
			peak.Store(max(peak.Load(), m.HeapAlloc))
			select {
			case <-stop:
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	}()
	return func() uint64 {
		close(stop)
		<-done
		return max(peak.Load(), before) - before
	}
}

// TestStrangersSchemas: who may register schemas and write to the topic can name
// large ones, deep ones and ones that nest in themselves, in records of a few bytes.
// Memory stays within what is documented, and everybody else's events and dead letters
// keep moving.
func TestStrangersSchemas(t *testing.T) {
	name := func(n int, c string) string { return strings.Repeat(c, n) }
	event := func(more string) string {
		return `{"type":"record","name":"E","fields":[{"name":"event_id","type":"string"},{"name":"event_name","type":"string"}` + more + `]}`
	}
	recursive := func(n int) string {
		return event(`,{"name":"` + name(n, "a") + `","type":{"type":"record","name":"R","fields":[{"name":"` + name(n, "b") + `","type":["null","R"]},{"name":"` + name(n, "c") + `","type":"boolean"}]}}`)
	}
	deep := func(n int) string {
		return event(`,{"name":"x","type":` + strings.Repeat(`{"type":"array","items":`, n) + `"int"` + strings.Repeat(`}`, n) + `}`)
	}
	wide := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,{"name":"f%d","type":["null","string"]}`, i)
		}
		return event(b.String())
	}
	largest := func(n int) string {
		s := wide(4900 + n)
		return strings.Replace(s, `"name":"E"`, `"name":"E","doc":"`+strings.Repeat("x", avro.MaxBytes-len(s)-200_000)+`"`, 1)
	}
	// 45 levels of R, and a boolean that is none.
	nested := append([]byte{2, 'x', 2, 'y'}, append(bytes.Repeat([]byte{2}, 45), 0, 7)...)
	for what, schemas := range map[string][]string{
		"long recursive names":    {recursive(500), recursive(100_000)},
		"large":                   {wide(4900), wide(17_000), wide(4800), wide(4700), wide(4600), wide(4500), wide(4400), wide(16_000), wide(4300)},
		"as large as they may be": {largest(1), largest(2), largest(3), largest(4), largest(5)},
		"deep":                    {deep(90), deep(3000), deep(8000), deep(95), deep(5000)},
	} {
		t.Run(strings.ReplaceAll(what, " ", "-"), func(t *testing.T) {
			w := newWorldAlone(t, sandbox.Options{})
			const copies = 2000
			var ids []uint32
			for i, schema := range schemas {
				ids = append(ids, w.strange(fmt.Sprint(i), schema))
			}
			// In turns: each record's schema is another than that of the one before.
			var values [2][][]byte
			hostile := 0
			for ; hostile < copies; hostile++ {
				values[hostile%2] = append(values[hostile%2], append(appendHeader(ids[hostile/2%len(ids)]), nested...))
			}
			w.flooded(0, values[0]...)
			w.flooded(1, values[1]...)
			w.publish(generated(t, 1000, 21, sample.GeneratorOptions{Broken: 0.1}))
			broken := 0
			for _, s := range w.published {
				if s.Expect.DeadLetter() {
					broken++
				}
			}
			most := mostHeap()
			p := w.start(w.config())
			w.delivered(p)
			if peak := most(); peak > 192<<20 {
				t.Errorf("%d MB were in use", peak>>20)
			}
			_, letters := w.deadLetters()
			if want := broken + hostile; len(letters) != want {
				t.Errorf("%d dead letters, want %d", len(letters), want)
			}
			for _, l := range letters {
				if size := len(l.Reason.Field) + len(l.Reason.Message); size > 1500 {
					t.Fatalf("a reason of %d bytes", size)
				}
			}
		})
	}
}

func appendHeader(id uint32) []byte { return avro.AppendHeader(nil, id) }
