package ledger

// Reason says why a commit's metadata is not believed, or only in part. It is also the
// label of a metric, from this closed set.
type Reason string

// The reasons, and what each says about the metadata or its records.
const (
	ReasonForeign      Reason = "foreign"       // another program's
	ReasonOldVersion   Reason = "old_version"   // of a version that did not say which records it was about
	ReasonDamaged      Reason = "damaged"       // damaged
	ReasonWrongOffset  Reason = "wrong_offset"  // the offset was set without it
	ReasonOtherCluster Reason = "other_cluster" // copied, as mirrors do
	reasonOtherTopic   Reason = "other_topic"   // copied within the cluster
	reasonMadeAgain    Reason = "made_again"    // the topic was deleted and recreated
	ReasonPastEnd      Reason = "past_end"      // the log ends before
	ReasonOtherRecords Reason = "other_records" // the log has other records in their place
	reasonNotRetained  Reason = "not_retained"  // the records that would prove it are deleted
	ReasonRewritten    Reason = "rewritten"     // the log changed while it was read
)

// Reasons returns all of them.
var Reasons = []Reason{
	ReasonForeign, ReasonOldVersion, ReasonDamaged, ReasonWrongOffset, ReasonOtherCluster, reasonOtherTopic,
	reasonMadeAgain, ReasonPastEnd, ReasonOtherRecords, reasonNotRetained, ReasonRewritten,
}

// Claim is what a commit says about a partition, or what this member remembers of it,
// before it is compared with the log.
type Claim struct {
	Partition int32
	Group     int64  // the offset that the group holds; -1 if it has none
	Committed int64  // the offset to continue at; -1 if there is none
	Said      Beyond // what is settled after it
	Unread    Reason // why its metadata cannot be read; empty if it can
	First     int64  // where to begin without a committed offset; -1 for the log's start
}

// Finding is the part of a claim that holds.
type Finding struct {
	Begin      int64 // where to take from
	Log        LogID
	Start, End int64  // of the log
	Believed   Beyond // the ranges and witnesses that are proven
	Reason     Reason // why that is not everything; empty if it is
	Missed     int64  // offsets that were deleted before they were read
	Doubtful   bool   // its basis could be a replica that lags: compare twice
}

// Trial compares a claim with a log. It asks for one record at a time: as long as Next
// returns an offset, call Saw with what is there.
type Trial struct {
	claim      Claim
	log        LogID
	kin        kinship
	start, end int64

	left   Witnesses // not asked for yet; the last is next
	proven int64     // up to there the log is unchanged, -1 if unknown
	broken bool      // the log holds something else in a later place
	why    Reason
	gone   bool // a witness can no longer be read
}

// NewTrial begins to compare a claim with a log of that id, start and end.
func NewTrial(c Claim, log LogID, start, end int64) *Trial {
	t := &Trial{claim: c, log: log, kin: c.Said.Log.kinship(log), start: start, end: end, proven: -1}
	if t.kin == sameLog {
		t.left = c.Said.Witnesses
	}
	return t
}

// Next returns the offset of the record that would prove most.
func (t *Trial) Next() (offset int64, ok bool) {
	for len(t.left) > 0 {
		switch w := t.left[len(t.left)-1]; {
		case w.Offset >= t.end:
			t.refute(ReasonPastEnd)
		case w.Offset < t.start:
			t.gone, t.left = true, nil
		default:
			return w.Offset, true
		}
	}
	return 0, false
}

// Saw takes the fingerprint of the record at the offset that Next returned; found is
// false if the log has none there.
func (t *Trial) Saw(print uint64, found bool) {
	w := t.left[len(t.left)-1]
	switch {
	case !found:
		t.gone = true
		t.left = t.left[:len(t.left)-1]
	case print != w.Print:
		t.refute(ReasonOtherRecords)
	default:
		t.proven, t.left = w.Offset, nil
	}
}

func (t *Trial) refute(why Reason) {
	t.broken, t.why = true, why
	t.left = t.left[:len(t.left)-1]
}

// Finding returns the part that holds.
func (t *Trial) Finding() Finding {
	c := &t.claim
	f := Finding{Begin: c.Committed, Log: t.log, Start: t.start, End: t.end, Reason: c.Unread}
	if c.Committed < 0 {
		f.Begin = max(t.start, min(c.First, t.end))
		return f
	}
	switch t.kin {
	case madeAgain:
		// None of its records has been read.
		f.Begin, f.Reason = t.start, reasonMadeAgain
		return f
	case otherCluster:
		// Mirrors translate offsets: the offset may well be right, and somebody intended
		// it. What is beyond was counted in the other log.
		f.Reason = ReasonOtherCluster
	case otherTopic:
		f.Reason = reasonOtherTopic
	case sameLog:
		f.Believed = c.Said.UpTo(t.proven + 1)
		switch {
		case t.broken:
			f.Reason = t.why
		case t.gone && f.Believed.End() < c.Said.End():
			f.Reason = reasonNotRetained
		}
	}
	pastEnd := c.Committed > t.end
	if pastEnd {
		f.Reason = ReasonPastEnd
	}
	if pastEnd || t.broken && t.proven+1 < c.Committed {
		// The position at which the log diverged from what was read is unknown, except
		// that it was after the last record that is the same. Beginning there sends a few
		// events twice; beginning later could lose some.
		f.Begin, f.Doubtful = t.proven+1, true
	}
	if f.Begin < t.start {
		f.Missed = t.missed(f.Begin)
		f.Begin = t.start
	}
	f.Believed = f.Believed.after(f.Begin)
	return f
}

// missed returns how many offsets from there to the log's start were neither settled nor
// ever read.
func (t *Trial) missed(from int64) int64 {
	if t.proven < 0 && (t.broken || t.claim.Committed > t.end) {
		return 0 // nothing is known about the contents of this log
	}
	n := t.start - from
	if t.broken || t.kin != sameLog {
		return n
	}
	for _, s := range t.claim.Said.Settled {
		n -= max(min(s.To, t.start)-max(s.From, from), 0)
	}
	return n
}
