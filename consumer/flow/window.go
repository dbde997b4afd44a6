package flow

import (
	"context"
	"sync"
	"time"
)

// Window bounds what is in flight: taken from Kafka and without a verdict. While it is
// full nothing more is taken, lag grows in Kafka, where there is room for it, and memory
// does not grow, however long Amazon is unavailable.
type Window struct {
	maxEvents int
	maxBytes  int64

	mu     sync.Mutex
	events int
	bytes  int64
	freed  chan struct{} // closed and replaced when there is room again; nil while nobody waits
}

// NewWindow returns a window of these bounds.
func NewWindow(maxEvents int, maxBytes int64) *Window {
	return &Window{maxEvents: maxEvents, maxBytes: maxBytes}
}

// relieveEvery is how often a full window calls relieve: a window that was used by all
// may be full of one stuck profile a minute later.
const relieveEvery = time.Second

// hurryAfter is how long a full window waits for a verdict before batches are told not to
// wait for more events, because none will come. With many profiles, or a small window,
// everything taken can lie in incomplete batches, and the linger alone would set the
// pace.
const hurryAfter = 20 * time.Millisecond

// A full window opens again when a quarter of it is free, or this much: polls must not
// become ever smaller, and as little as possible of a large window should be unused.
const (
	openAgainEvents = 2000
	openAgainBytes  = 1 << 20
)

// Room waits until more may be taken and returns how many events. While the window is
// full, it calls relieve occasionally, which returns whether it has made room, and hurry
// while no verdict arrives.
func (w *Window) Room(ctx context.Context, relieve func() bool, hurry func()) (events int, err error) {
	openEvents, openBytes := min((w.maxEvents+3)/4, openAgainEvents), min(w.maxBytes/4, openAgainBytes)
	for full := false; ; {
		w.mu.Lock()
		free := w.maxEvents - w.events
		if !full && free > 0 && w.bytes < w.maxBytes || free >= openEvents && w.bytes <= w.maxBytes-openBytes {
			w.mu.Unlock()
			return free, nil
		}
		full = true
		if w.freed == nil {
			w.freed = make(chan struct{})
		}
		freed := w.freed
		w.mu.Unlock()
		if ctx.Err() == nil && relieve() {
			continue
		}
		if waitFor(ctx, freed, hurryAfter) {
			hurry()
			waitFor(ctx, freed, relieveEvery-hurryAfter)
		}
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
	}
}

// waitFor waits until something is freed or ctx is done; true if that took too long.
func waitFor(ctx context.Context, freed <-chan struct{}, most time.Duration) bool {
	t := time.NewTimer(most)
	defer t.Stop()
	select {
	case <-freed:
	case <-ctx.Done():
	case <-t.C:
		return true
	}
	return false
}

// Over reports whether more is in flight than that many times the bounds.
func (w *Window) Over(times, of int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.events > w.maxEvents*times/of || w.bytes > w.maxBytes*int64(times)/int64(of)
}

// Take notes what was taken.
func (w *Window) Take(events int, bytes int64) {
	w.mu.Lock()
	w.events += events
	w.bytes += bytes
	w.mu.Unlock()
}

// Release notes what is no longer in flight.
func (w *Window) Release(events int, bytes int64) {
	w.mu.Lock()
	w.events -= events
	w.bytes -= bytes
	if w.freed != nil {
		close(w.freed)
		w.freed = nil
	}
	w.mu.Unlock()
}

// InFlight returns the events and bytes without a verdict.
func (w *Window) InFlight() (events int, bytes int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.events, w.bytes
}

// Full reports whether taking waits for verdicts.
func (w *Window) Full() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.events >= w.maxEvents || w.bytes >= w.maxBytes
}
