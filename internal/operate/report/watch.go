package report

import (
	"context"
	"sync"
	"time"

	"github.com/tracklayer/amazon-capi/internal/crash"
)

// Watch shows progress until it is stopped. When ctx ends it says that work in flight is
// waited for.
func (p *Progress) Watch(ctx context.Context, what string, total int, done func() int) (stop func()) {
	p.Restart()
	watching, cancel := context.WithCancel(context.WithoutCancel(ctx))
	told := context.AfterFunc(ctx, func() {
		defer crash.Report()
		p.Say("amazon-capi: stopping; what is on its way is waited for")
	})
	var wg sync.WaitGroup
	wg.Go(func() {
		defer crash.Report()
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			p.Step(what, uint64(done()), uint64(total))
			select {
			case <-tick.C:
			case <-watching.Done():
				return
			}
		}
	})
	return func() {
		told()
		cancel()
		wg.Wait()
		p.Done()
	}
}
