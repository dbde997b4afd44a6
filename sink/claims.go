package sink

import "sync"

// claims are the event ids that a lane has in flight. A source may publish an
// id twice, and two batches get it: one after the other, as they were published,
// Amazon removes the second. At the same moment it may answer one with a
// conflict, which would make a dead letter of a good event, and of two that
// differ nobody could say which was kept. So the later batch waits.
type claims struct {
	ids     map[string]struct{} // nil while there is nothing in it
	batches int
}

// take claims the ids of a batch, all or none.
func (c *claims) take(b *batch, spare *sync.Pool) bool {
	for i := range b.events {
		if _, ok := c.ids[b.events[i].id]; ok {
			return false
		}
	}
	if c.ids == nil {
		// Borrowed, since maps never shrink and most lanes are idle most of the
		// time.
		c.ids = spare.Get().(map[string]struct{})
	}
	for i := range b.events {
		c.ids[b.events[i].id] = struct{}{}
	}
	c.batches++
	return true
}

func (c *claims) release(b *batch, spare *sync.Pool) {
	if c.batches--; c.batches == 0 {
		clear(c.ids)
		spare.Put(c.ids)
		c.ids = nil
		return
	}
	for i := range b.events {
		delete(c.ids, b.events[i].id)
	}
}
