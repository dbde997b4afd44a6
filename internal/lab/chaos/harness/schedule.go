package harness

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// deck deals cards in random order, all of them before any comes again: a short
// run meets every fault once, and a long one in ever new orders.
type deck[T any] struct {
	rng   *rand.Rand
	cards []T
	left  []int
	dealt int
}

func newDeck[T any](rng *rand.Rand, cards []T) *deck[T] { return &deck[T]{rng: rng, cards: cards} }

func (d *deck[T]) deal() T {
	if len(d.left) == 0 {
		d.left = d.rng.Perm(len(d.cards))
	}
	i := d.left[0]
	d.left = d.left[1:]
	d.dealt++
	return d.cards[i]
}

// round reports whether every card has been dealt.
func (d *deck[T]) round() bool { return d.dealt >= len(d.cards) }

// hostility is the part of a run in which things break: it lasts until its time
// is up and each track has met all that it can do. A slow machine makes a run
// longer, and not weaker.
type hostility struct {
	until time.Time
	met   []atomic.Bool // by track
}

func newHostility(length time.Duration, tracks int) *hostility {
	return &hostility{until: time.Now().Add(length), met: make([]atomic.Bool, tracks)}
}

func (h *hostility) over() bool {
	for i := range h.met {
		if !h.met[i].Load() {
			return false
		}
	}
	return !time.Now().Before(h.until)
}

// The tracks of a run draw from sources of their own, so that the timing of one
// does not change what another does.
const (
	trackMembers = iota + 1
	trackAmazon
	trackEvents
)

func source(seed uint64, track uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, track)) }

// between returns a duration of that range.
func between(rng *rand.Rand, from, to time.Duration) time.Duration {
	return from + time.Duration(rng.Int64N(int64(to-from)))
}

// pause waits; false if the context ended first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
