package audit

import (
	"slices"
	"sort"
	"time"

	"github.com/tracklayer/amazon-capi/internal/lab/chaos/journal"
)

// How long things may take on a busy machine. What the program does wrong shows
// by far more than these: what is forgotten stays forgotten.
const (
	// inTransit is how long after a member's end Amazon may still take what it
	// had sent: the sandbox waits before it takes, and its machine is busy.
	inTransit = 3 * time.Second
	// commitSlack is what a commit may take beyond its interval.
	commitSlack = 3 * time.Second
	// commitPause is how much longer than its interval nobody commits when
	// nobody can.
	commitPause = 750 * time.Millisecond
	// awakening is how long a member that was frozen may go on with what it
	// had, before the group tells it that it is out.
	awakening = 6 * time.Second
	// brokerBack is how long members may need to commit again after a broker
	// has come back.
	brokerBack = 6 * time.Second
	// lingering is how long a fault may go on to keep the program from
	// finishing after it has ended: the longest pause between two tries of
	// whatever it was that failed.
	lingering = 35 * time.Second

	forever = 1000 * time.Hour
)

// timeline answers what was the case at a time.
type timeline struct {
	*index
	commits map[part][]Commit
	moves   map[int32][]handover
	outages []span // of commits, in order
	// troubles are the times in which events were on their way that nobody
	// could bring to an end soon, because Amazon's side had failed them.
	troubles []span
}

type span struct{ from, to time.Time }

func (s span) overlaps(from, to time.Time) bool { return !s.from.After(to) && !s.to.Before(from) }

func newTimeline(ix *index) *timeline {
	tl := &timeline{index: ix, commits: make(map[part][]Commit), moves: findHandovers(ix.Generations)}
	for _, c := range ix.Commits {
		p := tl.of(c.Topic, c.Partition)
		tl.commits[p] = append(tl.commits[p], c)
	}
	tl.addUnseen()
	tl.outages = tl.findOutages()
	tl.troubles = tl.findTroubles()
	return tl
}

// ended is when a fault was over; one that was never undone lasts forever.
func ended(f *journal.Fault) time.Time {
	if f.Ended.IsZero() {
		return f.Began.Add(forever)
	}
	return f.Ended
}

// reach is until when what happened may still have been because of a fault that
// left no time to finish.
func reach(f *journal.Fault) time.Time {
	switch f.Kind {
	case journal.Freeze:
		return ended(f).Add(awakening)
	case journal.BrokerKill, journal.BrokerStop, journal.BrokerPause:
		return ended(f).Add(brokerBack + inTransit)
	}
	return ended(f).Add(inTransit)
}

// expiry is how long after an outage of the brokers a member may still be found
// to have missed its session.
func (tl *timeline) expiry() time.Duration { return 2 * tl.Run.SessionTimeout }

// committed returns how far a partition was committed at a time.
func (tl *timeline) committed(partition part, at time.Time) int64 {
	list := tl.commits[partition]
	n := sort.Search(len(list), func(i int) bool { return list[i].At.After(at) })
	if n == 0 {
		return 0
	}
	return list[n-1].Offset
}

// findOutages finds the times in which nobody could commit: brokers were away,
// or the group was between two generations, which its members learn of by and
// by and in which their client holds commits back. The former are known, the
// latter are seen by that nobody did commit.
func (tl *timeline) findOutages() (found []span) {
	for i := range tl.faults {
		switch f := &tl.faults[i]; f.Kind {
		case journal.BrokerKill, journal.BrokerStop, journal.BrokerPause:
			found = append(found, span{f.Began, ended(f).Add(brokerBack)})
		}
	}
	for i := 1; i < len(tl.Commits); i++ {
		if s := (span{tl.Commits[i-1].At, tl.Commits[i].At}); s.to.Sub(s.from) > tl.Run.CommitInterval+commitPause {
			found = append(found, s)
		}
	}
	slices.SortFunc(found, func(a, b span) int { return a.from.Compare(b.from) })
	merged := found[:0]
	for _, s := range found {
		if n := len(merged); n > 0 && !s.from.After(merged[n-1].to) {
			if s.to.After(merged[n-1].to) {
				merged[n-1].to = s.to
			}
			continue
		}
		merged = append(merged, s)
	}
	return merged
}

// uncommittedSince returns from when on a verdict may not have been committed
// yet at a time: one commit interval earlier, outages not counted.
func (tl *timeline) uncommittedSince(at time.Time) time.Time {
	left := tl.Run.CommitInterval + commitSlack
	for _, o := range slices.Backward(tl.outages) {
		if o.from.After(at) {
			continue
		}
		if o.to.Before(at) {
			up := at.Sub(o.to)
			if up >= left {
				break
			}
			left -= up
		}
		at = o.from
	}
	return at.Add(-left)
}

// findTroubles finds the troubles in the record: from when an event was in a
// request that a fault struck until it was in one that none did.
func (tl *timeline) findTroubles() (found []span) {
	open := make(map[eventKey]bool)
	for i := range tl.Requests {
		r := &tl.Requests[i]
		before := len(open)
		struck := r.Fault != "" && !tl.partial[r.Fault]
		for j := range r.Items {
			it := &r.Items[j]
			k := eventKey{r.Profile, it.EventID}
			if struck || it.Verdict == Later || r.Fault != "" && it.Verdict == Unjudged {
				open[k] = true
			} else if len(open) > 0 {
				delete(open, k)
			}
		}
		switch {
		case before == 0 && len(open) > 0:
			found = append(found, span{r.Time, tl.Run.Began.Add(forever)})
		case before > 0 && len(open) == 0:
			found[len(found)-1].to = r.Time
		}
	}
	return found
}
