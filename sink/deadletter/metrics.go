package deadletter

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/tracklayer/amazon-capi/internal/metric"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// metrics are about dead letters and their topic.
type metrics struct {
	written *prometheus.CounterVec
	failed  prometheus.Counter
	reduced prometheus.Counter
}

// newMetrics registers with reg, which may be nil.
func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		written: metric.CounterVec("dead_letters_written_total",
			"Dead letters that the brokers have acknowledged, by class.", "class"),
		failed: metric.Counter("dead_letters_failed_total",
			"Dead letters that could not be written and are tried again."),
		reduced: metric.Counter("dead_letters_reduced_total",
			"Dead letters written without a part that the topic does not take."),
	}
	for _, c := range verdict.DeadLetterClasses() {
		m.written.WithLabelValues(c.String())
	}
	if reg != nil {
		reg.MustRegister(m.written, m.failed, m.reduced)
	}
	return m
}
