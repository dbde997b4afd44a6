package consumer

import "github.com/tracklayer/amazon-capi/consumer/flow"

// inboxesFor bounds what pumps have not begun by how many of them compute at once.
func inboxesFor(workers int) *flow.Inboxes { return flow.NewInboxes(3 * chunkLen * workers) }

// queue counts records into the inbox, or out of it. mu is held.
func (a *assignment) queue(n int) {
	a.queued += n
	if !a.holding {
		a.inboxes.Add(n)
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
