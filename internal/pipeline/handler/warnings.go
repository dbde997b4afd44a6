package handler

import (
	"maps"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tracklayer/amazon-capi/transform"
)

// warnings counts what was left out of events.
type warnings struct {
	desc *prometheus.Desc

	mu     sync.Mutex
	counts map[transform.Warning]uint64
}

func newWarnings() *warnings {
	return &warnings{
		desc: prometheus.NewDesc("amazon_capi_identifiers_dropped_total", "Optional fields left out of an event because they were bad, by warning.",
			[]string{"warning"}, nil),
		counts: make(map[transform.Warning]uint64),
	}
}

func (w *warnings) add(counts map[transform.Warning]int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for x, n := range counts {
		w.counts[x] += uint64(n)
	}
}

// Describe implements prometheus.Collector.
func (w *warnings) Describe(ch chan<- *prometheus.Desc) { ch <- w.desc }

// Collect implements prometheus.Collector.
func (w *warnings) Collect(ch chan<- prometheus.Metric) {
	w.mu.Lock()
	counts := maps.Clone(w.counts)
	w.mu.Unlock()
	for x, n := range counts {
		ch <- prometheus.MustNewConstMetric(w.desc, prometheus.CounterValue, float64(n), x.String())
	}
}
