package gate

// State is the state of a lane: whether it may send, and if not, why. Only the transitions
// drawn here exist, and only after makes them.
//
//	       fail             elapse
//	free ─────────▶ backing ───────▶ retrying
//	│ ▲ ▲              ▲               │ │ │
//	│ │ │              └─────fail──────┘ │ │
//	│ │ └──────────────well──────────────┘ │ trip
//	│ │                                    ▼        elapse
//	│ │ elapse                          resting ─────────────▶ probing
//	│ └───────── delayed                   ▲                    │   │
//	│   hold        ▲                      └── hold, fail, trip ┘   └ well ─▶ free
//	└───────────────┘
//	free, delayed, backing ─ trip ▶ resting      backing, resting ─ well ▶ delayed
//	any ─ pause ▶ paused      any ─ stray ▶ astray      any ─ follow ▶ free
//
// Every transition, with a dash where the event changes nothing; TestWalk compares the
// table with after and walks all of it:
//
//	state     hold     fail     trip     excuse   well     elapse    pause   stray   follow
//	free      delayed  backing  resting  -        -        -         paused  astray  -
//	delayed   -        backing  resting  -        -        free      paused  astray  free
//	backing   -        -        resting  delayed  delayed  retrying  paused  astray  free
//	retrying  backing  backing  resting  free     free     -         paused  astray  free
//	resting   -        -        -        -        delayed  probing   paused  astray  free
//	probing   resting  resting  resting  -        free     -         paused  astray  free
//	paused    -        -        -        -        -        -         -       astray  free
//	astray    -        -        -        -        -        -         paused  -       free
type State uint8

// The states.
const (
	// Free lets as many requests through as the window has room for.
	Free State = iota
	// Delayed sends nothing until the hold is over, because Amazon asked for it.
	Delayed
	// Backing sends nothing until the hold is over, after consecutive failures.
	Backing
	// Retrying is Backing after the end of its hold: the next answer decides.
	Retrying
	// Resting is an open breaker: Amazon repeatedly failed or refused the profile, and
	// nothing is sent until the hold is over.
	Resting
	// Probing is a half-open breaker: one request at a time, whose answer closes or
	// reopens the breaker.
	Probing
	// Paused sends nothing because the operator paused the profile. Answers to requests
	// that were in flight change nothing.
	Paused
	// Astray has no route, and its events become dead letters.
	Astray
	states
)

var stateNames = [states]string{"free", "delayed", "backing", "retrying", "resting", "probing", "paused", "astray"}

func (s State) String() string { return stateNames[s] }

// Broken reports whether the breaker is open or half open.
func (s State) Broken() bool { return s == Resting || s == Probing }

// held reports whether nothing is sent until the hold is over.
func (s State) held() bool { return s == Delayed || s == Backing || s == Resting }

// event is what may change a state.
type event uint8

const (
	hold   event = iota // nothing is sent for a while
	fail                // one more consecutive failure
	trip                // too many failures, or Amazon refuses the profile
	excuse              // the failures were those of a batch, not of the lane
	well                // Amazon answered about events
	elapse              // the hold is over
	pause               // the operator paused the profile
	stray               // the profile no longer has a route
	follow              // it has a route, another one or one again
	events
)

var eventNames = [events]string{"hold", "fail", "trip", "excuse", "well", "elapse", "pause", "stray", "follow"}

func (e event) String() string { return eventNames[e] }

// after returns the state that an event leads to.
func (s State) after(e event) State {
	switch e {
	case follow:
		return Free
	case pause:
		return Paused
	case stray:
		return Astray
	}
	if s == Paused || s == Astray {
		return s
	}
	switch e {
	case trip:
		return Resting
	case hold, fail:
		return s.toHeld(e)
	case elapse:
		return s.elapsed()
	case well:
		return s.settled()
	}
	if s.Broken() { // an excuse never closes a breaker
		return s
	}
	return s.settled()
}

// toHeld returns the state in which a hold begins.
func (s State) toHeld(e event) State {
	switch {
	case s.Broken():
		return Resting
	case e == fail || s == Backing || s == Retrying:
		return Backing
	}
	return Delayed
}

// elapsed returns the state after the end of the hold.
func (s State) elapsed() State {
	switch s {
	case Delayed:
		return Free
	case Backing:
		return Retrying
	case Resting:
		return Probing
	}
	return s
}

// settled returns the state without its failures. It ends no hold.
func (s State) settled() State {
	if s.held() {
		return Delayed
	}
	return Free
}
