package consumer

import (
	"context"
	"fmt"
	"time"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
)

// wait returns when records may be taken, or ctx ends: not while commits fail.
func (c *committer) wait(ctx context.Context) error {
	return c.brake.Wait(ctx, c.now, func() {
		c.condition.Fail(fmt.Sprintf("no commit has succeeded for %s; nothing more is taken until one does", c.brake.After))
		c.log.Warn().Dur("after", c.brake.After).Msg("commits fail; taking pauses, and what is in flight goes on")
	})
}

// commitsRefused notes that commits of these assignments are refused though others
// are taken. When that has lasted, which it reports, their partitions alone are read no
// more.
func (c *committer) commitsRefused(as []*assignment.Assignment) (lasts bool) {
	now := c.now()
	for _, a := range as {
		pause, paused := a.CommitRefused(now, c.brake.After)
		lasts = lasts || paused
		if pause {
			c.owner.Steer(a)
		}
	}
	return lasts
}

// commitTaken ends what commitsRefused has begun.
func (c *committer) commitTaken(a *assignment.Assignment) {
	if a.CommitTaken() {
		c.owner.Steer(a)
	}
}

// pausing reports whether nothing is taken because commits fail.
func (c *committer) pausing() bool { return c.brake.Pausing() }

// lengthen has metadata be longer again, if brokers have found it too long a while ago.
func (c *committer) lengthen(now time.Time) { c.limit.Lengthen(now) }
