package profile

import (
	"sync"

	"github.com/tracklayer/amazon-capi/internal/redact"
)

// maxAccepted bounds how many profiles are remembered for an event that Amazon
// accepted. Whoever has more sees masks, and loses nothing else.
const maxAccepted = 10_000

// Known knows which profile ids may be shown: what a source writes into the
// field can be anything until somebody has configured it or Amazon accepted it.
type Known struct {
	configured func(profile string) bool // nil knows none

	mu       sync.RWMutex
	accepted map[string]bool
}

// NewKnown returns what knows only the configured profiles.
func NewKnown(configured func(string) bool) *Known {
	return &Known{configured: configured, accepted: make(map[string]bool)}
}

// Accept notes that Amazon has accepted an event of the profile.
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

// Shown is the profile as logs, pages, receipts and headers have it.
func (p *Known) Shown(profile string) string { return redact.Profile(profile, p.Knows(profile)) }
