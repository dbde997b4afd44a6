package consumer

// reason says why a commit's metadata is not believed, or not as a whole. It is
// also the label of a metric, from this closed set.
type reason string

const (
	reasonForeign      reason = "foreign"       // another program's
	reasonOldVersion   reason = "old_version"   // of a version that did not say which records it was about
	reasonDamaged      reason = "damaged"       // no longer what was written
	reasonWrongOffset  reason = "wrong_offset"  // the offset was set without it
	reasonOtherCluster reason = "other_cluster" // copied, as mirrors do
	reasonOtherTopic   reason = "other_topic"   // copied within the cluster
	reasonMadeAgain    reason = "made_again"    // the topic was deleted and made again
	reasonPastEnd      reason = "past_end"      // the log ends before
	reasonOtherRecords reason = "other_records" // the log has other records in their place
	reasonNotRetained  reason = "not_retained"  // the records that would prove it are deleted
	reasonRewritten    reason = "rewritten"     // the log changed while it was read
)

var reasons = []reason{
	reasonForeign, reasonOldVersion, reasonDamaged, reasonWrongOffset, reasonOtherCluster, reasonOtherTopic,
	reasonMadeAgain, reasonPastEnd, reasonOtherRecords, reasonNotRetained, reasonRewritten,
}

// claim is what a commit says of a partition, or what this member remembers of
// it, before it is compared with the log.
type claim struct {
	partition int32
	group     int64  // the offset that the group holds; -1 if it has none
	committed int64  // the offset to go on at; -1 if there is none
	said      beyond // what is settled after it
	unread    reason // why its metadata cannot be read; empty if it can
	first     int64  // where to begin without a committed offset; -1 for the log's start
}

// finding is what of a claim holds.
type finding struct {
	begin      int64 // where to take from
	log        logID
	start, end int64  // of the log
	believed   beyond // the ranges and witnesses that are proven
	reason     reason // why that is not all; empty if it is
	missed     int64  // offsets that were deleted before they were read
	doubtful   bool   // what it rests on could be a replica that lags: look twice
}

// trial compares a claim with a log. It asks for one record at a time: as long
// as next gives an offset, tell saw what is there.
type trial struct {
	claim      claim
	log        logID
	kin        kinship
	start, end int64

	left   witnesses // not asked for yet; the last is next
	proven int64     // up to there the log is as it was, -1 if nothing is known
	broken bool      // the log holds something else in a later place
	why    reason
	gone   bool // a witness cannot be read any more
}

func newTrial(c claim, log logID, start, end int64) *trial {
	t := &trial{claim: c, log: log, kin: c.said.log.kinship(log), start: start, end: end, proven: -1}
	if t.kin == sameLog {
		t.left = c.said.witnesses
	}
	return t
}

// next returns the offset of the record that would prove most.
func (t *trial) next() (offset int64, ok bool) {
	for len(t.left) > 0 {
		switch w := t.left[len(t.left)-1]; {
		case w.offset >= t.end:
			t.refute(reasonPastEnd)
		case w.offset < t.start:
			t.gone, t.left = true, nil
		default:
			return w.offset, true
		}
	}
	return 0, false
}

// saw tells the fingerprint of the record at the offset that next gave; found is
// false if the log has none there.
func (t *trial) saw(print uint64, found bool) {
	w := t.left[len(t.left)-1]
	switch {
	case !found:
		t.gone = true
		t.left = t.left[:len(t.left)-1]
	case print != w.print:
		t.refute(reasonOtherRecords)
	default:
		t.proven, t.left = w.offset, nil
	}
}

func (t *trial) refute(why reason) {
	t.broken, t.why = true, why
	t.left = t.left[:len(t.left)-1]
}

// finding returns what holds.
func (t *trial) finding() finding {
	c := &t.claim
	f := finding{begin: c.committed, log: t.log, start: t.start, end: t.end, reason: c.unread}
	if c.committed < 0 {
		f.begin = max(t.start, min(c.first, t.end))
		return f
	}
	switch t.kin {
	case madeAgain:
		// None of its records has been read.
		f.begin, f.reason = t.start, reasonMadeAgain
		return f
	case otherCluster:
		// Mirrors translate offsets: the offset may well be right, and somebody
		// meant it. What is beyond was counted in the other log.
		f.reason = reasonOtherCluster
	case otherTopic:
		f.reason = reasonOtherTopic
	case sameLog:
		f.believed = c.said.upTo(t.proven + 1)
		switch {
		case t.broken:
			f.reason = t.why
		case t.gone && f.believed.end() < c.said.end():
			f.reason = reasonNotRetained
		}
	}
	pastEnd := c.committed > t.end
	if pastEnd {
		f.reason = reasonPastEnd
	}
	if pastEnd || t.broken && t.proven+1 < c.committed {
		// Where the log parted from what was read is not known, only that it was
		// after the last record that is the same. To begin there sends a few
		// events twice; to begin later could lose some.
		f.begin, f.doubtful = t.proven+1, true
	}
	if f.begin < t.start {
		f.missed = t.missed(f.begin)
		f.begin = t.start
	}
	f.believed = f.believed.after(f.begin)
	return f
}

// missed is how many offsets from there to the log's start were neither settled
// nor ever read.
func (t *trial) missed(from int64) int64 {
	if t.proven < 0 && (t.broken || t.claim.committed > t.end) {
		return 0 // nothing is known of what this log had
	}
	n := t.start - from
	if t.broken || t.kin != sameLog {
		return n
	}
	for _, s := range t.claim.said.settled {
		n -= max(min(s.to, t.start)-max(s.from, from), 0)
	}
	return n
}
