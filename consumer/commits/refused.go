package commits

import (
	"context"
	"fmt"
	"time"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
)

// Wait returns when records may be taken, or ctx ends: not while commits fail.
func (c *Committer) Wait(ctx context.Context) error {
	return c.brake.Wait(ctx, c.Now, func() {
		c.Condition.Fail(fmt.Sprintf("no commit has succeeded for %s; nothing more is taken until one does", c.brake.After))
		c.Log.Warn().Dur("after_ms", c.brake.After).Msg("commits fail; taking pauses, and what is in flight goes on")
	})
}

// commitsRefused notes that commits of these assignments are refused although others are
// accepted. When that has lasted, which it reports, only their partitions are paused.
func (c *Committer) commitsRefused(as []*assignment.Assignment) (lasts bool) {
	now := c.Now()
	for _, a := range as {
		pause, paused := a.CommitRefused(now, c.brake.After)
		lasts = lasts || paused
		if pause {
			c.Owner.Steer(a)
		}
	}
	return lasts
}

// commitTaken ends what commitsRefused began.
func (c *Committer) commitTaken(a *assignment.Assignment) {
	if a.CommitTaken() {
		c.Owner.Steer(a)
	}
}

// Pausing reports whether taking is paused because commits fail.
func (c *Committer) Pausing() bool { return c.brake.Pausing() }

// Lengthen allows longer metadata again, some time after brokers refused its length.
func (c *Committer) Lengthen(now time.Time) { c.limit.Lengthen(now) }
