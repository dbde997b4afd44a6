package audit

import (
	"slices"
	"time"
)

// again is one time that something was done which had been done before: an
// event taken once more, or a dead letter written once more.
type again struct {
	place
	first, second time.Time
	// final is when the receipt for the first time was written. Until then it
	// was in flight.
	final  time.Time
	letter bool
	what   string // for people
}

// checkAgain finds what was done more than once, and whom to blame. It returns
// how often events were taken again for each of the sandbox's faults that kept
// an answer from its sender.
func checkAgain(ix *index, b *blame, v *verdicts, r *Report) (lost map[string]int) {
	lost = make(map[string]int)
	unexplained := func(a again) bool {
		suspects, _ := b.suspectsOf(a)
		return len(suspects) == 0
	}
	for _, a := range ix.repeats(lost, unexplained) {
		if a.letter {
			r.LettersAgain++
		} else {
			r.Duplicates++
		}
		b.put(a)
	}
	b.settle()
	for _, n := range lost {
		r.Duplicates += n
	}
	for rule, list := range map[Rule][]string{Unexplained: b.unexplained, AfterGracefulStop: b.graceful, Stale: b.stale} {
		for _, what := range list {
			v.add(rule, "%s", what)
		}
	}
	for _, s := range b.sorted() {
		if n := b.allowed(s); s.used() > n {
			v.add(TooMany, "%s at %s: %d events and %d dead letters again on %s, at most %d were in flight or not yet committed",
				name(s.fault), s.fault.Began.Format(time.TimeOnly), s.duplicates, s.letters, s.member, n)
		}
	}
	return lost
}

// repeats lists everything that was done again, in time order. Takes that an
// answer was lost for go into lost: each without an answer allows one. Of an
// event that was published more than once, as many takes are not repeats: those
// that nothing else explains, if there are any.
func (ix *index) repeats(lost map[string]int, unexplained func(again) bool) (all []again) {
	for _, e := range ix.events {
		list := ix.repeatsOf(e, lost)
		for range min(len(e.records)-1, len(list)) {
			i := max(slices.IndexFunc(list, unexplained), 0)
			list = slices.Delete(list, i, i+1)
		}
		all = append(all, list...)
	}
	for p, list := range ix.letters {
		record, known := ix.at[p]
		if !known {
			continue
		}
		for i := 1; i < len(list); i++ {
			first, second := &ix.Letters[list[i-1]], &ix.Letters[list[i]]
			all = append(all, again{p, first.Written, second.Written, ix.receiptFor(record, first.Written), true, "dead letter of " + ix.describe(record)})
		}
	}
	slices.SortFunc(all, func(a, b again) int { return a.second.Compare(b.second) })
	return all
}

func (ix *index) repeatsOf(e *event, lost map[string]int) (list []again) {
	for i := 1; i < len(e.takes); i++ {
		before, t := e.takes[i-1], e.takes[i]
		if before.lost != "" {
			lost[before.lost]++
			continue
		}
		last := e.records[len(e.records)-1]
		r := &ix.Records[last]
		var final time.Time
		for _, record := range e.records {
			if at := ix.receiptFor(record, before.at); at.After(final) {
				final = at
			}
		}
		list = append(list, again{ix.placeOf(r), before.at, t.at, final, false, "event " + ix.describe(last)})
	}
	return list
}
