package consumer

import (
	"context"
	"fmt"
)

// waitForCommits returns when records may be taken, or ctx ends.
func (c *Consumer) waitForCommits(ctx context.Context) error {
	return c.brake.Wait(ctx, c.opts.Now, func() {
		c.conditions.commits.Fail(fmt.Sprintf("no commit has succeeded for %s; nothing more is taken until one does", c.brake.After))
		c.log.Warn().Dur("after", c.brake.After).Msg("commits fail; taking pauses, and what is in flight goes on")
	})
}

// commitsRefused notes that commits of these assignments are refused though others
// are taken. When that has lasted, which it reports, their partitions alone are read no
// more.
func (c *Consumer) commitsRefused(as []*assignment) (lasts bool) {
	now := c.opts.Now()
	for _, a := range as {
		pause, paused := a.commitRefused(now, c.brake.After)
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
