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
		c.Log.Warn().Dur("after", c.brake.After).Msg("commits fail; taking pauses, and what is in flight goes on")
	})
}

// commitsRefused notes that commits of these assignments are refused though others
// are taken. When that has lasted, which it reports, their partitions alone are read no
// more.
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

// commitTaken ends what commitsRefused has begun.
func (c *Committer) commitTaken(a *assignment.Assignment) {
	if a.CommitTaken() {
		c.Owner.Steer(a)
	}
}

// Pausing reports whether nothing is taken because commits fail.
func (c *Committer) Pausing() bool { return c.brake.Pausing() }

// Lengthen has metadata be longer again, if brokers have found it too long a while ago.
func (c *Committer) Lengthen(now time.Time) { c.limit.Lengthen(now) }
