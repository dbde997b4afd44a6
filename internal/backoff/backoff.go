package backoff

import (
	"math/rand/v2"
	"time"
)

// Backoff is exponential from min to max, with jitter so that lanes which failed together do not
// retry together.
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

// Full returns a delay with full jitter: from zero to the step. n counts from 0.
func (b Backoff) Full(n int) time.Duration {
	return time.Duration(b.rand() * float64(b.step(n)))
}

// Spaced returns at least half of the step, for faults where an immediate retry is never right: a
// refused credential, an unavailable broker.
func (b Backoff) Spaced(n int) time.Duration {
	half := b.step(n) / 2
	return half + time.Duration(b.rand()*float64(half))
}

// Rest returns the delay after a round of tries: a little over the maximum, then twice
// and finally four times that. A profile that fails for long is not worth a request of
// each member every half minute, and a recovering server has many lanes waiting for it. n
// counts from 0.
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
