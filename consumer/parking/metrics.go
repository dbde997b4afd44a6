package parking

import "github.com/prometheus/client_golang/prometheus"

// parkingMetrics count what is parked and read again.
type metrics struct{ parked, reread prometheus.Counter }

func newMetrics() metrics {
	return metrics{
		parked: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "amazon_capi_parked_records_total", Help: "Records put off because their profile's lane had more than it could send.",
		}),
		reread: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "amazon_capi_reread_records_total", Help: "Records that were put off and have been read again.",
		}),
	}
}

// Collectors returns them for a registry.
func (p *Lots) Collectors() []prometheus.Collector {
	return []prometheus.Collector{p.metrics.parked, p.metrics.reread}
}
