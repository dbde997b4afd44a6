package consumer

import (
	"context"
	"errors"
	"hash/maphash"
	"slices"
	"time"

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
// Both rest on the log being the same as before. The outage may have been a broker
// that lost the end of it, and other records may be there now. So the last record
// taken is read again first.

// fingerprint is what tells records of one offset from each other.
func fingerprint(r *kgo.Record) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	maphash.WriteComparable(&h, r.Timestamp.UnixMilli())
	maphash.WriteComparable(&h, r.LeaderEpoch)
	maphash.WriteComparable(&h, len(r.Key))
	_, _ = h.Write(r.Key)
	_, _ = h.Write(r.Value)
	return h.Sum64()
}

// memory is what an assignment leaves behind when it ends.
type memory struct {
	stamps  []stamp // what the group holds if nobody has committed since
	first   int64   // where it began
	last    mark    // the last record that it took
	print   uint64  // and its fingerprint
	settled beyond
}

// remember returns what is known beyond the last commit; nil if that is nothing. mu
// is held.
func (a *assignment) remember() *memory {
	if a.ledger.next == 0 || a.ledger.changes == a.changes || a.selection != nil || a.phase() == phaseOrphaned {
		return nil
	}
	m := &memory{stamps: slices.Clone(a.stamps), first: a.first, last: a.ledger.last, print: a.print}
	if a.ledger.undone > 0 {
		m.settled = a.ledger.beyond()
	} else {
		m.settled = beyond{committed: m.last.offset + 1, epoch: m.last.epoch}
	}
	m.settled.add(&a.before, m.last.offset+1)
	return m
}

// since is what of the memory counts for somebody who begins at that offset.
func (m *memory) since(from int64) beyond {
	b := beyond{committed: from, epoch: max(m.settled.epoch, m.last.epoch)}
	if m.settled.committed > from {
		b.settled = append(b.settled, span{from, m.settled.committed})
	}
	b.settled = append(b.settled, m.settled.settled...)
	return b
}

// verifyTime is how long the last record may take to be read again. It is there
// already, if it is there at all.
const verifyTime = 20 * time.Second

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
		keep := !c.stopping && a.phase() == phaseTaking && a.ledger.next > 0 && a.selection == nil
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

// comesBack takes what the group says of a partition that was lost. It reports
// whether that settles the matter, and the caller has nothing to do.
func (c *Consumer) comesBack(cl *kgo.Client, tp topicPartition, f fetched) (done bool) {
	c.mu.Lock()
	a := c.assignments[tp]
	if a == nil {
		c.mu.Unlock()
		return true
	}
	a.mu.Lock()
	var stale []*assignment
	switch {
	case a.phase() == phaseSuspended && slices.Contains(a.stamps, f.stamp()):
		a.life.Store(int32(phaseReturning))
		a.fetched, a.since = f, c.opts.Now()
		c.returning.Add(1)
		done = true
	case a.phase() == phaseSuspended:
		stale = append(stale, a) // somebody has committed since
	case a.recalls != nil && slices.Contains(a.recalls.stamps, f.stamp()):
		a.life.Store(int32(phaseReturning))
		a.fetched, a.since = f, c.opts.Now()
		c.returning.Add(1)
	default:
		a.recalls = nil
	}
	a.mu.Unlock()
	if c.returning.Load() > 0 {
		c.stopWaiting()
	}
	c.mu.Unlock()
	if done {
		cl.ResumeFetchPartitions(map[string][]int32{tp.topic: {tp.partition}})
	}
	if len(stale) > 0 {
		c.end(stale)
		c.mu.Lock()
		delete(c.memories, tp) // it is not what is committed, either
		c.start(cl, tp)
		c.mu.Unlock()
	}
	return done
}

// adjustOffsets has partitions that are back read from the last record that was
// taken of them.
func (c *Consumer) adjustOffsets(_ context.Context, offsets map[string]map[int32]kgo.Offset) (map[string]map[int32]kgo.Offset, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for topic, partitions := range offsets {
		for p := range partitions {
			a := c.assignments[topicPartition{topic, p}]
			if a == nil {
				continue
			}
			a.mu.Lock()
			if a.phase() == phaseReturning {
				partitions[p] = kgo.NewOffset().At(a.known().last.offset)
			} else if c.fromStart(a) {
				partitions[p] = kgo.NewOffset().AtStart()
			}
			a.mu.Unlock()
		}
	}
	return offsets, nil
}

// known is what the assignment believes if its log is the same. mu is held.
func (a *assignment) known() memory {
	if a.recalls != nil {
		return *a.recalls
	}
	return memory{first: a.first, last: a.ledger.last, print: a.print}
}

// verify looks whether the log is the same as before, by the first records that come
// of it. It returns the records that are new, and ok false if the partition is to be
// read from the commit on: c.rewind does that.
func (c *Consumer) verify(a *assignment, records []*kgo.Record) (rest []*kgo.Record, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	k := a.known()
	if r := records[0]; r.Offset != k.last.offset || fingerprint(r) != k.print {
		return nil, false
	}
	if a.recalls != nil {
		from := a.fetched.offset
		if from < 0 {
			from = k.first
		}
		a.before = a.recalls.since(from)
		return nil, false
	}
	a.life.Store(int32(phaseTaking))
	c.returning.Add(-1)
	return records[1:], true
}

// rewind has partitions read from their commit on: after their log was found not to
// be the same, or to learn again what they had in hand. It must not run while a
// rebalance does.
func (c *Consumer) rewind(as []*assignment) {
	for _, a := range as {
		tp := topicPartition{a.topic, a.partition}
		a.mu.Lock()
		k, f := a.known(), a.fetched
		recalled := a.recalls != nil
		if recalled {
			a.recalls = nil
			a.life.Store(int32(phaseTaking))
			c.returning.Add(-1)
		}
		a.mu.Unlock()
		if !recalled {
			c.log.Warn().Stringer("partition", tp).Int64("offset", k.last.offset).
				Msg("the last record taken of a partition that was lost is not there any more; all that follows the last commit is read again")
			c.end([]*assignment{a})
			c.mu.Lock()
			delete(c.memories, tp)
			c.start(c.client, tp)
			c.mu.Unlock()
			c.resume(c.client, tp, f)
		}
		from := kgo.EpochOffset{Epoch: -1, Offset: f.offset}
		if from.Offset < 0 {
			from.Offset = k.first
		}
		c.client.SetOffsets(map[string]map[int32]kgo.EpochOffset{tp.topic: {tp.partition: from}})
	}
}

// overdue are the partitions whose last record should have come. c.mu is held.
func (c *Consumer) overdue(now time.Time) (as []*assignment) {
	if c.returning.Load() == 0 {
		return nil
	}
	for _, a := range c.assignments {
		a.mu.Lock()
		if a.phase() == phaseReturning && now.Sub(a.since) >= verifyTime {
			as = append(as, a)
		}
		a.mu.Unlock()
	}
	return as
}

// lostData reports whether an error of a fetch says that the log is not the same.
func lostData(err error) bool {
	var loss *kgo.ErrDataLoss
	return errors.As(err, &loss)
}
