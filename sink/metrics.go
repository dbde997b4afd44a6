package sink

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/tracklayer/amazon-capi/internal/metric"
	"github.com/tracklayer/amazon-capi/sink/profile"
)

// metrics are the sink's own. Verdicts are counted where they arrive, not here.
type metrics struct {
	retries        *prometheus.CounterVec
	splits         prometheus.Counter
	duplicates     *prometheus.CounterVec
	unsaid         prometheus.Counter
	contradictions prometheus.Counter
	fenced         prometheus.Counter
	shed           prometheus.Counter
	profiles       profile.Labels
	retriesOf      profile.Series
}

// newMetrics registers with reg, which may be nil.
func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		retries: metric.CounterVec("retries_total",
			"Events to be sent again, by the status or fault that asks for it and by profile.", "reason", "profile"),
		splits: metric.Counter("batch_splits_total",
			"Batches halved because they were refused as a whole."),
		duplicates: metric.CounterVec("duplicate_event_ids_total",
			"Records whose event id was already in the batch; differs reports whether their contents were not the same.", "differs"),
		unsaid: metric.Counter("answer_unknown_items_total",
			"Events that an answer with item results did not mention; they are sent again."),
		contradictions: metric.Counter("answer_contradictory_items_total",
			"Events that an answer named both as taken and as refused; they are treated as refused."),
		fenced: metric.Counter("fenced_records_total",
			"Records given up before they were sent, because their partition had gone to another member."),
		shed: metric.Counter("shed_records_total",
			"Records that lanes gave back because they could not send them soon and others needed the room; they are read from Kafka again."),
		profiles: profile.Labels{Limit: profile.MaxLabels},
	}
	for _, differs := range []string{"true", "false"} {
		m.duplicates.WithLabelValues(differs)
	}
	if reg != nil {
		reg.MustRegister(m.retries, m.splits, m.duplicates, m.unsaid, m.contradictions, m.fenced, m.shed)
	}
	return m
}

func (m *metrics) retried(reason, profile string, events int) {
	reason = metric.StatusLabel(reason)
	m.retries.WithLabelValues(reason, m.retriesOf.Label(reason, m.profiles.Label(profile))).Add(float64(events))
}
