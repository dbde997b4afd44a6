package flow

import (
	"context"
	"sync"
	"time"
)

// Brake pauses taking while commits fail. Everything taken and delivered then is sent
// again by the next owner, and without a bound a member that cannot reach its coordinator
// would continue until its session ends.
type Brake struct {
	After time.Duration // how long commits fail before taking pauses

	mu       sync.Mutex
	since    time.Time // when the first of the failing commits was begun; zero if there is none
	released chan struct{}
	engaged  bool // the poll loop waits
}

// brakeIntervals is how many commit intervals commits may fail before taking pauses;
// maxBrake is the maximum of that time.
const (
	brakeIntervals = 3
	maxBrake       = 15 * time.Second
)

// NewBrake returns a brake for commits at that interval.
func NewBrake(interval time.Duration) *Brake {
	return &Brake{After: min(brakeIntervals*interval, maxBrake), released: make(chan struct{})}
}

// Begin notes that a commit is begun. One that hangs counts as failing.
func (b *Brake) Begin(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.since.IsZero() {
		b.since = now
	}
}

// Release notes that commits work, or that there is nothing to commit.
func (b *Brake) Release() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.since.IsZero() {
		return
	}
	b.since = time.Time{}
	close(b.released)
	b.released = make(chan struct{})
}

// Failing reports whether the last commits have failed.
func (b *Brake) Failing() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.since.IsZero()
}

// On reports whether nothing may be taken.
func (b *Brake) On(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.onLocked(now)
}

func (b *Brake) onLocked(now time.Time) bool { return !b.since.IsZero() && now.Sub(b.since) >= b.After }

// Pausing reports whether the poll loop waits for a commit.
func (b *Brake) Pausing() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.engaged
}

// Wait returns when records may be taken, or ctx ends. It calls pauses if it has to wait.
func (b *Brake) Wait(ctx context.Context, now func() time.Time, pauses func()) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer func() { b.engaged = false }()
	for b.onLocked(now()) {
		b.engaged = true
		released := b.released
		b.mu.Unlock()
		pauses()
		select {
		case <-released:
		case <-ctx.Done():
		}
		b.mu.Lock()
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}
