package census

import "time"

// State is what a lane is doing.
type State string

// The states of a lane.
const (
	Idle     State = "idle"     // it has no events
	Batching State = "batching" // its events wait for more
	Sending  State = "sending"
	Held     State = "held" // its events wait for a fault to end
)

// Lane is a lane as /status and the demo show it.
type Lane struct {
	Profile string `json:"profile"`
	// Account is the sending account's name in the accounts file; Region is where it sends
	// to, if there are several regions.
	Account  string `json:"account,omitempty"`
	Region   string `json:"region,omitempty"`
	Contract string `json:"contract"`

	State State     `json:"state"`
	Since time.Time `json:"since"`
	// Reason says why it is held; empty otherwise.
	Reason string `json:"reason,omitempty"`
	// Records is how many have no verdict and are not dead letters.
	Records int `json:"records"`

	Breaker Breaker `json:"breaker"`
	// Requests is how many are in flight, Concurrency how many may be.
	Requests    int `json:"requests"`
	Concurrency int `json:"concurrency"`
}

// Breaker says whether a lane may send.
type Breaker string

// The states of a lane's breaker.
const (
	// Closed lets as many requests through as the lane's window has room for.
	Closed Breaker = "closed"
	// Open lets nothing through: Amazon has repeatedly failed or refused the
	// profile, and the lane rests.
	Open Breaker = "open"
	// HalfOpen lets one request through after a rest; its outcome closes or reopens
	// the breaker.
	HalfOpen Breaker = "half-open"
)
