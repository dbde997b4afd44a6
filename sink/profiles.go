package sink

import (
	"sync"

	"github.com/tracklayer/amazon-capi/internal/redact"
)

// maxAccepted bounds how many profiles are remembered for an event that Amazon
// accepted. Whoever has more sees masks, and loses nothing else.
const maxAccepted = 10_000

// profiles knows which profile ids may be shown: what a source writes into the
// field can be anything until somebody has configured it or Amazon accepted it.
type profiles struct {
	configured func(profile string) bool // nil knows none

	mu       sync.RWMutex
	accepted map[string]bool
}

func newProfiles(configured func(string) bool) *profiles {
	return &profiles{configured: configured, accepted: make(map[string]bool)}
}

// accept notes that Amazon has accepted an event of the profile.
func (p *profiles) accept(profile string) {
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

func (p *profiles) knows(profile string) bool {
	if p.configured != nil && p.configured(profile) {
		return true
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.accepted[profile]
}

// shown is the profile as logs, pages, receipts and headers have it.
func (p *profiles) shown(profile string) string { return redact.Profile(profile, p.knows(profile)) }
