package health

import (
	"sort"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/tracklayer/amazon-capi/internal/redact"
)

// Conditions is the set of named states that health pages show. Those of the process
// decide readiness; those of one profile do not, because another member would be refused
// as well, and the other profiles need this one. A fault is reported to its condition
// each time it is seen; only a change of state is logged, so that an hour of outage is
// two lines and not two per second.
type Conditions struct {
	log zerolog.Logger
	now func() time.Time

	mu    sync.Mutex
	conds map[string]*Condition

	strangers strangers
}

// NewConditions returns an empty set that logs changes to log. A nil now means time.Now.
func NewConditions(log zerolog.Logger, now func() time.Time) *Conditions {
	if now == nil {
		now = time.Now
	}
	return &Conditions{log: log, now: now, conds: make(map[string]*Condition), strangers: strangers{log: log}}
}

// Condition returns the condition of that name, creating it if necessary. For a nil set
// it returns nil, a condition that reports nothing.
func (cs *Conditions) Condition(name string) *Condition {
	if cs == nil {
		return nil
	}
	cs.mu.Lock()
	defer cs.mu.Unlock()
	c := cs.conds[name]
	if c == nil {
		c = &Condition{set: cs, name: name, since: cs.now()}
		cs.conds[name] = c
	}
	return c
}

// Remove deletes a condition, for those that come and go (one per lane).
func (cs *Conditions) Remove(name string) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	delete(cs.conds, name)
}

// Withdraw removes a condition whose fault can no longer be seen, and logs why.
func (cs *Conditions) Withdraw(name, why string) {
	if cs == nil {
		return
	}
	cs.mu.Lock()
	c := cs.conds[name]
	delete(cs.conds, name)
	stranger := c != nil && c.stranger
	cs.mu.Unlock()
	if cs.logs(stranger) {
		cs.log.Info().Str("condition", name).Msg("condition withdrawn: " + why)
	}
}

// logs reports whether a change may be logged.
func (cs *Conditions) logs(stranger bool) bool { return !stranger || cs.strangers.admit() }

// State is one condition as the health pages show it.
type State struct {
	// Profile is true for the state of one profile, which does not decide readiness.
	Profile bool   `json:"-"`
	Name    string `json:"name"`
	OK      bool   `json:"ok"`
	// Reason says what is wrong; empty if OK.
	Reason string    `json:"reason,omitempty"`
	Since  time.Time `json:"since,omitzero"`
	// Do says what to do about it; empty if OK or if there is no advice.
	Do string `json:"do,omitempty"`
}

// Failing reports whether any condition is failing, those of profiles included.
func (cs *Conditions) Failing() bool {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	for _, c := range cs.conds {
		if c.reason != "" {
			return true
		}
	}
	return false
}

// States returns all conditions, failing ones first, then by name.
func (cs *Conditions) States() []State {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	out := make([]State, 0, len(cs.conds))
	for _, c := range cs.conds {
		st := State{Profile: c.profile, Name: c.name, OK: c.reason == "", Reason: c.reason, Since: c.since}
		if !st.OK && !c.pending {
			st.Do = Remedy(c.name, c.reason)
		}
		out = append(out, st)
	}
	sort.Slice(out, func(i, j int) bool {
		if out[i].OK != out[j].OK {
			return !out[i].OK
		}
		return out[i].Name < out[j].Name
	})
	return out
}

// Condition is one named state: well, or failing for a reason since a time. A nil
// Condition ignores reports, so that tests and tools need not make one.
type Condition struct {
	set  *Conditions
	name string

	// Guarded by set.mu.
	reason  string
	since   time.Time
	pending bool // the reason is that of Pending
	profile bool // it is about one profile, and does not affect readiness
	// stranger: about a profile that no account names; see OfStranger
	stranger bool
}

// OfProfile marks the condition as being about one profile: /status shows it, and it does
// not affect readiness. It returns the condition.
func (c *Condition) OfProfile() *Condition {
	if c != nil {
		c.set.mu.Lock()
		c.profile, c.stranger = true, false
		c.set.mu.Unlock()
	}
	return c
}

// Pending sets a reason for not being ready yet, without a log line: starting is not a fault.
func (c *Condition) Pending(reason string) {
	if c == nil {
		return
	}
	c.set.mu.Lock()
	c.reason, c.since, c.pending = reason, c.set.now(), true
	c.set.mu.Unlock()
}

// Fail reports a fault. Text from outside in the reason was masked, as package redact
// says. While the condition fails, a new reason replaces the old one without a log line,
// because faults often alternate (refused, timed out) during one outage.
func (c *Condition) Fail(reason string) {
	if c == nil {
		return
	}
	if reason == "" {
		reason = "failing"
	}
	reason = redact.Own(reason)
	cs := c.set
	cs.mu.Lock()
	isNews := c.reason == "" || c.pending
	if isNews {
		c.since, c.pending = cs.now(), false
	}
	c.reason = reason
	stranger := c.stranger
	cs.mu.Unlock()
	if isNews && cs.logs(stranger) {
		cs.log.Warn().Str("condition", c.name).Str("reason", reason).Msg("condition failing")
	}
}

// OK reports that the condition is well.
func (c *Condition) OK() {
	if c == nil {
		return
	}
	cs := c.set
	cs.mu.Lock()
	was, since, now, pending, stranger := c.reason, c.since, cs.now(), c.pending, c.stranger
	if was != "" {
		c.reason, c.since, c.pending = "", now, false
	}
	cs.mu.Unlock()
	if was != "" && !pending && cs.logs(stranger) {
		cs.log.Info().Str("condition", c.name).Str("was", was).Dur("after_ms", now.Sub(since).Round(time.Millisecond)).Msg("condition well again")
	}
}
