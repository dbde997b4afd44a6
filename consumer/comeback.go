package consumer

import (
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
)

// A client whose coordinator is unavailable for some seconds reports its partitions as
// lost, long before the session ends and anybody else may have them. Everything in flight
// would then be sent again. So lost partitions are only suspended: requests continue and
// verdicts count, but nothing is taken and nothing is committed. If the group assigns the
// partition to this member again, and what is committed is what this member has
// committed, nobody was there in between, and the assignment continues. Otherwise it is
// fenced.
//
// After a session's length others may have the partition. It is then fenced in any case,
// and what it has settled is remembered, in the same way as in a commit's metadata.
//
// Both are claims about a log, which may have lost its end in the outage. They are
// compared with it like those of a commit before anything is taken.
//
// A stop is no exception. What it drains is suspended like the rest, and its last commits
// are made when the group has assigned the partitions again.

// suspend keeps what was lost in case it comes back. c.mu is held. It returns those that
// cannot be kept.
func (c *Consumer) suspend(as []*assignment.Assignment) (gone []*assignment.Assignment) {
	for _, a := range as {
		if !a.Suspend(c.opts.Now()) {
			gone = append(gone, a)
		}
	}
	return gone
}

// expire fences what has been suspended for a session's length.
func (c *Consumer) expire(now time.Time) {
	var gone []*assignment.Assignment
	session := c.session()
	c.mu.Lock()
	for _, a := range c.assignments {
		if a.Overdue(now, session) {
			gone = append(gone, a)
		}
	}
	c.mu.Unlock()
	if len(gone) > 0 {
		c.end(gone)
		c.log.Warn().Int("partitions", len(gone)).Dur("after_ms", session).
			Msg("lost partitions have not come back; what was in flight is sent again by their next owner")
	}
}

// assignedWithin is how long brokers may take to assign partitions to a member that has
// joined: a few heartbeats, by which they tell.
const assignedWithin = 15 * time.Second

// notReturned returns the suspended assignments that the group has not assigned again.
// They belong to somebody else now. In the consumer protocol they may still come: the
// brokers assign partitions after a member has joined, and at first assign none. c.mu is
// held.
func (c *Consumer) notReturned(added map[string][]int32) (gone []*assignment.Assignment) {
	for tp, a := range c.assignments {
		if a.Given(slices.Contains(added[tp.Topic], tp.Partition)) {
			continue
		}
		if c.byEpoch() {
			a.Backdate(c.opts.Now().Add(assignedWithin - c.session()))
			continue
		}
		gone = append(gone, a)
	}
	return gone
}

// comesBack continues a suspended assignment if nobody has committed since, as soon as
// its log is known to be unchanged. Otherwise it ends it and begins another. It returns
// the partition's assignment, nil if there is none, and whether it continues.
func (c *Consumer) comesBack(cl *kgo.Client, tp assignment.TopicPartition, f assignment.Fetched) (a *assignment.Assignment, goesOn bool) {
	c.mu.Lock()
	if a = c.assignments[tp]; a == nil || f.Of != nil && f.Of != a {
		c.mu.Unlock()
		return nil, false
	}
	stopping := c.stopping
	suspended, goesOn := a.ComeBack(f, memberID(cl), stopping)
	if goesOn {
		c.steer(a)
	}
	c.mu.Unlock()
	switch {
	case goesOn:
	case suspended && stopping:
		c.end([]*assignment.Assignment{a})
		return nil, false
	case suspended:
		old := a
		c.mu.Lock()
		// The group may have given it to another member since, or to this one again.
		if replace := c.assignments[tp] == old; replace {
			delete(c.memories, tp) // it is not what is committed, either
			c.start(cl, tp)
			a = c.assignments[tp]
			a.Await() // nothing is taken before there is a claim
		} else {
			a = nil
		}
		c.mu.Unlock()
		c.end([]*assignment.Assignment{old})
	}
	return a, goesOn
}
