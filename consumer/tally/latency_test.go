package tally

import (
	"math"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"pgregory.net/rapid"

	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// The histogram says what Prometheus' own says of the same values.
func TestLatencies(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var bounds []float64
		for _, ms := range latencyBounds {
			bounds = append(bounds, float64(ms)/1000)
		}
		want := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "x", Help: "x", Buckets: bounds})
		got := NewLatencies("x", "x")
		now := time.UnixMilli(1_800_000_000_000)
		took := rapid.OneOf(rapid.Int64Range(-1000, 100_000_000), rapid.SampledFrom(latencyBounds[:]))
		for range rapid.IntRange(0, 3).Draw(t, "batches") {
			var vs []verdict.Verdict
			for _, ms := range rapid.SliceOf(took).Draw(t, "took") {
				v := verdict.Verdict{Class: rapid.SampledFrom([]verdict.Class{verdict.Accepted, verdict.Filtered}).Draw(t, "class")}
				v.Source.Timestamp = now.UnixMilli() - ms
				vs = append(vs, v)
				if v.Class == verdict.Accepted {
					want.Observe(max(float64(ms), 0) / 1000)
				}
			}
			got.Accepted(vs, now)
		}
		w, g := histogram(t, want), histogram(t, got)
		if w.GetSampleCount() != g.GetSampleCount() || math.Abs(w.GetSampleSum()-g.GetSampleSum()) > 1e-6 {
			t.Fatalf("got %v, want %v", g, w)
		}
		for i, b := range w.GetBucket() {
			if o := g.GetBucket()[i]; o.GetUpperBound() != b.GetUpperBound() || o.GetCumulativeCount() != b.GetCumulativeCount() {
				t.Fatalf("bucket %d: got %v, want %v", i, o, b)
			}
		}
	})
}

func histogram(t *rapid.T, c prometheus.Collector) *dto.Histogram {
	ch := make(chan prometheus.Metric, 1)
	c.Collect(ch)
	var m dto.Metric
	if err := (<-ch).Write(&m); err != nil {
		t.Fatal(err)
	}
	return m.GetHistogram()
}
