package metric

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tracklayer/amazon-capi/internal/redact"
)

// Attributes counts attributes of events that are not sent, by name and reason. The names
// come from the sources, so only the first few get a label each, and anything that could
// identify somebody is masked.
type Attributes struct {
	count *prometheus.CounterVec

	mu    sync.Mutex
	names map[string]string // by attribute, as it is shown
}

const (
	// maxAttributeNames is how many names have a label; the others share one.
	maxAttributeNames = 100
	// maxAttributeName is in characters.
	maxAttributeName = 64
	otherAttributes  = "other"
)

// NewAttributes registers with reg, which may be nil.
func NewAttributes(reg prometheus.Registerer) *Attributes {
	a := &Attributes{
		count: CounterVec("attributes_left_out_total",
			"Attributes of events that were not sent, by attribute (the first 100 names, masked where they could identify somebody, and other) and reason.",
			"attribute", "reason"),
		names: make(map[string]string),
	}
	if reg != nil {
		reg.MustRegister(a.count)
	}
	return a
}

// LeftOut counts one.
func (a *Attributes) LeftOut(attribute, reason string) {
	a.count.WithLabelValues(a.shown(attribute), reason).Inc()
}

// shown returns the label of an attribute.
func (a *Attributes) shown(attribute string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if s, ok := a.names[attribute]; ok {
		return s
	}
	if len(a.names) >= maxAttributeNames || len(attribute) > 4*maxAttributeName {
		return otherAttributes
	}
	s := redact.Line(redact.Text(attribute), maxAttributeName)
	if s == "" {
		s = otherAttributes
	}
	a.names[string([]byte(attribute))] = s // the name may be a part of a record
	return s
}
