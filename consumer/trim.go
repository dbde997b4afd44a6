package consumer

import (
	"context"
	"time"

	"github.com/tracklayer/amazon-capi/internal/crash"
)

// trimEvery is for how long memory is kept that nobody needs. What is lent goes up
// and down several times a second; the most is lent at the start, when the whole
// window waits for the first answers: a third of that was never needed again, and
// the collector lets garbage grow by what is kept.
const trimEvery = time.Second

// trimLoop gives the memory of a busy time back in the quiet one after it.
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
