package profile

import (
	"sync"

	"github.com/tracklayer/amazon-capi/internal/redact"
)

// maxAccepted bounds how many profiles are remembered because Amazon accepted an event of
// them. Beyond that, profiles are shown masked; nothing else is lost.
const maxAccepted = 10_000

// Known is the set of profile ids that may be shown: a source can write anything into the
// field, until it is configured or Amazon has accepted it.
type Known struct {
	configured func(profile string) bool // nil: none

	mu       sync.RWMutex
	accepted map[string]bool
}

// NewKnown returns a set of only the configured profiles.
func NewKnown(configured func(string) bool) *Known {
	return &Known{configured: configured, accepted: make(map[string]bool)}
}

// Accept adds a profile of which Amazon has accepted an event.
func (p *Known) Accept(profile string) {
	p.mu.RLock()
	known := p.accepted[profile] || len(p.accepted) >= maxAccepted
	p.mu.RUnlock()
	if known {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.accepted[profile] = true
}

// Knows reports whether a profile is configured or was accepted.
func (p *Known) Knows(profile string) bool {
	if p.configured != nil && p.configured(profile) {
		return true
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.accepted[profile]
}

// Shown returns the profile as logs, pages, receipts and headers show it.
func (p *Known) Shown(profile string) string { return redact.Profile(profile, p.Knows(profile)) }
