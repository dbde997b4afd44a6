package consumer

import (
	"context"
	"sync"
	"time"
)

// window bounds what is in flight: taken from Kafka and without a verdict. While
// it is full nothing more is taken, lag grows in Kafka where there is room for
// it, and memory does not grow, however long Amazon is away.
type window struct {
	maxEvents int
	maxBytes  int64

	mu     sync.Mutex
	events int
	bytes  int64
	freed  chan struct{} // closed and replaced when there is room again; nil while nobody waits
}

func newWindow(maxEvents int, maxBytes int64) *window {
	return &window{maxEvents: maxEvents, maxBytes: maxBytes}
}

// relieveEvery is how often a full window looks for somebody to relieve it: one
// that was in use by all may be so by a single stuck profile a minute later.
const relieveEvery = time.Second

// room waits until more may be taken and returns how many events. To keep polls
// from degrading to single records under back-pressure, a full window opens
// again only when a quarter of it is free. While it is full, relieve is called
// now and then; it returns whether it has made room.
func (w *window) room(ctx context.Context, relieve func() bool) (events int, err error) {
	for full := false; ; {
		w.mu.Lock()
		free := w.maxEvents - w.events
		if !full && free > 0 && w.bytes < w.maxBytes ||
			free >= (w.maxEvents+3)/4 && w.bytes <= w.maxBytes-w.maxBytes/4 {
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
		again := time.NewTimer(relieveEvery)
		select {
		case <-freed:
		case <-again.C:
		case <-ctx.Done():
		}
		again.Stop()
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
	}
}

// over tells whether more is in flight than that many times the bounds.
func (w *window) over(times, of int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.events > w.maxEvents*times/of || w.bytes > w.maxBytes*int64(times)/int64(of)
}

func (w *window) take(events int, bytes int64) {
	w.mu.Lock()
	w.events += events
	w.bytes += bytes
	w.mu.Unlock()
}

func (w *window) release(events int, bytes int64) {
	w.mu.Lock()
	w.events -= events
	w.bytes -= bytes
	if w.freed != nil {
		close(w.freed)
		w.freed = nil
	}
	w.mu.Unlock()
}

// inFlight returns the events and bytes without a verdict.
func (w *window) inFlight() (events int, bytes int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.events, w.bytes
}

// full tells whether taking waits for verdicts.
func (w *window) full() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.events >= w.maxEvents || w.bytes >= w.maxBytes
}
