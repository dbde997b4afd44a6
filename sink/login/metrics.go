package login

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are the metrics of all token sources, by account.
type Metrics struct {
	refreshes    *prometheus.CounterVec
	age, expires *prometheus.Desc

	mu      sync.Mutex
	sources map[string]*Source // by account
}

// NewMetrics registers with reg, which may be nil.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		refreshes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "amazon_capi_token_refreshes_total",
			Help: "Exchanges of the refresh token, by account and result: ok, refused, unavailable, nonsense.",
		}, []string{"account", "result"}),
		age: prometheus.NewDesc("amazon_capi_token_age_seconds",
			"Seconds since the access token in use was asked for, by account; 0 without one.", []string{"account"}, nil),
		expires: prometheus.NewDesc("amazon_capi_token_expires_in_seconds",
			"Seconds for which the access token can still be used, by account; 0 without one.", []string{"account"}, nil),
		sources: make(map[string]*Source),
	}
	if reg != nil {
		reg.MustRegister(m.refreshes, m)
	}
	return m
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) { ch <- m.age; ch <- m.expires }

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for account, s := range m.sources {
		age, left := s.ages()
		ch <- prometheus.MustNewConstMetric(m.age, prometheus.GaugeValue, age, account)
		ch <- prometheus.MustNewConstMetric(m.expires, prometheus.GaugeValue, left, account)
	}
}

// add shows a source. A later source of the same account replaces it and continues its
// counters.
func (m *Metrics) add(s *Source) {
	for _, r := range []string{"ok", refreshRefused, refreshUnavailable, refreshNonsense} {
		m.refreshes.WithLabelValues(s.opts.Account, r)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sources[s.opts.Account] = s
}

// remove hides a source, unless it was replaced.
func (m *Metrics) remove(s *Source) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sources[s.opts.Account] == s {
		delete(m.sources, s.opts.Account)
	}
}

// ages returns the age of the access token and its remaining life, in seconds.
func (s *Source) ages() (age, left float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.expires.IsZero() {
		return 0, 0
	}
	now := s.opts.Now()
	return now.Sub(s.obtained).Seconds(), max(0, s.expires.Sub(now).Seconds())
}
