package consumer

import (
	"hash/maphash"
	"maps"
	"slices"
)

// phase is where an assignment is in its life. The table of assignments holds it
// until it has ended, so that a revoke or a loss finds it in whatever phase it
// is: what drains is still ours, and must be waited for, committed and fenced.
type phase int32

const (
	phaseTaking    phase = iota // records are taken, verdicts count and are committed
	phaseDraining               // nothing more is taken; verdicts count and are committed
	phaseSuspended              // lost, and may come back; verdicts count, nothing is committed
	phaseOrphaned               // its topic was deleted; verdicts count, there is nothing to commit to
	phaseEnded                  // fenced: no verdict counts
)

// commits reports whether an assignment in this phase may commit.
func (p phase) commits() bool { return p == phaseTaking || p == phaseDraining }

func (a *assignment) phase() phase { return phase(a.life.Load()) }

// become changes the phase and reports whether it did: nothing returns from the end.
func (a *assignment) become(to phase, from ...phase) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !slices.Contains(from, a.phase()) {
		return false
	}
	a.life.Store(int32(to))
	return true
}

// stamp is what a commit looks like when it is fetched again: the offset, and a
// hash of the metadata.
type stamp struct {
	offset   int64
	metadata uint64
}

var seed = maphash.MakeSeed()

func stampOf(offset int64, metadata string) stamp {
	return stamp{offset, maphash.String(seed, metadata)}
}

// maxStamps bounds the commits whose answer was never seen. One that is forgotten
// costs that its partition is read again.
const maxStamps = 64

// attempt notes that a commit is about to be sent, and reports whether it may be.
// Its answer may never be seen, and the brokers may have taken it all the same.
func (a *assignment) attempt(c commit, member string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.phase().commits() || !a.underWay() || a.member != member {
		return false
	}
	if s := stampOf(c.offset.Offset, c.metadata); !slices.Contains(a.stamps, s) {
		if len(a.stamps) == maxStamps {
			a.stamps = slices.Delete(a.stamps, 0, 1)
		}
		a.stamps = append(a.stamps, s)
	}
	return true
}

// retire stops taking from partitions: those of the map, or all that there are if
// it is nil. It returns those that are to be drained and committed, and those of
// which nothing may be committed any more. A stop drains what is suspended, too: it may
// come back before the stop has ended.
func (c *Consumer) retire(partitions map[string][]int32) (drain, fence []*assignment) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, a := range c.named(partitions) {
		a.become(phaseDraining, phaseTaking)
		if a.phase() == phaseSuspended && partitions != nil {
			fence = append(fence, a)
		} else {
			drain = append(drain, a)
		}
	}
	return drain, fence
}

// named returns the assignments of these partitions, or all. c.mu is held.
func (c *Consumer) named(partitions map[string][]int32) (as []*assignment) {
	if partitions == nil {
		return slices.Collect(maps.Keys(c.alive))
	}
	for topic, ps := range partitions {
		for _, p := range ps {
			if a := c.assignments[topicPartition{topic, p}]; a != nil {
				as = append(as, a)
			}
		}
	}
	return as
}

// owned returns the assignments that are taken from.
func (c *Consumer) owned() []*assignment {
	c.mu.Lock()
	defer c.mu.Unlock()
	var as []*assignment
	for _, a := range c.assignments {
		if a.phase() == phaseTaking {
			as = append(as, a)
		}
	}
	return as
}

// living returns the assignments that have not ended.
func (c *Consumer) living() []*assignment {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Collect(maps.Keys(c.alive))
}
