package schemas

import (
	"bytes"
	"context"

	"github.com/tracklayer/amazon-capi/schemas/event"
	"github.com/tracklayer/amazon-capi/schemas/framing"
	"github.com/tracklayer/amazon-capi/schemas/program"
)

// A registry that was wrong for a moment may have given another event's schema, which
// would be kept for as long as records name it. So a schema is asked for again when a
// record cannot be read by it, at once the first time and then once in failedFor: garbage
// must not cause a storm of requests. The record does not wait; those after it are read by
// what the registry says then. Without an answer the schema stays.
//
// The registry may be wrong now instead, and the record be garbage. So a schema that has
// read a record stays, and another one only takes its place if it reads the record.

// first is what decode returns for a payload that could not be read, or is the first one
// that was. It is apart from it because its variables would slow down the reading of all
// others.
//
//go:noinline
func (d *Decoder) first(ref framing.Ref, payload []byte, e *cached, err *program.Error) error {
	if err == nil {
		e.reads()
		return nil
	}
	d.recheck(framing.Found{Ref: ref, Payload: payload}, e)
	return of(err, ref)
}

// recheck asks for a schema again, by which a record could not be read.
func (d *Decoder) recheck(f framing.Found, e *cached) {
	if d.loader == nil || e.hasRead.Load() {
		return
	}
	now := d.now().UnixNano()
	asked := e.asked.Load()
	if asked == 0 || now-asked >= failedFor.Nanoseconds() {
		d.askAgain(f, e, asked, now)
	}
}

// askAgain is apart from recheck because f escapes to the heap here.
func (d *Decoder) askAgain(f framing.Found, e *cached, asked, now int64) {
	begin := func() bool {
		if !e.asked.CompareAndSwap(asked, now) {
			return false
		}
		f.Payload = bytes.Clone(f.Payload) // the caller's value may change
		return true
	}
	d.loader.recheck(begin, func(ctx context.Context) {
		p, err := d.load(ctx, f.Ref)
		if err != nil || p.sum == e.sum || read(&cached{Program: p.Program}, &f, new(event.Event)) != nil {
			return
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		if e.hasRead.Load() || d.cache.Load().entries[f.Ref] != e {
			return
		}
		if next, _ := d.keep(f.Ref, p); next != nil {
			next.asked.Store(now)
		}
	})
}
