// Package wait waits, and stops waiting when a context ends: a bare time.Sleep
// outlasts the limit of a shutdown.
package wait

import (
	"context"
	"time"
)

// For waits for d. It reports whether it did, and not that ctx ended before.
func For(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
