package consumer

import (
	"slices"
	"time"

	"github.com/tracklayer/amazon-capi/consumer/ledger"
	"github.com/twmb/franz-go/pkg/kgo"
)

// A client whose coordinator is away for some seconds says that its partitions are
// lost, long before the session ends and anybody else may have them. What is in
// flight then would all be sent again. So what is lost is only suspended: requests
// go on and verdicts count, but nothing is taken and nothing is committed. If the
// group gives the partition back to this member, and what is committed is what this
// member has committed, nobody was there in between, and the assignment goes on
// where it was. Otherwise it is fenced.
//
// After a session's length others may have the partition. Then it is fenced in any
// case, and what it has settled is remembered, in the same way as a commit's
// metadata remembers it.
//
// Both are claims about a log, which may have lost its end in the outage. They are
// compared with it like those of a commit before anything is taken.
//
// A stop is no exception. What it drains is suspended like the rest, and its last
// commits are made when the group has given the partitions back.

// memory is what an assignment leaves behind when it ends.
type memory struct {
	stamps []stamp // what the group holds if nobody has committed since
	first  int64   // where it began
	said   ledger.Beyond
}

// remember returns what is known beyond the last commit; nil if that is nothing. mu
// is held.
func (a *assignment) remember() *memory {
	if a.recalls != nil {
		return a.recalls // it has ended before that was compared with the log
	}
	news := a.ledger.Changes() != a.changes || len(a.before.Settled) > 0
	if !news || a.selection != nil || a.claim != nil || a.phase() == phaseOrphaned {
		return nil
	}
	m := &memory{stamps: slices.Clone(a.stamps), first: a.first, said: a.settled()}
	if a.ledger.Next() == 0 {
		m.first = a.ledger.Last().Offset + 1 // where it would have begun
	}
	return m
}

// settled returns what is settled, and the witnesses of its log. mu is held.
func (a *assignment) settled() ledger.Beyond {
	b := a.ledger.Beyond()
	b.Add(&a.before, a.ledger.Last().Offset+1)
	b.Log, b.Witnesses = a.log, a.sworn()
	return b
}

// since is what of the memory counts for somebody who begins at that offset.
func (m *memory) since(from int64) ledger.Beyond {
	b := m.said
	b.Committed = from
	if m.said.Committed > from {
		b.Settled = append([]ledger.Span{{From: from, To: m.said.Committed}}, m.said.Settled...)
	}
	return b
}

// fetched is what the group says of a partition.
type fetched struct {
	offset   int64
	metadata *string
}

func (f fetched) stamp() stamp {
	if f.metadata == nil {
		return stampOf(f.offset, "")
	}
	return stampOf(f.offset, *f.metadata)
}

// suspend keeps what was lost for the case that it comes back. c.mu is held. It
// returns those that cannot be kept.
func (c *Consumer) suspend(as []*assignment) (gone []*assignment) {
	for _, a := range as {
		a.mu.Lock()
		keep := a.phase().commits() && a.ledger.Next() > 0 && a.selection == nil
		if keep {
			a.life.Store(int32(phaseSuspended))
			a.since, a.given = c.opts.Now(), false
		}
		a.mu.Unlock()
		if !keep {
			gone = append(gone, a)
		}
	}
	return gone
}

// expire fences what has been suspended for a session's length.
func (c *Consumer) expire(now time.Time) {
	var gone []*assignment
	c.mu.Lock()
	for _, a := range c.assignments {
		a.mu.Lock()
		if a.phase() == phaseSuspended && !a.given && now.Sub(a.since) >= c.opts.SessionTimeout {
			gone = append(gone, a)
		}
		a.mu.Unlock()
	}
	c.mu.Unlock()
	if len(gone) > 0 {
		c.end(gone)
		c.log.Warn().Int("partitions", len(gone)).Dur("after", c.opts.SessionTimeout).
			Msg("lost partitions have not come back within the session; what was in flight is sent again by their next owner")
	}
}

// notReturned are the suspended assignments that the group has not given back. They
// are somebody else's now. c.mu is held.
func (c *Consumer) notReturned(added map[string][]int32) (gone []*assignment) {
	for tp, a := range c.assignments {
		a.mu.Lock()
		if a.phase() == phaseSuspended {
			// Given, and its offsets may not have been fetched yet.
			a.given = a.given || slices.Contains(added[tp.topic], tp.partition)
			if !a.given {
				gone = append(gone, a)
			}
		}
		a.mu.Unlock()
	}
	return gone
}

// comesBack has a suspended assignment go on if nobody has committed since, as soon
// as its log is known to be the same. Otherwise it is ended, and another begun. It
// returns the partition's assignment, nil if there is none, and whether it goes on.
func (c *Consumer) comesBack(cl *kgo.Client, tp topicPartition, f fetched) (a *assignment, goesOn bool) {
	c.mu.Lock()
	if a = c.assignments[tp]; a == nil {
		c.mu.Unlock()
		return nil, false
	}
	a.mu.Lock()
	suspended := a.phase() == phaseSuspended
	stopping := c.stopping
	if suspended && slices.Contains(a.stamps, f.stamp()) {
		a.life.Store(int32(phaseTaking))
		if stopping {
			a.life.Store(int32(phaseDraining))
		}
		a.dispute(f.offset)
		a.unheard, a.member = false, memberID(cl)
		goesOn = true
	}
	a.mu.Unlock()
	if goesOn {
		c.steer(a)
	}
	c.mu.Unlock()
	switch {
	case goesOn:
	case suspended && stopping:
		c.end([]*assignment{a})
		return nil, false
	case suspended:
		c.end([]*assignment{a})
		c.mu.Lock()
		delete(c.memories, tp) // it is not what is committed, either
		c.start(cl, tp)
		a = c.assignments[tp]
		a.unheard = true // nothing is taken before there is a claim
		c.mu.Unlock()
	}
	return a, goesOn
}

// awaitsGroup reports whether there are verdicts that can be committed as soon as the
// group has given the partition back, or said where it stands.
func (a *assignment) awaitsGroup() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	waits := a.phase() == phaseSuspended || a.phase().commits() && !a.underWay()
	return waits && a.ledger.Changes() != a.changes
}
