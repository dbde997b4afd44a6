package assignment

import (
	"hash/maphash"
	"slices"
)

// phase is the stage of an assignment's life. The table of assignments holds it until it
// has ended, so that a revoke or a loss finds it in every phase: what drains is still
// ours, and must be waited for, committed and fenced.
type phase int32

const (
	phaseTaking    phase = iota // records are taken, verdicts count and are committed
	phaseDraining               // nothing more is taken; verdicts count and are committed
	phaseSuspended              // lost, and may come back; verdicts count, nothing is committed
	phaseOrphaned               // its topic was deleted; verdicts count, but there is nothing to commit to
	phaseEnded                  // fenced: no verdict counts
)

// commits reports whether an assignment in this phase may commit.
func (p phase) commits() bool { return p == phaseTaking || p == phaseDraining }

func (a *Assignment) phase() phase { return phase(a.life.Load()) }

// Taking reports whether records are taken.
func (a *Assignment) Taking() bool { return a.phase() == phaseTaking }

// Suspended reports whether it is lost and may come back.
func (a *Assignment) Suspended() bool { return a.phase() == phaseSuspended }

// Commits reports whether it may commit.
func (a *Assignment) Commits() bool { return a.phase().commits() }

// Retire stops taking.
func (a *Assignment) Retire() { a.become(phaseDraining, phaseTaking) }

// become changes the phase and reports whether it did: the end is final.
func (a *Assignment) become(to phase, from ...phase) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !slices.Contains(from, a.phase()) {
		return false
	}
	a.life.Store(int32(to))
	return true
}

// Stamp is what a commit looks like when it is fetched again: the offset, and a hash of
// the metadata.
type Stamp struct {
	offset   int64
	metadata uint64
}

var seed = maphash.MakeSeed()

func stampOf(offset int64, metadata string) Stamp {
	return Stamp{offset, maphash.String(seed, metadata)}
}

// maxStamps bounds the commits without a known answer. Forgetting one means only that its
// partition is read again.
const maxStamps = 64

// Attempt notes that a commit is about to be sent, and reports whether it may be. Its
// answer may get lost although the brokers have accepted it.
func (a *Assignment) Attempt(c Commit, member string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.phase().commits() || !a.underWay() || a.member != member {
		return false
	}
	if s := stampOf(c.Offset.Offset, c.Metadata); !slices.Contains(a.stamps, s) {
		if len(a.stamps) == maxStamps {
			a.stamps = slices.Delete(a.stamps, 0, 1)
		}
		a.stamps = append(a.stamps, s)
	}
	return true
}
