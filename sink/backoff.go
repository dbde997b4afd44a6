package sink

import (
	"context"
	"math/rand/v2"
	"time"
)

// backoff spaces tries: exponential from min, never beyond max, with jitter so
// that lanes which failed together do not come back together.
type backoff struct {
	min, max time.Duration
	rand     func() float64 // in [0,1)
}

// newBackoff returns a backoff from min to max; a nil random means math/rand.
func newBackoff(min, max time.Duration, random func() float64) backoff {
	if random == nil {
		random = rand.Float64
	}
	return backoff{min, max, random}
}

// full is full jitter: anything from nothing to the step. n counts from 0.
func (b backoff) full(n int) time.Duration {
	return time.Duration(b.rand() * float64(b.step(n)))
}

// spaced keeps half the step for certain, where trying at once is never right:
// a refused credential, a broker that is away.
func (b backoff) spaced(n int) time.Duration {
	half := b.step(n) / 2
	return half + time.Duration(b.rand()*float64(half))
}

// rest is for when a round of tries is used up: a little over the cap, then
// twice and at last four times that. A profile that is out for long is not worth
// a request of each of its members every half minute, and a server that comes
// back has many lanes waiting for it. n counts from 0.
func (b backoff) rest(n int) time.Duration {
	d := b.max << min(n, 2)
	return d + time.Duration(b.rand()*float64(d)/10)
}

func (b backoff) step(n int) time.Duration {
	d := b.min
	for range n {
		if d >= b.max/2 {
			return b.max
		}
		d *= 2
	}
	return min(d, b.max)
}

// sleep waits for d; false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
