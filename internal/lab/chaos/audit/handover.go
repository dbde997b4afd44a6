package audit

import (
	"cmp"
	"time"

	"github.com/tracklayer/amazon-capi/internal/lab/chaos/journal"
)

// handover is the end of an assignment: a partition was with one life of a
// member, and then with another life or member. Nothing is sent again without
// one, since only who gets a partition reads it again from its last commit.
type handover struct {
	partition int32
	owner     string // who had it
	from      time.Time
	// From taken to given nobody had it any more, and its owner, if there was
	// one, had the time to finish.
	taken, given time.Time
	// unseen is set for one that the generations do not show: members that could
	// not reach the brokers give up what they have, and may get the same again
	// without anybody else being asked; one that was frozen finds that its
	// requests have timed out.
	unseen *journal.Fault
}

// findHandovers goes through the generations. A partition that moves from a
// member that lives is nobody's in one of them.
func findHandovers(generations []Generation) map[int32][]handover {
	type state struct {
		owner       Owner
		from, taken time.Time
	}
	now := make(map[int32]*state)
	found := make(map[int32][]handover)
	for _, g := range generations {
		if len(g.Owners) == 0 {
			continue // nobody is there: their partitions are where they were
		}
		for p, who := range g.Owners {
			if now[p] == nil {
				now[p] = &state{owner: who, from: g.At}
			}
		}
		for p, s := range now {
			who, owned := g.Owners[p]
			if who != s.owner && s.taken.IsZero() {
				s.taken = g.At
			}
			if !owned {
				continue
			}
			if !s.taken.IsZero() {
				found[p] = append(found[p], handover{p, s.owner.Name, s.from, s.taken, g.At, nil})
				*s = state{owner: who, from: g.At}
			}
		}
	}
	return found
}

// addUnseen adds those that the generations do not show, after the others.
func (tl *timeline) addUnseen() {
	for at := range tl.inOrder {
		if at.topic != tl.Run.Topic {
			continue
		}
		p := at.partition
		for i := range tl.faults {
			f := &tl.faults[i]
			owner := tl.owner(p, f.Began)
			switch f.Kind {
			case journal.Freeze:
				if owner != f.Member {
					continue
				}
			case journal.BrokerKill, journal.BrokerStop, journal.BrokerPause:
			default:
				continue
			}
			tl.moves[p] = append(tl.moves[p], handover{p, owner, f.Began, f.Began, f.Began, f})
		}
	}
}

// owner returns who had a partition at a time, or had it last; empty if nobody
// had yet.
func (tl *timeline) owner(partition int32, at time.Time) (name string) {
	for _, g := range tl.Generations {
		if g.At.After(at) {
			break
		}
		if who, ok := g.Owners[partition]; ok {
			name = who.Name
		}
	}
	return name
}

// hard reports whether a fault gives whom it strikes no chance to finish.
func hard(k journal.Kind) bool {
	switch k {
	case journal.Kill, journal.Freeze, journal.BrokerKill, journal.BrokerStop, journal.BrokerPause:
		return true
	}
	return false
}

// causeOf returns the fault that ended an assignment: what first ended its owner,
// or froze it; else an outage of the brokers shortly before; else the last fault
// that changed who is in the group. Nil if there was none.
func (tl *timeline) causeOf(h handover) *journal.Fault {
	var frozen, outage, change *journal.Fault
	for i := range tl.faults {
		f := &tl.faults[i]
		if f.Began.After(h.given) {
			break
		}
		ofOwner := f.Member == h.owner && !f.Began.Before(h.from)
		switch f.Kind {
		case journal.Kill, journal.Term:
			if ofOwner {
				return f
			}
			if !f.Began.After(h.taken) {
				change = f
			}
		case journal.Freeze:
			if ofOwner {
				frozen = f
			} else if !f.Began.After(h.taken) {
				change = f
			}
		case journal.Join:
			if !f.Began.After(h.taken) {
				change = f
			}
		case journal.BrokerKill, journal.BrokerStop, journal.BrokerPause:
			if !f.Began.Before(h.from) && !f.Began.After(h.taken) && !ended(f).Add(tl.expiry()).Before(h.taken) {
				outage = f
			}
		}
	}
	return cmp.Or(frozen, outage, change)
}

// hindered reports whether something kept a member from finishing what it had in
// flight when it was asked to, from when until when. Where nothing did, it must
// have.
func (tl *timeline) hindered(member string, from, until time.Time) bool {
	if latest := from.Add(tl.Run.Drain); latest.Before(until) {
		until = latest
	}
	for _, s := range tl.troubles {
		if s.overlaps(from, from) {
			return true
		}
	}
	for i := range tl.faults {
		f := &tl.faults[i]
		s := span{f.Began, ended(f)}
		switch f.Kind {
		case journal.Amazon, journal.Stuck:
			// Which events an answer left out is not in the record.
			s.to = s.to.Add(3 * time.Second)
		case journal.Token, journal.LettersRefused, journal.ReceiptsRefused:
			s.to = s.to.Add(lingering)
		case journal.BrokerKill, journal.BrokerStop, journal.BrokerPause:
			s.to = s.to.Add(brokerBack)
		case journal.Freeze:
			if f.Member != member {
				continue
			}
		default:
			// Another member's end takes none of this one's time, and events
			// whose schema cannot be asked for were not begun.
			continue
		}
		if s.overlaps(from, until) {
			return true
		}
	}
	return false
}
