package consumer

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// brake stops taking while commits fail. All that is taken and delivered then is
// sent again by the next owner, and without a bound a member that cannot reach
// its coordinator would go on until its session ends.
type brake struct {
	after time.Duration // how long commits fail before taking pauses

	mu       sync.Mutex
	since    time.Time // when the first commit was begun of those that have not succeeded; zero if none
	released chan struct{}
	engaged  bool // the poll loop waits
}

// brakeIntervals is for how many commit intervals commits fail before taking
// pauses, and maxBrake the longest that this may be.
const (
	brakeIntervals = 3
	maxBrake       = 15 * time.Second
)

func newBrake(interval time.Duration) *brake {
	return &brake{after: min(brakeIntervals*interval, maxBrake), released: make(chan struct{})}
}

// begin notes that a commit is begun. One that hangs counts as one that fails.
func (b *brake) begin(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.since.IsZero() {
		b.since = now
	}
}

// release notes that commits work, or that there is none to make.
func (b *brake) release() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.since.IsZero() {
		return
	}
	b.since = time.Time{}
	close(b.released)
	b.released = make(chan struct{})
}

func (b *brake) failing() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.since.IsZero()
}

// on reports whether nothing may be taken.
func (b *brake) on(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.onLocked(now)
}

func (b *brake) onLocked(now time.Time) bool { return !b.since.IsZero() && now.Sub(b.since) >= b.after }

// pausing reports whether the poll loop waits for a commit.
func (b *brake) pausing() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.engaged
}

// wait returns when records may be taken, or ctx ends. It calls pauses if it has to
// wait.
func (b *brake) wait(ctx context.Context, now func() time.Time, pauses func()) error {
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

// waitForCommits returns when records may be taken, or ctx ends.
func (c *Consumer) waitForCommits(ctx context.Context) error {
	return c.brake.wait(ctx, c.opts.Now, func() {
		c.conditions.commits.Fail(fmt.Sprintf("no commit has succeeded for %s; nothing more is taken until one does", c.brake.after))
		c.log.Warn().Dur("after", c.brake.after).Msg("commits fail; taking pauses, and what is in flight goes on")
	})
}

// commitsRefused notes that commits of these assignments are refused though others
// are taken. When that has lasted, which it reports, their partitions alone are read no
// more.
func (c *Consumer) commitsRefused(as []*assignment) (lasts bool) {
	now := c.opts.Now()
	for _, a := range as {
		pause, paused := a.commitRefused(now, c.brake.after)
		lasts = lasts || paused
		if pause {
			c.steerAll([]*assignment{a})
		}
	}
	return lasts
}

// commitTaken ends what commitsRefused has begun.
func (c *Consumer) commitTaken(a *assignment) {
	if a.commitTaken() {
		c.steerAll([]*assignment{a})
	}
}
