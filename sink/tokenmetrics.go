package sink

import "github.com/prometheus/client_golang/prometheus"

type tokenMetrics struct{ refreshes *prometheus.CounterVec }

func newTokenMetrics(reg prometheus.Registerer, s *TokenSource) tokenMetrics {
	m := tokenMetrics{prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "amazon_capi_token_refreshes_total",
		Help: "Exchanges of the refresh token, by result: ok, refused, unavailable, nonsense.",
	}, []string{"result"})}
	for _, r := range []string{"ok", refreshRefused, refreshUnavailable, refreshNonsense} {
		m.refreshes.WithLabelValues(r)
	}
	if reg == nil {
		return m
	}
	reg.MustRegister(
		m.refreshes,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "amazon_capi_token_age_seconds",
			Help: "Seconds since the access token in use was asked for; 0 without one.",
		}, s.age),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "amazon_capi_token_expires_in_seconds",
			Help: "Seconds for which the access token can still be used; 0 without one.",
		}, s.left),
	)
	return m
}

func (s *TokenSource) age() float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.expires.IsZero() {
		return 0
	}
	return s.opts.Now().Sub(s.obtained).Seconds()
}

func (s *TokenSource) left() float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return max(0, s.expires.Sub(s.opts.Now()).Seconds())
}
