package sink

import "github.com/prometheus/client_golang/prometheus"

// lanesCollector examines the lanes when it is scraped, so that lanes need no counters. It
// adds them up: a series for each of thousands of profiles is more than a metrics store
// survives.
type lanesCollector struct {
	sink                                   *Sink
	lanes, breakers, requests, concurrency *prometheus.Desc
}

func newLanesCollector(s *Sink) *lanesCollector {
	return &lanesCollector{
		sink: s,
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

func (c *lanesCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.lanes, c.breakers, c.requests, c.concurrency} {
		ch <- d
	}
}

func (c *lanesCollector) Collect(ch chan<- prometheus.Metric) {
	states := make(map[LaneState]int)
	breakers := make(map[BreakerState]int)
	requests, concurrency := 0, 0
	for _, l := range c.sink.Lanes() {
		states[l.State]++
		requests += l.Requests
		if l.State == LaneIdle {
			breakers[BreakerClosed]++
			continue
		}
		breakers[l.Breaker]++
		concurrency += l.Concurrency
	}
	gauge := func(d *prometheus.Desc, n int, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(n), labels...)
	}
	for _, s := range []LaneState{LaneIdle, LaneBatching, LaneSending, LaneHeld} {
		gauge(c.lanes, states[s], string(s))
	}
	for _, s := range []BreakerState{BreakerClosed, BreakerOpen, BreakerHalfOpen} {
		gauge(c.breakers, breakers[s], string(s))
	}
	gauge(c.requests, requests)
	gauge(c.concurrency, concurrency)
}
