package consumer

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tracklayer/amazon-capi/consumer/ledger"
	"github.com/tracklayer/amazon-capi/consumer/tally"
)

// metrics are the consumer's own; verdicts are counted by the Tally.
type metrics struct {
	late, skipped   prometheus.Counter
	acceptSeconds   *tally.Latencies
	sumDifference   prometheus.Gauge
	missed, refused *prometheus.CounterVec

	registerer prometheus.Registerer
	registered []prometheus.Collector
}

func newMetrics(c *Consumer, reg prometheus.Registerer, ofRooms ...prometheus.Collector) *metrics {
	m := &metrics{
		registerer: reg,
		late: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "amazon_capi_late_verdicts_total", Help: "Verdicts that came after their partition had gone to another member, and changed nothing.",
		}),
		skipped: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "amazon_capi_records_settled_before_total", Help: "Records skipped because an earlier owner of their partition already had their verdict, as its last commit says.",
		}),
		missed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "amazon_capi_records_missed_total", Help: "Offsets that retention deleted before they were read, by topic and partition.",
		}, []string{"topic", "partition"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "amazon_capi_commit_metadata_refused_total", Help: "Commits whose metadata is not believed, or not as a whole, because it is not about the records that the topic holds, by reason.",
		}, []string{"reason"}),
		acceptSeconds: tally.NewLatencies("amazon_capi_accept_latency_seconds", "From a record's timestamp to Amazon's acceptance of its event; of a replay, its age."),
		sumDifference: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "amazon_capi_sum_difference", Help: "Consumed less accepted, dead-lettered, filtered and in flight, checked every 10 s: anything but 0 is a bug.",
		}),
	}
	m.registered = append(ofRooms, c.tally, stateCollector{c}, m.late, m.skipped, m.acceptSeconds, m.sumDifference, m.missed, m.refused)
	for _, why := range ledger.Reasons {
		m.refused.WithLabelValues(string(why))
	}
	if reg != nil {
		reg.MustRegister(m.registered...)
	}
	return m
}

func (m *metrics) unregister() {
	if m.registerer == nil {
		return
	}
	for _, c := range m.registered {
		if _, isTally := c.(*tally.Tally); isTally {
			continue // the last scrape still wants to know how it ended
		}
		m.registerer.Unregister(c)
	}
}

// stateCollector reads what changes with every record only when it is scraped.
type stateCollector struct{ c *Consumer }

var (
	descInFlight = prometheus.NewDesc("amazon_capi_in_flight_events", "Events taken and without a verdict.", nil, nil)
	descInBytes  = prometheus.NewDesc("amazon_capi_in_flight_bytes", "Memory of events taken and without a verdict, roughly.", nil, nil)
	descParked   = prometheus.NewDesc("amazon_capi_parked_events", "Events without a verdict that are known by their place alone, until their profile's lane can use them; in flight, and in no memory.", nil, nil)
	descPaused   = prometheus.NewDesc("amazon_capi_taking_paused", "1 while nothing is taken because commits fail, else 0.", nil, nil)
	descOwned    = prometheus.NewDesc("amazon_capi_partitions_owned", "Partitions this member owns.", nil, nil)
	descLag      = prometheus.NewDesc("amazon_capi_lag_records", "Records between the next offset to commit and the end of the partition.", []string{"topic", "partition"}, nil)
	descBacklog  = prometheus.NewDesc("amazon_capi_backlog_records", "Records without a verdict, wherever the commit stands, by topic, partition and state: unread, taken, or parked until their profile can be served. Unlike lag it does not count what was delivered behind an event that is held.", []string{"topic", "partition", "state"}, nil)
	descLagAge   = prometheus.NewDesc("amazon_capi_lag_seconds", "Age of the oldest record taken and without a verdict, from its timestamp.", []string{"topic", "partition"}, nil)
)

// Describe implements prometheus.Collector.
func (s stateCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descInFlight, descInBytes, descParked, descPaused, descOwned, descLag, descLagAge, descBacklog} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (s stateCollector) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	events, bytes := s.c.window.InFlight()
	gauge(descInFlight, float64(events))
	gauge(descInBytes, float64(bytes))
	gauge(descParked, float64(s.c.parking.Count()))
	paused := 0.0
	if s.c.commits.Pausing() {
		paused = 1
	}
	gauge(descPaused, paused)
	owned := s.c.owned()
	gauge(descOwned, float64(len(owned)))
	now := s.c.opts.Now()
	for _, a := range owned {
		l, known := a.Lag(now)
		p := strconv.Itoa(int(a.Partition()))
		if known {
			gauge(descLag, float64(l.Records), a.Topic(), p)
		}
		if known || l.Age > 0 {
			gauge(descLagAge, l.Age.Seconds(), a.Topic(), p)
		}
		if b, known := a.Backlog(); known {
			gauge(descBacklog, float64(b.Unread), a.Topic(), p, "unread")
			gauge(descBacklog, float64(b.Taken), a.Topic(), p, "taken")
			gauge(descBacklog, float64(b.Parked), a.Topic(), p, "parked")
		}
	}
}
