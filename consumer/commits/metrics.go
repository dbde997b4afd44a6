package commits

import "github.com/prometheus/client_golang/prometheus"

// metrics count commits.
type metrics struct {
	commits, failures prometheus.Counter
	seconds           prometheus.Histogram
}

func newMetrics() metrics {
	return metrics{
		commits: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "amazon_capi_commits_total", Help: "Offset commits the brokers took.",
		}),
		failures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "amazon_capi_commit_failures_total", Help: "Offset commits that failed; they are tried again.",
		}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "amazon_capi_commit_seconds", Help: "Duration of offset commits.",
			Buckets: []float64{.002, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}),
	}
}

// Collectors returns them for a registry.
func (c *Committer) Collectors() []prometheus.Collector {
	return []prometheus.Collector{c.metrics.commits, c.metrics.failures, c.metrics.seconds}
}
