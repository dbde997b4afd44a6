package assignment

import (
	"slices"
	"time"

	"github.com/tracklayer/amazon-capi/consumer/ledger"
)

// Memory is what an assignment leaves behind when it ends.
type Memory struct {
	stamps []Stamp // what the group holds, if nobody has committed since
	first  int64   // where it began
	said   ledger.Beyond
}

// remember returns what is known beyond the last commit; nil if that is nothing. mu is held.
func (a *Assignment) remember() *Memory {
	if a.recalls != nil {
		return a.recalls // it has ended before that was compared with the log
	}
	news := a.ledger.Changes() != a.changes || len(a.before.Settled) > 0
	if !news || a.selection != nil || a.claim != nil || a.phase() == phaseOrphaned {
		return nil
	}
	m := &Memory{stamps: slices.Clone(a.stamps), first: a.first, said: a.settled()}
	if a.ledger.Next() == 0 {
		m.first = a.ledger.Last().Offset + 1 // where it would have begun
	}
	return m
}

// Begin starts the assignment under that member id, with what is left of the previous
// one. Call it before anybody else knows the assignment.
func (a *Assignment) Begin(m *Memory, member string) { a.recalls, a.member = m, member }

// Recalled returns what is left of the previous assignment; nil once the claim about it
// is settled.
func (a *Assignment) Recalled() *Memory {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.recalls
}

// settled returns what is settled, and the witnesses of its log. mu is held.
func (a *Assignment) settled() ledger.Beyond {
	b := a.ledger.Beyond()
	b.Add(&a.before, a.ledger.Last().Offset+1)
	b.Log, b.Witnesses = a.log, a.sworn()
	return b
}

// IsOf reports whether the group holds what was committed before the memory: then nobody
// has committed since.
func (m *Memory) IsOf(f Fetched) bool {
	return m != nil && slices.Contains(m.stamps, f.Stamp())
}

// Since returns the part of the memory that applies from that offset on, or from where the memory
// begins if there is none.
func (m *Memory) Since(from int64) (begin int64, b ledger.Beyond) {
	if from < 0 {
		from = m.first
	}
	b = m.said
	b.Committed = from
	if m.said.Committed > from {
		b.Settled = append([]ledger.Span{{From: from, To: m.said.Committed}}, m.said.Settled...)
	}
	return from, b
}

// Fetched is what the group says about a partition.
type Fetched struct {
	Offset   int64
	Metadata *string
	// Of is whose question it answers, and Given how often the group had given that the
	// partition when it was asked; nil for the answer to what was given last.
	Of    *Assignment
	Given int
}

// isFor reports whether it is about the assignment as it is now: that may have ended since
// it was asked, or have been lost and given again, and others may have committed in
// between. mu is held.
func (f Fetched) isFor(a *Assignment) bool {
	return f.Of == nil || f.Of == a && f.Given == a.given
}

// Stamp returns the stamp of what was committed.
func (f Fetched) Stamp() Stamp {
	if f.Metadata == nil {
		return stampOf(f.Offset, "")
	}
	return stampOf(f.Offset, *f.Metadata)
}

// Suspend keeps what was lost in case it comes back; false if nothing could.
func (a *Assignment) Suspend(now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.phase().commits() || a.ledger.Next() == 0 || a.selection != nil {
		return false
	}
	a.life.Store(int32(phaseSuspended))
	a.since, a.returned = now, false
	return true
}

// Overdue reports whether it has been suspended for a session's length.
func (a *Assignment) Overdue(now time.Time, session time.Duration) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.phase() == phaseSuspended && !a.returned && now.Sub(a.since) >= session
}

// Backdate makes a suspended assignment overdue as if it had been lost at that time.
func (a *Assignment) Backdate(lost time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if lost.Before(a.since) {
		a.since = lost
	}
}

// Given reports whether the group has assigned the partition. It returns false if it is
// suspended and has not been assigned again: its offsets need not have been fetched yet.
func (a *Assignment) Given(now bool) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.returned = a.returned || now
	return a.phase() != phaseSuspended || a.returned
}

// ComeBack continues a suspended assignment under that member id, if the group holds what
// this member has committed. Its log is compared first. During a stop it only drains.
func (a *Assignment) ComeBack(f Fetched, member string, stopping bool) (suspended, goesOn bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !f.isFor(a) {
		return false, false
	}
	suspended = a.phase() == phaseSuspended
	if goesOn = suspended && slices.Contains(a.stamps, f.Stamp()); goesOn {
		a.life.Store(int32(phaseTaking))
		if stopping {
			a.life.Store(int32(phaseDraining))
		}
		a.dispute(f.Offset)
		a.unheard, a.member = false, member
	}
	return suspended, goesOn
}

// AwaitsGroup reports whether there are verdicts that can be committed as soon as the
// group has assigned the partition again, or said where it stands.
func (a *Assignment) AwaitsGroup() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	waits := a.phase() == phaseSuspended || a.phase().commits() && !a.underWay()
	return waits && a.ledger.Changes() != a.changes
}

// Orphan notes that the topic was deleted. It returns how many records have no verdict,
// and what may have been committed.
func (a *Assignment) Orphan() (left int, stamps []Stamp) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.phase() == phaseEnded { // its records are counted already
		return 0, slices.Clone(a.stamps)
	}
	a.life.Store(int32(phaseOrphaned))
	return a.ledger.Undone(), slices.Clone(a.stamps)
}

// Orphaned reports whether its topic was deleted.
func (a *Assignment) Orphaned() bool { return a.phase() == phaseOrphaned }

// Bereft reports whether nothing is left of a deleted topic.
func (a *Assignment) Bereft() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.phase() == phaseOrphaned && a.ledger.Undone() == 0
}

// MemberOf returns the member id under which it was assigned.
func (a *Assignment) MemberOf() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.member
}

// CommitRefused notes that its commit was refused although others were accepted. It
// reports whether its fetches should pause now, once that has lasted. They may be paused
// already.
func (a *Assignment) CommitRefused(now time.Time, after time.Duration) (pause, paused bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.refused.IsZero() {
		a.refused = now
	}
	pause = !a.paused && now.Sub(a.refused) >= after
	a.paused = a.paused || pause
	return pause, a.paused
}

// CommitTaken ends what CommitRefused began. It reports whether its fetches were paused for it.
func (a *Assignment) CommitTaken() (paused bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	paused = a.paused
	a.refused, a.paused = time.Time{}, false
	return paused
}

// Fetches reports whether the partition should be fetched now.
func (a *Assignment) Fetches() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.underWay() && !a.paused && !a.atEnd
}
