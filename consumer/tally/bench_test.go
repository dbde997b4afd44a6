package tally

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// BenchmarkLatencies observes the events of one request, as Prometheus' own histogram
// would and as ours does.
func BenchmarkLatencies(b *testing.B) {
	now := time.Now()
	vs := make([]verdict.Verdict, 500)
	for i := range vs {
		vs[i].Class = verdict.Accepted
		vs[i].Source.Timestamp = now.Add(-time.Duration(i) * time.Millisecond).UnixMilli()
	}
	b.Run("prometheus", func(b *testing.B) {
		bounds := make([]float64, 0, len(latencyBounds))
		for _, millis := range latencyBounds {
			bounds = append(bounds, float64(millis)/1000)
		}
		h := prometheus.NewHistogram(prometheus.HistogramOpts{Buckets: bounds})
		for b.Loop() {
			for i := range vs {
				h.Observe(float64(now.UnixMilli()-vs[i].Source.Timestamp) / 1000)
			}
		}
	})
	b.Run("ours", func(b *testing.B) {
		l := NewLatencies("x", "x")
		for b.Loop() {
			l.Accepted(vs, now)
		}
	})
}
