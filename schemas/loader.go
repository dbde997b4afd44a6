package schemas

import (
	"context"
	"errors"
	"fmt"
	"github.com/tracklayer/amazon-capi/schemas/registry"
	"sync"
	"time"

	"github.com/tracklayer/amazon-capi/internal/crash"
)

const (
	// maxLoads bounds the schemas that are loaded at once. Each holds the registry's
	// answer and what is made of it in memory.
	maxLoads = 2
	// maxSlowLoads bounds those beside them that take longer than slowLoad: a registry
	// that drips two schemas must not keep all other new ones waiting for half a minute.
	maxSlowLoads = 6
	slowLoad     = time.Second
	// loadTimeout bounds one of them, with all that it refers to.
	loadTimeout = 30 * time.Second
)

// loader loads schemas in the background, so that those who need them can work on
// other partitions meanwhile.
type loader struct {
	ctx   context.Context
	end   context.CancelFunc
	slots chan struct{}
	slow  chan struct{}
	wg    sync.WaitGroup
}

// InBackground makes Decode return a *LoadingError for a record whose schema is not
// known yet, and load the schema meanwhile. Such a Decoder must be closed.
func InBackground() DecoderOption {
	return func(d *Decoder) {
		l := &loader{slots: make(chan struct{}, maxLoads), slow: make(chan struct{}, maxSlowLoads)}
		l.ctx, l.end = context.WithCancel(context.Background())
		d.loader = l
	}
}

func (l *loader) start(load func(context.Context)) {
	l.wg.Go(func() {
		defer crash.Report()
		select {
		case l.slots <- struct{}{}:
			defer l.place()()
		case <-l.ctx.Done():
		}
		ctx, cancel := context.WithTimeout(l.ctx, loadTimeout)
		defer cancel()
		load(ctx)
	})
}

// place gives up the slot of a load, for one of the slow ones if it takes long and
// there is one, and otherwise when the function that it returns is called.
func (l *loader) place() (leave func()) {
	var mu sync.Mutex
	in := l.slots
	timer := time.AfterFunc(slowLoad, func() {
		defer crash.Report()
		mu.Lock()
		defer mu.Unlock()
		if in == nil {
			return
		}
		select {
		case l.slow <- struct{}{}:
			<-in
			in = l.slow
		default:
		}
	})
	return func() {
		timer.Stop()
		mu.Lock()
		defer mu.Unlock()
		<-in
		in = nil
	}
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
	id     uint32
	lookup *lookup
}

func (e *LoadingError) Error() string { return fmt.Sprintf("schema id %d is being loaded", e.id) }

// Wait waits until the schema is loaded or known to be bad, or until ctx ends. An error
// says that it cannot be had now, as Decode's would.
func (e *LoadingError) Wait(ctx context.Context) error {
	select {
	case <-e.lookup.done:
	case <-ctx.Done():
		return registry.GaveUp(e.id, ctx.Err())
	}
	if bad := new(*DecodeError); e.lookup.err == nil || errors.As(e.lookup.err, bad) {
		return nil
	}
	return e.lookup.err
}
