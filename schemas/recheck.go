package schemas

import (
	"context"

	"github.com/tracklayer/amazon-capi/schemas/framing"
)

// A registry that was wrong for a moment may have given another event's schema, which
// would be kept for as long as records name it. So a schema is asked for again when a
// record cannot be read by it, at once the first time and then once in failedFor: garbage
// must not cause a storm of requests. The record does not wait; those after it are read by
// what the registry says then. Without an answer the schema stays.

// recheck asks for a schema again, by which a record could not be read.
func (d *Decoder) recheck(ref framing.Ref, e *cached) {
	now := d.now().UnixNano()
	asked := e.asked.Load()
	if d.loader == nil || asked != 0 && now-asked < failedFor.Nanoseconds() || !e.asked.CompareAndSwap(asked, now) {
		return
	}
	d.loader.start(func(ctx context.Context) {
		p, err := d.load(ctx, ref)
		if err != nil || p.sum == e.sum {
			return
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		if next, _ := d.keep(ref, p); next != nil {
			next.asked.Store(now)
		}
	})
}
