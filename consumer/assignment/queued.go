package assignment

// queue counts records into or out of the inbox. mu is held.
func (a *Assignment) queue(n int) {
	a.queued += n
	if !a.holding {
		a.inboxes.Add(n)
	}
}

// Begun notes that the pump has finished that many records of the inbox.
func (a *Assignment) Begun(n int) {
	a.mu.Lock()
	a.queue(-n)
	a.mu.Unlock()
}

// Hold notes that the pump waits for the registry, or no longer does.
func (a *Assignment) Hold(on bool) {
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

// Enlarge notes that a record without a verdict takes that much memory from now on, and
// returns the difference.
func (a *Assignment) Enlarge(seq uint64, size int32) (more int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.phase() == phaseEnded {
		return 0
	}
	_, by, _ := a.ledger.Resize(seq, size)
	return int64(by)
}
