package sandbox

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"
)

// Endpoint is one of Amazon's two endpoints.
type Endpoint string

// The endpoints a fault can be at.
const (
	AtEvents Endpoint = "events"
	// AtAccounts is the list of accounts.
	AtAccounts Endpoint = "accounts"
	AtToken    Endpoint = "token"
)

// Action is what a fault does to a request.
type Action string

// The actions. Delay is the only one after which later faults are tried too.
const (
	// Delay waits Latency and up to Jitter, then goes on.
	Delay Action = "delay"
	// Status answers Status (503) with Code.
	Status Action = "status"
	// Refuse closes the connection without a word.
	Refuse Action = "refuse"
	// Reset takes the events, sends half of the answer and closes.
	Reset Action = "reset"
	// Hang takes the events and answers after Latency, or never if that is 0.
	Hang Action = "hang"
	// HTML answers a web page, with Status (200).
	HTML Action = "html"
	// Garbage answers 200 and JSON that breaks off.
	Garbage Action = "garbage"
	// Deny answers Status (200) and JSON that says that the request failed.
	Deny Action = "deny"
	// Throttle answers 429 to what comes faster than Rate a second.
	Throttle Action = "throttle"
	// Expire withdraws the access token it was sent, which gives a 401 that a
	// refresh fixes. Events only, like the two below.
	Expire Action = "expire"
	// Items refuses a Share of the good events with the item code Code
	// (TOO_MANY_REQUESTS), in a 207.
	Items Action = "items"
	// Omit leaves a Share of the good events out of both lists of a 207.
	Omit Action = "omit"
)

var eventActions = []Action{Expire, Items, Omit}

// Actions returns every action, in the order in which help texts list them.
func Actions() []Action {
	return append([]Action{Delay, Status, Refuse, Reset, Hang, HTML, Garbage, Deny, Throttle}, eventActions...)
}

// Fault is one thing the sandbox does wrong, to whom, and how often. Every
// limit that is set must hold for it to strike.
type Fault struct {
	// Name is how the record and the stats call it; the action unless set.
	Name string `json:"name,omitempty"`
	// At is the endpoint; AtEvents unless set.
	At Endpoint `json:"at,omitempty"`
	// Profile limits it to one profile; empty means all. Not for AtToken,
	// where requests name none.
	Profile string `json:"profile,omitempty"`
	// Do is the action.
	Do Action `json:"do"`

	Status int    `json:"status,omitempty"`
	Code   string `json:"code,omitempty"`
	// RetryAfter is sent with a Status or Throttle answer, in whole seconds
	// rounded up, or as a date with RetryDate.
	RetryAfter time.Duration `json:"-"`
	RetryDate  bool          `json:"retry_date,omitempty"`
	Latency    time.Duration `json:"-"`
	Jitter     time.Duration `json:"-"`
	// Rate is requests per second, for Throttle.
	Rate float64 `json:"rate,omitempty"`
	// Share of the events, for Items and Omit: over 0 to 1, half unless set,
	// and never less than one event.
	Share float64 `json:"share,omitempty"`
	// Taken means that the events count as delivered although the answer does
	// not say so. Reset and Hang always take them.
	Taken bool `json:"taken,omitempty"`

	// Chance of striking, over 0 to 1; 0 means always.
	Chance float64 `json:"chance,omitempty"`
	// Count is how many requests it strikes in all; 0 means no limit.
	Count int `json:"count,omitempty"`
	// For is how long it lasts from when it was set; 0 means no limit.
	For time.Duration `json:"-"`
}

func (f *Fault) normalise() error {
	f.At = cmp.Or(f.At, AtEvents)
	f.Name = cmp.Or(f.Name, string(f.Do))
	if f.At != AtEvents && f.At != AtToken && f.At != AtAccounts {
		return fmt.Errorf("at %q is unknown: want events, token or accounts", f.At)
	}
	if !slices.Contains(Actions(), f.Do) {
		return fmt.Errorf("do %q is unknown: want one of %s", f.Do, joinActions(Actions()))
	}
	if f.At != AtEvents && (slices.Contains(eventActions, f.Do) || f.Profile != "") {
		return fmt.Errorf("do %q profile %q: %s and faults of one profile are for at=events only", f.Do, f.Profile, joinActions(eventActions))
	}
	if err := f.fill(); err != nil {
		return err
	}
	return f.inRange()
}

// fill sets what an action has unless told otherwise, and refuses one without what it
// needs.
func (f *Fault) fill() error {
	switch f.Do {
	case Status:
		f.Status = cmp.Or(f.Status, 503)
	case HTML, Deny:
		f.Status = cmp.Or(f.Status, 200)
	case Throttle:
		f.Status = cmp.Or(f.Status, 429)
		if f.Rate <= 0 {
			return fmt.Errorf("rate %g: throttle needs requests per second over 0", f.Rate)
		}
	case Items, Omit:
		f.Share = cmp.Or(f.Share, 0.5)
		f.Code = cmp.Or(f.Code, "TOO_MANY_REQUESTS")
	case Delay:
		if f.Latency == 0 && f.Jitter == 0 {
			return fmt.Errorf("delay needs latency, jitter or both")
		}
	}
	return nil
}

func (f *Fault) inRange() error {
	if f.Status != 0 && (f.Status < 200 || f.Status > 599) {
		return fmt.Errorf("status %d: want 200 to 599", f.Status)
	}
	for name, v := range map[string]float64{"chance": f.Chance, "share": f.Share} {
		if !(v >= 0 && v <= 1) {
			return fmt.Errorf("%s %g: want 0 to 1", name, v)
		}
	}
	for name, d := range map[string]time.Duration{"latency": f.Latency, "jitter": f.Jitter, "retry_after": f.RetryAfter, "for": f.For} {
		if d < 0 {
			return fmt.Errorf("%s %s is negative", name, d)
		}
	}
	if f.Count < 0 {
		return fmt.Errorf("count %d is negative", f.Count)
	}
	return nil
}

// takes reports whether the events of a request it strikes are judged as usual,
// because only the answer goes wrong.
func (f *Fault) takes() bool {
	switch f.Do {
	case Reset, Hang, Items, Omit, Expire:
		return true
	}
	return f.Taken
}

func joinActions(as []Action) string {
	s := make([]string, len(as))
	for i, a := range as {
		s[i] = string(a)
	}
	return strings.Join(s, ", ")
}

// FaultState is a fault and how often it has struck.
type FaultState struct {
	Fault Fault `json:"fault"`
	// Hits is how many requests it struck.
	Hits int `json:"hits"`
	// Over is true once its count or its time is used up.
	Over bool `json:"over"`
}

// faults picks the faults that strike a request.
type faults struct {
	now func() time.Time

	mu    sync.Mutex
	rng   *rand.Rand
	rules []*rule
}

// rule is a fault at work.
type rule struct {
	Fault
	since time.Time
	hits  int
	// A token bucket that holds at most a second's worth, for Throttle.
	tokens  float64
	refills time.Time
}

func newFaults(seed uint64, now func() time.Time) *faults {
	return &faults{now: now, rng: rand.New(rand.NewPCG(seed, 0))}
}

// set replaces all faults; counts and times begin again.
func (fs *faults) set(list []Fault) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	now := fs.now()
	fs.rules = make([]*rule, len(list))
	for i, f := range list {
		fs.rules[i] = &rule{Fault: f, since: now, tokens: max(1, f.Rate), refills: now}
	}
}

func (fs *faults) states() []FaultState {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	now := fs.now()
	out := make([]FaultState, len(fs.rules))
	for i, r := range fs.rules {
		out[i] = FaultState{Fault: r.Fault, Hits: r.hits, Over: r.over(now)}
	}
	return out
}

// strike returns how long the request waits first, and the fault that then
// befalls it; nil if none does.
func (fs *faults) strike(at Endpoint, profile string) (time.Duration, *Fault) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	now := fs.now()
	var wait time.Duration
	for _, r := range fs.rules {
		if r.At != at || r.Profile != "" && r.Profile != profile || r.over(now) {
			continue
		}
		if r.Chance > 0 && fs.rng.Float64() >= r.Chance || r.Do == Throttle && r.within(now) {
			continue
		}
		r.hits++
		if r.Do == Delay {
			wait += r.Latency + fs.upTo(r.Jitter)
			continue
		}
		f := r.Fault
		return wait, &f
	}
	return wait, nil
}

// pick chooses a share of n things, and one at least.
func (fs *faults) pick(n int, share float64) []bool {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	out := make([]bool, n)
	for i := range out {
		out[i] = fs.rng.Float64() < share
	}
	if n > 0 && !slices.Contains(out, true) {
		out[fs.rng.IntN(n)] = true
	}
	return out
}

// denial chooses a body for Deny.
func (fs *faults) denial() string {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	return denials[fs.rng.IntN(len(denials))]
}

func (fs *faults) upTo(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return time.Duration(fs.rng.Int64N(int64(d) + 1))
}

func (r *rule) over(now time.Time) bool {
	return r.Count > 0 && r.hits >= r.Count || r.For > 0 && now.Sub(r.since) >= r.For
}

// within takes a token of the bucket and reports whether there was one.
func (r *rule) within(now time.Time) bool {
	r.tokens = min(max(1, r.Rate), r.tokens+r.Rate*now.Sub(r.refills).Seconds())
	r.refills = now
	if r.tokens < 1 {
		return false
	}
	r.tokens--
	return true
}
