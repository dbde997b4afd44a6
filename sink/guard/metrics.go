package guard

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/tracklayer/amazon-capi/internal/metric"
)

// The scopes of a hold, as metrics name them.
const (
	scopeProfile = "profile"
	scopeStream  = "stream"
)

// metrics are the guard's. What it holds now is counted when it is scraped.
type metrics struct {
	guard       *Guard
	trips       *prometheus.CounterVec
	tries       prometheus.Counter
	holds, kept *prometheus.Desc
}

// newMetrics registers with reg, which may be nil.
func newMetrics(g *Guard, reg prometheus.Registerer) *metrics {
	m := &metrics{
		guard: g,
		trips: metric.CounterVec("guard_trips_total",
			"Times that the dead-letter guard began to hold a profile or the stream, by scope.", "scope"),
		tries: metric.Counter("guard_tries_total",
			"Events of held profiles that the dead-letter guard let through, to see whether they are accepted."),
		holds: prometheus.NewDesc("amazon_capi_guard_holds",
			"What the dead-letter guard holds: profiles, those that are held with the stream left out, and 1 for the stream, by scope and commonest reason.", []string{"scope", "reason"}, nil),
		kept: prometheus.NewDesc("amazon_capi_guard_kept_letters",
			"Dead letters in memory that are not written because their profile is held.", nil, nil),
	}
	for _, scope := range []string{scopeProfile, scopeStream} {
		m.trips.WithLabelValues(scope)
	}
	if reg != nil {
		reg.MustRegister(m.trips, m.tries, m)
	}
	return m
}

// Describe implements prometheus.Collector.
func (m *metrics) Describe(ch chan<- *prometheus.Desc) {
	ch <- m.holds
	ch <- m.kept
}

// Collect implements prometheus.Collector.
func (m *metrics) Collect(ch chan<- prometheus.Metric) {
	g := m.guard
	type series struct{ scope, reason string }
	held := make(map[series]int)
	g.mu.Lock()
	kept := g.kept()
	for _, h := range g.holds {
		if !h.joined {
			held[series{scopeProfile, h.reason.label()}]++
		}
	}
	if g.storm != nil {
		held[series{scopeStream, g.storm.reason.label()}] = 1
	}
	g.mu.Unlock()
	for s, n := range held {
		ch <- prometheus.MustNewConstMetric(m.holds, prometheus.GaugeValue, float64(n), s.scope, s.reason)
	}
	ch <- prometheus.MustNewConstMetric(m.kept, prometheus.GaugeValue, float64(kept))
}
