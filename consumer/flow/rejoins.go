package flow

import (
	"sync"
	"time"
)

// Rejoins paces a member that the group accepts and then does not tell its offsets. In the
// consumer protocol the client (franz-go 1.22) forgets with each join how often it has
// failed: it joins and asks again a quarter of a second later, or at once if its epoch is
// refused.
type Rejoins struct {
	mu   sync.Mutex
	lost int       // how often in a row
	last time.Time // when
}

const (
	firstRejoin = time.Second
	maxRejoin   = 10 * time.Second
	// rejoinsApart is how far losses are apart that have nothing to do with each other.
	rejoinsApart = time.Minute
)

// Lost notes that a membership was lost, and returns how long to wait before the next. The
// first is lost at once: partitions that come back in time go on as they were.
func (r *Rejoins) Lost(now time.Time) (pause time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Sub(r.last) >= rejoinsApart {
		r.lost = 0
	}
	if r.lost > 0 {
		pause = min(firstRejoin<<min(r.lost-1, 10), maxRejoin)
	}
	r.lost++
	r.last = now.Add(pause)
	return pause
}

// Told notes that the group has told its offsets.
func (r *Rejoins) Told() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lost = 0
}
