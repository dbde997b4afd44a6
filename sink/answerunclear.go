package sink

import (
	"slices"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

// unclear counts answers that say neither that events were taken nor that they were
// not, and logs each kind of them once. Kinds are told apart by the names of their
// keys.
type unclear struct {
	log   zerolog.Logger
	count *prometheus.CounterVec

	mu    sync.Mutex
	known map[string]struct{}
}

const (
	// maxUnclear is how many kinds are told apart: keys are a stranger's text, and
	// may be made up anew for each answer.
	maxUnclear     = 20
	maxUnclearKeys = 6
	maxUnclearKey  = 32
	// otherKeys stands for keys that have no form of a name, or are too many.
	otherKeys = "other"
)

func (u *unclear) note(keys string, status int) {
	u.mu.Lock()
	if u.known == nil {
		u.known = make(map[string]struct{})
	}
	_, known := u.known[keys]
	if !known && len(u.known) >= maxUnclear {
		keys = otherKeys
		_, known = u.known[keys]
	}
	u.known[keys] = struct{}{}
	u.mu.Unlock()
	u.count.WithLabelValues(keys).Inc()
	if !known {
		u.log.Warn().Str("keys", keys).Int("status", status).
			Msg("an answer of Amazon's says neither that it took the events nor that it did not; such answers count as acceptance, and are said once")
	}
}

// keyNames is what is shown of the keys of an unclear answer; empty if there are
// none. What does not have the form of a name could be anybody's: an address, a
// number, a hash.
func keyNames(keys []string) string {
	if len(keys) == 0 {
		return ""
	}
	var names []string
	for _, k := range keys {
		if !isName(k) {
			k = otherKeys
		}
		if !slices.Contains(names, k) {
			names = append(names, k)
		}
		if len(names) > maxUnclearKeys {
			return otherKeys
		}
	}
	slices.Sort(names)
	return strings.Join(names, ",")
}

// isName reports whether a key is made like the names of fields: of letters, with
// few digits.
func isName(key string) bool {
	digits := 0
	for i := range len(key) {
		switch c := key[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', i > 0 && (c == '_' || c == '-'):
		case i > 0 && c >= '0' && c <= '9':
			digits++
		default:
			return false
		}
	}
	return key != "" && len(key) <= maxUnclearKey && digits <= 2
}
