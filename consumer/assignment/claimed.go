package assignment

import (
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/ledger"
)

// Await keeps anything from being taken before the group has said where the partition stands.
func (a *Assignment) Await() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.unheard = true
	a.given++
}

// Awaits reports whether the group is still to say that, and how often the partition has
// been given: an answer to a question from before it was given again is out of date.
func (a *Assignment) Awaits() (given int, awaits bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.given, a.unheard && a.phase() != phaseDraining
}

// GoesOn returns the offset at which what is fetched goes on, if the claim has been
// settled and is not open again.
func (a *Assignment) GoesOn() (offset int64, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.ledger.Last().Offset + 1, a.underWay()
}

// Hear notes what the group has said, and what that claims.
func (a *Assignment) Hear(f Fetched, cl *ledger.Claim) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.unheard || !f.isFor(a) {
		return // the client's answer and ours have met, and it may be taking
	}
	a.stamps = []Stamp{f.Stamp()}
	a.claim, a.running, a.unheard = cl, false, false
}

// OpenClaim returns the claim that must be compared with the log; nil if there is none. It is
// immutable.
func (a *Assignment) OpenClaim() *ledger.Claim {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.claim
}

// Rewound reports whether what was taken of the partition is in doubt.
func (a *Assignment) Rewound() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.claim != nil && a.running
}

// Doubted reports whether the same position to go back to was found before.
func (a *Assignment) Doubted(begin int64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	again := a.doubtedAt == begin+1
	a.doubtedAt = begin + 1
	return again
}

// Doubt demands a comparison of what was taken with the log.
func (a *Assignment) Doubt() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.claim == nil {
		a.dispute(-1)
	}
}

// dispute makes a claim of what was taken: that the log is unchanged. group is what the group
// holds, -1 if that is irrelevant. mu is held.
func (a *Assignment) dispute(group int64) {
	said := a.before
	said.Log, said.Witnesses = a.log, a.sworn()
	a.claim = &ledger.Claim{Partition: a.partition, Group: group, Committed: a.ledger.Last().Offset + 1, Said: said, First: -1}
	a.running, a.oath = true, nil
}

// SettledClaim is the state of an assignment when its claim was settled.
type SettledClaim struct {
	Running bool  // the claim was about records of its own
	Was     int64 // the offset after the last record that it had taken
	Done    bool  // its job has nothing more to take
}

// SettleClaim applies a finding to the assignment; false if its claim has been settled or
// replaced meanwhile. latest is set if a group without offsets does not begin at the
// log's start.
func (a *Assignment) SettleClaim(cl *ledger.Claim, f ledger.Finding, latest bool) (s SettledClaim, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.claim != cl {
		return s, false
	}
	s.Running, s.Was = a.running, a.ledger.Last().Offset+1
	a.claim, a.recalls, a.running, a.doubtedAt = nil, nil, false, 0
	a.oath, a.link = nil, Link{}
	a.log, a.before, a.witnesses = f.Log, f.Believed, slices.Clone(f.Believed.Witnesses)
	if s.Running {
		if a.ledger.Lose(f.Begin); f.Begin < s.Was {
			a.highWater = -1 // of the log before it lost its end
		}
	} else {
		a.ledger.Begin(f.Begin)
		a.begun = true
		a.missedTo = max(a.missedTo, f.Start)
		if f.Begin != cl.Group && (cl.Group >= 0 || latest) {
			a.ledger.Touch() // or the next owner would begin without any knowledge of this
		}
	}
	s.Done = a.selection != nil && f.Begin >= a.selection.End(a.partition)
	return s, true
}

// Judged is an assignment's judgement of fetched records.
type Judged struct {
	Ok     bool  // they may be taken
	Other  bool  // the log holds other records than before
	Twice  bool  // there was another connection, and one before has not been examined
	Sworn  bool  // there was another connection, to be examined
	Missed int64 // offsets that were deleted before they were read
	From   int64 // the first of them
	Forgot bool  // some that an earlier owner had settled are forgotten
}

// Trust judges fetched records. Nothing is taken while a claim is open, or from a log
// that turns out to have changed; otherwise the last record becomes a witness.
// reconnected reports whether there has been another connection to the leader than that
// of the link, which it renews.
func (a *Assignment) Trust(p *kgo.FetchPartition, reconnected func(*Link) bool) (t Judged) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.underWay() {
		return t
	}
	first, last := p.Records[0], p.Records[len(p.Records)-1]
	if first.Offset <= a.ledger.Last().Offset || a.witnesses.Contradicted(a.ledger.Last().Offset, p.Records) {
		t.Other = true
		return t
	}
	if reconnected(&a.link) {
		// After a second one within the time of a comparison, nothing may be taken before the
		// log is known to be unchanged.
		t.Sworn = true
		if t.Twice = !a.swear(); t.Twice {
			return t
		}
	}
	t.Ok = true
	t.Missed, t.From = a.jump(p.LogStartOffset, first.Offset)
	t.Forgot = a.distrust(p.Records)
	a.witnesses = a.witnesses.Add(ledger.Witness{Offset: last.Offset, Print: ledger.Fingerprint(last)})
	return t
}

// Stands reports whether a batch that is too large to unpack may be taken now: not while it is
// undecided where the partition continues.
func (a *Assignment) Stands(batch *kgo.ErrDecompressTooLarge) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.underWay() && batch.NextOffset-1 > a.ledger.Last().Offset
}

// distrust forgets what an earlier owner had settled from the first record of a later
// epoch on: epochs rise along a log, so brokers have lost what was there. It reports
// whether that was anything. A leader that is elected in order writes behind everything
// settled, and then nothing is forgotten, whatever one fetch brings together. mu is held.
func (a *Assignment) distrust(records []*kgo.Record) (forgot bool) {
	if len(a.before.Settled) == 0 || records[len(records)-1].LeaderEpoch <= a.before.Epoch {
		return false
	}
	i := slices.IndexFunc(records, func(r *kgo.Record) bool { return r.LeaderEpoch > a.before.Epoch })
	later := records[i].Offset
	forgot = a.before.End() > later
	a.before = a.before.UpTo(later)
	a.witnesses = slices.Clone(a.witnesses.Below(later))
	return forgot
}

// swear stores the witnesses from before another connection. It returns false if earlier
// ones have not been compared yet. mu is held.
func (a *Assignment) swear() bool {
	if len(a.oath) > 0 {
		return false
	}
	a.oath = slices.Clone(a.witnesses)
	return true
}

// sworn returns the witnesses that the log must have if it is still the one that was read. Those
// taken since another connection prove only the present log. mu is held.
func (a *Assignment) sworn() ledger.Witnesses {
	if len(a.oath) > 0 {
		return slices.Clone(a.oath)
	}
	return slices.Clone(a.witnesses)
}

// OathClaim returns what the log must hold if it is the one from before another connection; false
// if there is nothing to compare.
func (a *Assignment) OathClaim() (cl ledger.Claim, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.oath) == 0 || a.claim != nil {
		return cl, false
	}
	last := a.oath[len(a.oath)-1]
	return ledger.Claim{
		Partition: a.partition, Group: -1, Committed: last.Offset + 1, First: -1,
		Said: ledger.Beyond{Log: a.log, Witnesses: ledger.Witnesses{last}},
	}, true
}

// KeepsOath reports whether that witness is still the one to compare, and ends the oath
// if the log matches it.
func (a *Assignment) KeepsOath(w ledger.Witness, doubtful bool) (same bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	same = len(a.oath) > 0 && a.oath[len(a.oath)-1] == w && a.phase() == phaseTaking
	if same && !doubtful {
		a.oath = nil
	}
	return same
}

// jump returns how many offsets were deleted between the last record taken and the next ones, for
// which the log's start is known. mu is held.
func (a *Assignment) jump(start, next int64) (n, from int64) {
	from = max(a.ledger.Last().Offset+1, a.missedTo)
	start = min(start, next)
	if start <= from {
		return 0, from
	}
	n = start - from
	for _, s := range a.before.Settled {
		n -= max(min(s.To, start)-max(s.From, from), 0)
	}
	a.missedTo = start
	return n, from
}

// Behind returns the last offset taken, and whether the log begins after it.
func (a *Assignment) Behind(start int64) (at int64, behind bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	at = a.ledger.Last().Offset
	return at, start > at+1 && a.underWay() && !a.atEnd
}

// Skip notes that the log begins at start, if the last offset taken is still that one. It returns
// how many were deleted before they were read, and the first of them.
func (a *Assignment) Skip(at, start int64) (n, from int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ledger.Last().Offset != at || !a.underWay() || a.atEnd {
		return 0, 0
	}
	n, from = a.jump(start, start)
	a.ledger.Skip(start) // or the next owner would count them again
	return n, from
}
