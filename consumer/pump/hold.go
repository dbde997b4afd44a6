package pump

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/tracklayer/amazon-capi/internal/backoff"
	"github.com/tracklayer/amazon-capi/internal/health"
	"github.com/tracklayer/amazon-capi/internal/wait"
)

var holdBackoff = backoff.New(200*time.Millisecond, 15*time.Second, nil)

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
	by    *Holds
	tries int
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
	h.by.fail(h.tries == 0, err.Error())
	h.tries++
	return wait.For(ctx, holdBackoff.Spaced(h.tries-1))
}

// over ends the hold, if there is one.
func (h *hold) over() {
	if h.tries > 0 {
		h.tries = 0
		h.by.over()
	}
}
