package consumer

import (
	"context"
	"time"

	"github.com/tracklayer/amazon-capi/internal/crash"
)

// trimEvery is how long unused memory is kept. What is lent varies several times a
// second; most is lent at the start, when the whole window waits for the first answers: a
// third of that was never needed again, and the collector lets garbage grow in proportion
// to what is kept.
const trimEvery = time.Second

// trimLoop releases the memory of a busy time in a quiet one.
func (c *Consumer) trimLoop(ctx context.Context) {
	defer crash.Report()
	tick := time.NewTicker(trimEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			c.pools.Trim()
		case <-ctx.Done():
			return
		}
	}
}
