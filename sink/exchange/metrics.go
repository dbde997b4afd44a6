package exchange

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/tracklayer/amazon-capi/internal/metric"
)

// metrics are about requests and their answers.
type metrics struct {
	requests    *prometheus.CounterVec
	duration    prometheus.Histogram
	batchEvents prometheus.Histogram
	batchBytes  prometheus.Histogram
	unclear     *prometheus.CounterVec
}

// newMetrics registers with reg, which may be nil.
func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		requests: metric.CounterVec("requests_total",
			"Requests to Amazon by the status of their answer, or timeout, connection, truncated or unreadable where there was none.", "status"),
		duration: metric.Histogram("request_duration_seconds",
			"From sending a request to Amazon to having read its answer.", prometheus.ExponentialBuckets(0.005, 2, 14)),
		batchEvents: metric.Histogram("batch_events",
			"Events in a request to Amazon.", []float64{1, 2, 5, 10, 25, 50, 100, 200, 300, 400, 500}),
		batchBytes: metric.Histogram("batch_bytes",
			"Bytes of a request to Amazon.", prometheus.ExponentialBuckets(512, 2, 12)),
		unclear: metric.CounterVec("answers_unclear_total",
			"Answers with a 2xx that neither confirm nor refuse the events, by the names of their keys; they count as acceptance.", "keys"),
	}
	if reg != nil {
		reg.MustRegister(m.requests, m.duration, m.batchEvents, m.batchBytes, m.unclear)
	}
	return m
}
