package reconcile

import (
	"runtime"
	"strconv"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/history"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas/receipt"
	"github.com/tracklayer/amazon-capi/transform"
)

// BenchmarkReconcile measures what an event costs once it and its receipt have been read,
// and what it leaves in memory.
func BenchmarkReconcile(b *testing.B) {
	tr, err := transform.New(transform.Options{})
	if err != nil {
		b.Fatal(err)
	}
	n := int64(b.N)
	r := &Reconciler{
		Verdicts: NewVerdicts(&history.Plan{Topic: "events", Spans: []history.Span{{To: n}}}),
		Decoder:  textDecoder{}, Transformer: tr, Live: upTo(n),
	}
	b.ReportAllocs()
	for i := range n {
		r.Verdicts.Receipt(&receipt.Receipt{Topic: "events", ProfileID: "1", Attempts: 1, Events: []receipt.Event{
			{EventID: "order-" + strconv.FormatInt(i, 10), Offset: i, Class: verdict.Accepted},
		}})
	}
	rec := &kgo.Record{Topic: "events", Timestamp: began}
	for i := range n {
		rec.Offset, rec.Value = i, []byte("1|order-"+strconv.FormatInt(i, 10))
		if err := r.Record(b.Context(), rec); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := r.Finish(); err != nil {
		b.Fatal(err)
	}
	b.StopTimer()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(m.HeapAlloc)/float64(n), "B-kept/op")
	runtime.KeepAlive(r)
}
