package flow

import (
	"context"
	"sync"
)

// Inboxes bounds the records that were taken and that no pump has begun. More of them
// would not make pumps faster: they would take memory, and be out of the processor's
// cache by the time they are read. Records of partitions that wait for the registry do
// not count, or they would keep all others from being read.
type Inboxes struct {
	most int

	mu    sync.Mutex
	n     int
	eased chan struct{} // closed when there are fewer than most again; nil while nobody waits
}

// NewInboxes returns a bound of that many records.
func NewInboxes(most int) *Inboxes { return &Inboxes{most: most} }

// Add adds n, which may be negative.
func (b *Inboxes) Add(n int) {
	b.mu.Lock()
	b.n += n
	if b.n < b.most && b.eased != nil {
		close(b.eased)
		b.eased = nil
	}
	b.mu.Unlock()
}

// Wait waits until there are fewer than most, or ctx is done.
func (b *Inboxes) Wait(ctx context.Context) error {
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

// Len returns how many there are.
func (b *Inboxes) Len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.n
}
