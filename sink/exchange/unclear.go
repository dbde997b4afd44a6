package exchange

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/tracklayer/amazon-capi/sink/amazon"
)

// unclear counts answers that neither confirm nor refuse the events, and logs each kind once.
// Kinds differ by the names of their keys.
type unclear struct {
	log   zerolog.Logger
	count *prometheus.CounterVec

	mu    sync.Mutex
	known map[string]struct{}
}

const (
	// maxUnclear bounds the number of kinds: keys come from outside and may differ in
	// every answer.
	maxUnclear = 20
)

// note counts an answer by its keys. sent reports whether a key repeats something that was
// sent, which could be an identifier; it is called only for keys that are new.
func (u *unclear) note(keys string, status int, sent func(key string) bool) {
	u.mu.Lock()
	if u.known == nil {
		u.known = make(map[string]struct{})
	}
	_, known := u.known[keys]
	if !known {
		keys = amazon.WithoutKeys(keys, sent)
		_, known = u.known[keys]
	}
	if !known && len(u.known) >= maxUnclear {
		keys = amazon.OtherKeys
		_, known = u.known[keys]
	}
	u.known[keys] = struct{}{}
	u.mu.Unlock()
	u.count.WithLabelValues(keys).Inc()
	if !known {
		u.log.Warn().Str("keys", keys).Int("status", status).
			Msg("an answer from Amazon neither confirms nor refuses the events; such answers count as acceptance, and each kind is logged once")
	}
}
