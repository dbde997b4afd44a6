package census

import "github.com/prometheus/client_golang/prometheus"

// Collector counts the lanes when it is scraped, so that they need no counters.
type Collector struct {
	all                                    func() []Lane
	lanes, breakers, requests, concurrency *prometheus.Desc
}

// New returns a collector of all lanes.
func New(all func() []Lane) *Collector {
	return &Collector{
		all: all,
		lanes: prometheus.NewDesc("amazon_capi_lanes",
			"Lanes by state: idle, batching, sending, held.", []string{"state"}, nil),
		breakers: prometheus.NewDesc("amazon_capi_lane_breakers",
			"Lanes by the state of their breaker: closed, open (the profile rests after failures or refusals in a row), half-open (one probe at a time). Idle lanes count as closed: there is nothing that rests.", []string{"state"}, nil),
		requests: prometheus.NewDesc("amazon_capi_lane_requests_in_flight",
			"Requests to Amazon in flight, of all lanes together.", nil, nil),
		concurrency: prometheus.NewDesc("amazon_capi_lane_concurrency",
			"Requests that the lanes which are not idle may have in flight at once, all together.", nil, nil),
	}
}

// Describe implements prometheus.Collector.
func (c *Collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.lanes, c.breakers, c.requests, c.concurrency} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *Collector) Collect(ch chan<- prometheus.Metric) {
	states, breakers := make(map[State]int), make(map[Breaker]int)
	requests, concurrency := 0, 0
	for _, l := range c.all() {
		states[l.State]++
		requests += l.Requests
		if l.State == Idle {
			breakers[Closed]++
			continue
		}
		breakers[l.Breaker]++
		concurrency += l.Concurrency
	}
	gauge := func(d *prometheus.Desc, n int, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(n), labels...)
	}
	for _, s := range []State{Idle, Batching, Sending, Held} {
		gauge(c.lanes, states[s], string(s))
	}
	for _, s := range []Breaker{Closed, Open, HalfOpen} {
		gauge(c.breakers, breakers[s], string(s))
	}
	gauge(c.requests, requests)
	gauge(c.concurrency, concurrency)
}
