package audit

import (
	"fmt"
	"slices"
	"time"

	"github.com/tracklayer/amazon-capi/internal/lab/chaos/journal"
)

// share is what one fault did to the partitions of one member, and what it may
// have done.
type share struct {
	fault  *journal.Fault
	member string

	inFlight int // -1: unknown
	// fresh are the records with verdicts that may not have been committed yet.
	fresh map[int]bool

	duplicates, letters int
	stale               int // of both, those that had been final long before
}

type shareKey struct {
	fault  int
	member string
}

// suspect is a handover in between, and the fault that made it.
type suspect struct {
	*share
	// since is from when on a final verdict need not have been committed.
	since time.Time
}

// blame finds the fault that each duplicate followed.
type blame struct {
	*timeline
	shares   map[shareKey]*share
	suspects map[handover]suspect
	claims   claims

	unexplained, graceful, stale []string
}

func newBlame(tl *timeline) *blame {
	return &blame{timeline: tl, shares: make(map[shareKey]*share), suspects: make(map[handover]suspect)}
}

// put finds who is to blame for one.
func (b *blame) put(a again) {
	switch suspects, clean := b.suspectsOf(a); {
	case len(suspects) > 0:
		b.charge(suspects, a)
	case clean != nil:
		b.graceful = append(b.graceful, a.what+" after "+name(clean))
	default:
		b.unexplained = append(b.unexplained, fmt.Sprintf("%s: at +%.1f and +%.1f", a.what, b.sinceBegan(a.first), b.sinceBegan(a.second)))
	}
}

// suspectsOf returns the handovers that may have done it. An assignment that was
// ended by force comes before one that was given up while something kept its
// owner from finishing, unless only the latter was soon enough after the verdict:
// the next owner may hold the event for long, behind a profile that is stuck, and
// send it after a fault that has nothing to do with it. One that was given up with
// the time to finish explains nothing, and clean is what it was given up for.
func (b *blame) suspectsOf(a again) (list []suspect, clean *journal.Fault) {
	var forced, hindered []suspect
	if a.topic != b.Run.Topic {
		return nil, nil
	}
	for _, h := range b.moves[a.partition] {
		cause := h.unseen
		if cause == nil {
			cause = b.causeOf(h)
		}
		if cause == nil || !b.between(h, cause, a) {
			continue
		}
		from, until := h.taken, h.given
		if cause.Kind == journal.Term && cause.Member == h.owner {
			from, until = cause.Began, ended(cause)
		}
		switch {
		case hard(cause.Kind) && (cause.Member == "" || cause.Member == h.owner):
			forced = append(forced, b.suspect(h, cause))
		case b.hindered(h.owner, from, until):
			hindered = append(hindered, b.suspect(h, cause))
		default:
			clean = cause
		}
	}
	if len(forced) > 0 && (len(hindered) == 0 || slices.ContainsFunc(forced, a.recentAt) || !slices.ContainsFunc(hindered, a.recentAt)) {
		return forced, clean
	}
	return hindered, clean
}

// charge charges one to several handovers in a sequence, any of which may have
// done it: those before which it had not been final for long. Were it so before
// all of them, it would have been committed.
func (b *blame) charge(list []suspect, a again) {
	slices.SortStableFunc(list, func(x, y suspect) int { return x.fault.Began.Compare(y.fault.Began) })
	var shares []*share
	for _, s := range list {
		if a.recentAt(s) && !slices.Contains(shares, s.share) {
			shares = append(shares, s.share)
		}
	}
	if len(shares) > 0 {
		b.claims.add(shares, a.letter)
		return
	}
	last := list[len(list)-1]
	last.count(a.letter, 1)
	last.share.stale++
	b.stale = append(b.stale, fmt.Sprintf("%s after %s: taken at +%.1f and +%.1f, receipt at +%.1f, to be committed by +%.1f",
		a.what, name(last.fault), b.sinceBegan(a.first), b.sinceBegan(a.second), b.sinceBegan(a.final), b.sinceBegan(last.since)))
}

// recentAt reports whether its verdict need not have been committed yet when the
// handover's assignment ended.
func (a again) recentAt(s suspect) bool { return !a.final.Before(s.since) }

// sinceBegan returns the seconds from the run's beginning to a time, as the run's
// story has them.
func (b *blame) sinceBegan(t time.Time) float64 { return t.Sub(b.Run.Began).Seconds() }

// settle decides which of several handovers each was, so that as few as possible
// exceed what they may have done.
func (b *blame) settle() {
	b.claims.settle(b.allowed)
}

// between reports whether the handover can have led to it: who got the partition
// began where it was committed to, and the first time was before that or on its
// way.
func (b *blame) between(h handover, cause *journal.Fault, a again) bool {
	latest := h.given.Add(inTransit)
	if r := reach(cause); cause.Member == h.owner || hard(cause.Kind) && r.After(latest) {
		latest = r // who has ended does nothing any more
	}
	return !h.given.After(a.second) && !a.first.After(latest) && b.committed(a.part, h.given) <= a.offset
}

func (s *share) count(letter bool, n int) {
	if letter {
		s.letters += n
	} else {
		s.duplicates += n
	}
}

func (b *blame) suspect(h handover, cause *journal.Fault) suspect {
	if s, ok := b.suspects[h]; ok {
		return s
	}
	k := shareKey{cause.ID, h.owner}
	sh := b.shares[k]
	if sh == nil {
		sh = &share{fault: cause, member: h.owner, inFlight: -1, fresh: make(map[int]bool)}
		b.shares[k] = sh
	}
	at, until := h.taken, h.given.Add(inTransit)
	if cause.Member == h.owner || hard(cause.Kind) {
		at = cause.Began
	}
	switch {
	case cause.Kind == journal.Freeze:
		// What it had is what it may go on with; not what it takes afterwards.
		until = cause.Began.Add(inTransit)
	case hard(cause.Kind):
		until = reach(cause)
	}
	sh.inFlight = max(sh.inFlight, b.inFlight(h.owner, cause, at))
	s := suspect{sh, b.uncommittedSince(at)}
	b.measure(h, s, at, until)
	b.suspects[h] = s
	return s
}

// inFlight returns what a member had in flight at a time: what it said for the
// fault itself if that was then, and else the most that it said for any other
// fault around that time. -1 if it did not answer.
func (b *blame) inFlight(member string, f *journal.Fault, at time.Time) int {
	most := -1
	if n, ok := f.InFlight[member]; ok {
		most = n
	}
	if f.Began.Equal(at) {
		return most
	}
	around := span{at.Add(-3 * time.Second), at.Add(b.Run.Drain)}
	for i := range b.faults {
		if n, ok := b.faults[i].InFlight[member]; ok && around.overlaps(b.faults[i].Began, b.faults[i].Began) {
			most = max(most, n)
		}
	}
	return most
}

// measure counts what the partition had finished, and was not committed when it
// was given to the next: what became final so shortly before, and what Amazon
// took when nobody asked any more what was in flight. Who was frozen and keeps
// its partitions knows of what is final.
func (b *blame) measure(h handover, s suspect, at, until time.Time) {
	within := func(from time.Time) func(time.Time) bool {
		return func(t time.Time) bool { return !t.Before(from) && !t.After(until) }
	}
	for _, i := range b.from(b.of("", h.partition), b.committed(b.of("", h.partition), h.given)) {
		if b.Records[i].Published.After(until) {
			return
		}
		taken := func(t take) bool { return within(at)(t.at) }
		forgotten := (h.unseen == nil || h.unseen.Kind != journal.Freeze) && slices.ContainsFunc(b.receipts[i], within(s.since))
		if forgotten || b.byRecord[i] != nil && slices.ContainsFunc(b.byRecord[i].takes, taken) {
			s.fresh[i] = true
		}
	}
}

// used is how often a fault is said to have had something done again.
func (s *share) used() int { return s.duplicates + s.letters - s.stale }

// allowed is how many times a fault may have had something done again: what
// the member had in flight, and what it had finished and not yet committed.
func (b *blame) allowed(s *share) int {
	n := s.inFlight
	if n < 0 {
		n = b.Run.MaxInFlight // it did not answer, and may have had that much
	}
	return n + len(s.fresh)
}

// name is a fault for people.
func name(f *journal.Fault) string {
	s := string(f.Kind)
	if f.Member != "" {
		s += " of " + f.Member
	}
	return s
}
