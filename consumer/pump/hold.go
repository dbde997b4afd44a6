package pump

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/tracklayer/amazon-capi/internal/health"
)

const (
	holdMin = 200 * time.Millisecond
	holdMax = 15 * time.Second
)

// Holds are the records that wait for the registry, at most one per partition. The
// condition fails while there are any: a registry that nobody waits for keeps no member
// from working, and a partition that is given up while its record waits would otherwise
// leave the condition failing forever.
type Holds struct {
	Registry *health.Condition
	mu       sync.Mutex
	n        int
}

// fail records why a record waits; first is set when it begins to wait.
func (h *Holds) fail(first bool, reason string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if first {
		h.n++
	}
	h.Registry.Fail(reason)
}

// over notes that a record no longer waits.
func (h *Holds) over() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.n--; h.n == 0 {
		h.Registry.OK()
	}
}

// hold is a record that waits for the registry.
type hold struct {
	by   *Holds
	next time.Duration // 0 until it has waited
}

// awaited is the error of a record that can be read once Wait returns nil, or not at all,
// for the reason that Wait returns.
type awaited interface {
	error
	Wait(ctx context.Context) error
}

// wait waits before a retry after err, until the schema is available or for longer each
// time; false if ctx ended first.
func (h *hold) wait(ctx context.Context, err error) bool {
	if loading, ok := errors.AsType[awaited](err); ok {
		err = loading.Wait(ctx)
	}
	switch {
	case ctx.Err() != nil:
		return false
	case err == nil:
		return true
	}
	h.by.fail(h.next == 0, err.Error())
	h.next = min(max(h.next*2, holdMin), holdMax)
	timer := time.NewTimer(h.next/2 + rand.N(h.next/2))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// over ends the hold, if there is one.
func (h *hold) over() {
	if h.next > 0 {
		h.next = 0
		h.by.over()
	}
}
