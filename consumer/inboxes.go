package consumer

import (
	"context"
	"sync"
)

// inboxes bounds the records that were taken and that no pump has begun. More of
// them would not make pumps faster: they would take memory, and be out of the
// processor's cache by the time they are read. Records of partitions that hold
// for the registry do not count, or they would keep all others from being read.
type inboxes struct {
	most int

	mu    sync.Mutex
	n     int
	eased chan struct{} // closed when there are fewer than most again; nil while nobody waits
}

func newInboxes(workers int) *inboxes { return &inboxes{most: 3 * chunkLen * workers} }

// add notes n more, or fewer if it is below zero.
func (b *inboxes) add(n int) {
	b.mu.Lock()
	b.n += n
	if b.n < b.most && b.eased != nil {
		close(b.eased)
		b.eased = nil
	}
	b.mu.Unlock()
}

// wait waits until there are fewer than most, or ctx is done.
func (b *inboxes) wait(ctx context.Context) error {
	for {
		b.mu.Lock()
		if b.n < b.most {
			b.mu.Unlock()
			return ctx.Err()
		}
		if b.eased == nil {
			b.eased = make(chan struct{})
		}
		eased := b.eased
		b.mu.Unlock()
		select {
		case <-eased:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// queue counts records into the inbox, or out of it. mu is held.
func (a *assignment) queue(n int) {
	a.queued += n
	if !a.holding {
		a.inboxes.add(n)
	}
}

// begun notes that the pump has done with so many of the inbox.
func (a *assignment) begun(n int) {
	a.mu.Lock()
	a.queue(-n)
	a.mu.Unlock()
}

// hold notes that the pump waits for the registry, or does not any more.
func (a *assignment) hold(on bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if on == a.holding {
		return
	}
	n := a.queued
	a.queue(-n)
	a.holding = on
	a.queue(n)
}
