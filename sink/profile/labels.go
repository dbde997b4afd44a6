package profile

import "sync"

// otherProfiles labels profiles without a series of their own.
const otherProfiles = "other"

// MaxLabels is how many profiles have a time series of their own; the rest share one.
// Profile ids come from data, and a faulty producer could invent more than a metrics
// store survives. So only profiles that an account names or that Amazon has accepted get
// one: others must not use up the labels before a real profile gets one.
const MaxLabels = 1000

// Labels are the profiles that have a time series of their own.
type Labels struct {
	Limit int
	// Configured reports whether the accounts name a profile; nil means none.
	Configured func(profile string) bool

	mu    sync.Mutex
	known map[string]struct{}
}

// Accepted notes that Amazon has accepted an event of the profile.
func (p *Labels) Accepted(profile string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.add(profile)
}

// Label returns the label of a profile.
func (p *Labels) Label(profile string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.known[profile]; ok || p.Configured != nil && p.Configured(profile) && p.add(profile) {
		return profile
	}
	return otherProfiles
}

// add gives the profile a label, if one is left. mu is held.
func (p *Labels) add(profile string) bool {
	if len(p.known) >= p.Limit {
		return false
	}
	if p.known == nil {
		p.known = make(map[string]struct{})
	}
	p.known[profile] = struct{}{}
	return true
}

// MaxSeries bounds the series of retries: a thousand profiles with every possible status
// would need sixty times as many.
const MaxSeries = 4000

// Series is the set of existing series of retries.
type Series struct {
	mu    sync.Mutex
	known map[[2]string]struct{}
}

// Label returns the profile, or other if it has no series for that reason and there are
// enough.
func (r *Series) Label(reason, profile string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := [2]string{reason, profile}
	if _, ok := r.known[key]; ok {
		return profile
	}
	if len(r.known) >= MaxSeries {
		return otherProfiles
	}
	if r.known == nil {
		r.known = make(map[[2]string]struct{})
	}
	r.known[key] = struct{}{}
	return profile
}
