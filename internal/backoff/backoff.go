// Package backoff spaces tries of what failed. It holds the steps and the jitter;
// package wait waits. When to try again, and how often, is for the caller to decide.
package backoff

import (
	"math/rand/v2"
	"time"
)

// Backoff spaces tries: exponential from min, never beyond max, with jitter so
// that lanes which failed together do not come back together.
type Backoff struct {
	min, max time.Duration
	rand     func() float64 // in [0,1)
}

// New returns a backoff from min to max; a nil random means math/rand.
func New(min, max time.Duration, random func() float64) Backoff {
	if random == nil {
		random = rand.Float64
	}
	return Backoff{min, max, random}
}

// Full is full jitter: anything from nothing to the step. n counts from 0.
func (b Backoff) Full(n int) time.Duration {
	return time.Duration(b.rand() * float64(b.step(n)))
}

// Spaced keeps half the step for certain, where trying at once is never right:
// a refused credential, a broker that is away.
func (b Backoff) Spaced(n int) time.Duration {
	half := b.step(n) / 2
	return half + time.Duration(b.rand()*float64(half))
}

// Rest is for when a round of tries is used up: a little over the cap, then
// twice and at last four times that. A profile that is out for long is not worth
// a request of each of its members every half minute, and a server that comes
// back has many lanes waiting for it. n counts from 0.
func (b Backoff) Rest(n int) time.Duration {
	d := b.max << min(n, 2)
	return d + time.Duration(b.rand()*float64(d)/10)
}

func (b Backoff) step(n int) time.Duration {
	d := b.min
	for range n {
		if d >= b.max/2 {
			return b.max
		}
		d *= 2
	}
	return min(d, b.max)
}
