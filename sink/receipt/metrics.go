package receipt

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/tracklayer/amazon-capi/internal/metric"
)

// metrics are about receipts and their topic.
type metrics struct {
	written prometheus.Counter
	failed  prometheus.Counter
	split   prometheus.Counter
	seconds prometheus.Histogram
}

// newMetrics registers with reg, which may be nil.
func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		written: metric.Counter("receipts_written_total",
			"Receipts that the brokers have acknowledged."),
		failed: metric.Counter("receipts_failed_total",
			"Receipts that could not be written and are tried again."),
		split: metric.Counter("receipts_split_total",
			"Receipts halved because they were too large for one record."),
		seconds: metric.Histogram("receipt_seconds",
			"From the verdicts to the acknowledgement of their receipt, which makes them final.", prometheus.ExponentialBuckets(0.002, 2, 14)),
	}
	if reg != nil {
		reg.MustRegister(m.written, m.failed, m.split, m.seconds)
	}
	return m
}
