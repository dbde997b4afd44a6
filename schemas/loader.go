package schemas

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/tracklayer/amazon-capi/internal/crash"
	"github.com/tracklayer/amazon-capi/schemas/framing"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

const (
	// maxLoads bounds the schemas that are loaded at once. A registry that drips some
	// must not keep all others waiting for half a minute, so there are many; what each
	// holds is its answer so far.
	maxLoads = 32
	// maxCompiles bounds those among them that have come and are compiled, which takes
	// far more memory and less than a tenth of a second.
	maxCompiles = 2
	// loadTimeout bounds one load, with all that the schema refers to.
	loadTimeout = 30 * time.Second
)

// loader loads schemas in the background, so that those who need them can work on
// other partitions meanwhile.
type loader struct {
	ctx       context.Context
	end       context.CancelFunc
	slots     chan struct{}
	again     chan struct{} // of rechecks, one at a time: records wait for the others
	compiling chan struct{}
	wg        sync.WaitGroup
}

// InBackground makes Decode return a *LoadingError for a record whose schema is not
// known yet, and load the schema meanwhile. Such a Decoder must be closed.
func InBackground() DecoderOption {
	return func(d *Decoder) {
		l := &loader{slots: make(chan struct{}, maxLoads), again: make(chan struct{}, 1), compiling: make(chan struct{}, maxCompiles)}
		l.ctx, l.end = context.WithCancel(context.Background())
		d.loader = l
	}
}

func (l *loader) start(load func(context.Context)) {
	l.wg.Go(func() {
		defer crash.Report()
		select {
		case l.slots <- struct{}{}:
			defer func() { <-l.slots }()
		case <-l.ctx.Done():
		}
		l.run(load)
	})
}

// recheck is start for a load that no record waits for, or does nothing while there is
// another one. begin reports whether it is still wanted.
func (l *loader) recheck(begin func() bool, load func(context.Context)) {
	select {
	case l.again <- struct{}{}:
	default:
		return
	}
	if !begin() {
		<-l.again
		return
	}
	l.wg.Go(func() {
		defer crash.Report()
		defer func() { <-l.again }()
		l.run(load)
	})
}

func (l *loader) run(load func(context.Context)) {
	ctx, cancel := context.WithTimeout(l.ctx, loadTimeout)
	defer cancel()
	load(ctx)
}

// compiles waits until a schema may be compiled. The function that it returns is called
// when that is done.
func (l *loader) compiles() (done func()) {
	if l == nil {
		return func() {}
	}
	l.compiling <- struct{}{}
	return func() { <-l.compiling }
}

// Close stops background loading. Decode must not be called afterwards.
func (d *Decoder) Close() {
	if d.loader != nil {
		d.loader.end()
		d.loader.wg.Wait()
	}
}

// LoadingError says that a record's schema is being loaded. It says nothing about the
// record: decode it again after Wait.
type LoadingError struct {
	ref    framing.Ref
	lookup *lookup
}

func (e *LoadingError) Error() string { return e.ref.String() + " is being loaded" }

// Wait waits until the schema is loaded or known to be bad, or until ctx ends. An error
// says that it cannot be had now, as Decode's would.
func (e *LoadingError) Wait(ctx context.Context) error {
	select {
	case <-e.lookup.done:
	case <-ctx.Done():
		return registry.GaveUp(e.ref, ctx.Err())
	}
	if bad := new(*DecodeError); e.lookup.err == nil || errors.As(e.lookup.err, bad) {
		return nil
	}
	return e.lookup.err
}
