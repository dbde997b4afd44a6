package sink

import (
	"net/http"
	"strconv"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// metrics are the sink's own. What became of events is counted where their
// verdicts arrive, not here.
type metrics struct {
	requests       *prometheus.CounterVec
	duration       prometheus.Histogram
	batchEvents    prometheus.Histogram
	batchBytes     prometheus.Histogram
	retries        *prometheus.CounterVec
	splits         prometheus.Counter
	duplicates     *prometheus.CounterVec
	unsaid         prometheus.Counter
	unclear        *prometheus.CounterVec
	contradictions prometheus.Counter
	fenced         prometheus.Counter
	shed           prometheus.Counter
	lettersWritten *prometheus.CounterVec
	lettersFailed  prometheus.Counter
	lettersReduced prometheus.Counter

	receiptsWritten prometheus.Counter
	receiptsFailed  prometheus.Counter
	receiptsSplit   prometheus.Counter
	receiptSeconds  prometheus.Histogram

	profiles  profileLabels
	retriesOf retrySeries
}

// newMetrics registers with reg, which may be nil.
func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		requests: counterVec("requests_total",
			"Requests to Amazon by the status of their answer, or timeout, connection, truncated or unreadable where there was none.", "status"),
		duration: histogram("request_duration_seconds",
			"From sending a request to Amazon to having read its answer.", prometheus.ExponentialBuckets(0.005, 2, 14)),
		batchEvents: histogram("batch_events",
			"Events in a request to Amazon.", []float64{1, 2, 5, 10, 25, 50, 100, 200, 300, 400, 500}),
		batchBytes: histogram("batch_bytes",
			"Bytes of a request to Amazon.", prometheus.ExponentialBuckets(512, 2, 12)),
		retries: counterVec("retries_total",
			"Events to be sent again, by the status or fault that asks for it and by profile.", "reason", "profile"),
		splits: counter("batch_splits_total",
			"Batches halved because they were refused as a whole."),
		duplicates: counterVec("duplicate_event_ids_total",
			"Records whose event id was already in the batch; differs reports whether their contents were not the same.", "differs"),
		unsaid: counter("answer_unknown_items_total",
			"Events that an answer with item results did not mention; they are sent again."),
		unclear: counterVec("answers_unclear_total",
			"Answers with a 2xx that say neither that the events were taken nor that they were not, by the names of their keys; they count as acceptance.", "keys"),
		contradictions: counter("answer_contradictory_items_total",
			"Events that an answer named both as taken and as refused; they are treated as refused."),
		fenced: counter("fenced_records_total",
			"Records given up before they were sent, because their partition had gone to another member."),
		shed: counter("shed_records_total",
			"Records that lanes gave back because they could not send them soon and others needed the room; they are read from Kafka again."),
		lettersWritten: counterVec("dead_letters_written_total",
			"Dead letters that the brokers have acknowledged, by class.", "class"),
		lettersFailed: counter("dead_letters_failed_total",
			"Dead letters that could not be written and are tried again."),
		lettersReduced: counter("dead_letters_reduced_total",
			"Dead letters written without a part that the topic does not take."),
		receiptsWritten: counter("receipts_written_total",
			"Receipts that the brokers have acknowledged."),
		receiptsFailed: counter("receipts_failed_total",
			"Receipts that could not be written and are tried again."),
		receiptsSplit: counter("receipts_split_total",
			"Receipts halved because they were too large for one record."),
		receiptSeconds: histogram("receipt_seconds",
			"From the verdicts to the acknowledgement of their receipt, which makes them final.", prometheus.ExponentialBuckets(0.002, 2, 14)),
		profiles: profileLabels{limit: maxProfileLabels},
	}
	for _, differs := range []string{"true", "false"} {
		m.duplicates.WithLabelValues(differs)
	}
	for _, c := range verdict.DeadLetterClasses() {
		m.lettersWritten.WithLabelValues(c.String())
	}
	if reg != nil {
		reg.MustRegister(m.requests, m.duration, m.batchEvents, m.batchBytes, m.retries, m.splits, m.duplicates,
			m.unsaid, m.unclear, m.contradictions, m.fenced, m.shed, m.lettersWritten, m.lettersFailed, m.lettersReduced,
			m.receiptsWritten, m.receiptsFailed, m.receiptsSplit, m.receiptSeconds)
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

const namespace = "amazon_capi"

func counter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help})
}

func counterVec(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
}

func histogram(name, help string, buckets []float64) prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: buckets})
}

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
