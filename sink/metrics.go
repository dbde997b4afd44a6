package sink

import (
	"net/http"
	"strconv"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tracklayer/amazon-capi/internal/metric"
)

// metrics are the sink's own. What became of events is counted where their
// verdicts arrive, not here.
type metrics struct {
	retries        *prometheus.CounterVec
	splits         prometheus.Counter
	duplicates     *prometheus.CounterVec
	unsaid         prometheus.Counter
	contradictions prometheus.Counter
	fenced         prometheus.Counter
	shed           prometheus.Counter
	profiles       profileLabels
	retriesOf      retrySeries
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
		profiles: profileLabels{limit: maxProfileLabels},
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
	reason = reasonLabel(reason)
	m.retries.WithLabelValues(reason, m.retriesOf.label(reason, m.profiles.label(profile))).Add(float64(events))
}

// reasonLabel bounds the reasons, of which there is a series for each profile: a
// server can answer with any status, and those that are not in use share one.
func reasonLabel(reason string) string {
	if len(reason) != 3 {
		return reason // a fault
	}
	if status, err := strconv.Atoi(reason); err == nil && http.StatusText(status) == "" {
		return reason[:1] + "xx"
	}
	return reason
}

// maxRetrySeries bounds the series of retries: a thousand profiles, each with every
// status that there is, would be sixty times as many.
const maxRetrySeries = 4000

// retrySeries knows which series of retries there are.
type retrySeries struct {
	mu    sync.Mutex
	known map[[2]string]struct{}
}

// label returns the profile, or other if it has no series for that reason and there
// are enough.
func (r *retrySeries) label(reason, profile string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := [2]string{reason, profile}
	if _, ok := r.known[key]; ok {
		return profile
	}
	if len(r.known) >= maxRetrySeries {
		return otherProfiles
	}
	if r.known == nil {
		r.known = make(map[[2]string]struct{})
	}
	r.known[key] = struct{}{}
	return profile
}

// otherProfiles labels what profiles share that have no series of their own.
const otherProfiles = "other"

// maxProfileLabels is how many profiles have a time series of their own; the
// rest share one. Profile ids come from data, and a faulty producer could make
// up more of them than a metrics store survives. So only those have one that the
// accounts name or that Amazon has accepted an event of: others must not take the
// labels before a real profile has one.
const maxProfileLabels = 1000

type profileLabels struct {
	limit int
	// configured reports whether the accounts name a profile; nil means none.
	configured func(profile string) bool

	mu    sync.Mutex
	known map[string]struct{}
}

// accepted notes that Amazon has accepted an event of the profile.
func (p *profileLabels) accepted(profile string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.add(profile)
}

func (p *profileLabels) label(profile string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.known[profile]; ok || p.configured != nil && p.configured(profile) && p.add(profile) {
		return profile
	}
	return otherProfiles
}

// add gives the profile a label, if there is one left. mu is held.
func (p *profileLabels) add(profile string) bool {
	if len(p.known) >= p.limit {
		return false
	}
	if p.known == nil {
		p.known = make(map[string]struct{})
	}
	p.known[profile] = struct{}{}
	return true
}
