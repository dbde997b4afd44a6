package audit

import (
	"fmt"
	"slices"
	"time"
)

// Rule is one thing that must not be, and the judgement's name for it.
type Rule string

// The rules.
const (
	Lost              Rule = "lost"
	NotDrained        Rule = "not drained"
	CommittedEarly    Rule = "committed before its verdict"
	CommitWentBack    Rule = "commit went back"
	GoodDeadLettered  Rule = "good event dead-lettered"
	BadAccepted       Rule = "bad event accepted"
	FilteredSent      Rule = "filtered event sent"
	WrongClass        Rule = "dead letter of the wrong class"
	LetterAltered     Rule = "dead letter is not its original"
	NoReceipt         Rule = "committed and without a receipt"
	ReceiptDisagrees  Rule = "receipt disagrees"
	UnknownSent       Rule = "unknown event sent"
	BytesDiffer       Rule = "bytes differ from the first send"
	Unexplained       Rule = "sent again without a fault"
	AfterGracefulStop Rule = "sent again though there was time to finish"
	TooMany           Rule = "more sent again than was in flight"
	Stale             Rule = "sent again though finished long before"
	EndedBadly        Rule = "member ended badly"
	HarnessWrong      Rule = "the harness contradicts itself"
)

// Violation is a rule that was broken.
type Violation struct {
	Rule     Rule     `json:"rule"`
	Count    int      `json:"count"`
	Examples []string `json:"examples"` // a few, ids only
}

// maxExamples is how many cases of a violation are told.
const maxExamples = 5

// verdicts collects violations while the rules go through the facts.
type verdicts struct {
	order []Rule
	found map[Rule]*Violation
}

func (v *verdicts) add(rule Rule, format string, args ...any) {
	if v.found == nil {
		v.found = make(map[Rule]*Violation)
	}
	f := v.found[rule]
	if f == nil {
		f = &Violation{Rule: rule}
		v.found[rule] = f
		v.order = append(v.order, rule)
	}
	if f.Count++; len(f.Examples) < maxExamples {
		f.Examples = append(f.Examples, fmt.Sprintf(format, args...))
	}
}

func (v *verdicts) list() []Violation {
	out := make([]Violation, 0, len(v.order))
	for _, r := range v.order {
		out = append(out, *v.found[r])
	}
	return out
}

// Judge applies every rule to the facts.
func Judge(f *Facts) *Report {
	ix := newIndex(f)
	tl := newTimeline(ix)
	v := &verdicts{}
	r := &Report{Seed: f.Run.Seed, Version: f.Run.Version}

	checkHarness(ix, v)
	checkOutcomes(ix, tl, v, r)
	checkCommits(ix, tl, v)
	checkSends(ix, v)
	checkLetters(ix, v)
	checkReceipts(ix, v, r)
	checkExits(f, v)
	b := newBlame(tl)
	lost := checkAgain(ix, b, v, r)
	r.fill(tl, b, lost)
	r.Violations = v.list()
	return r
}

// describe is an event for people: what it is known by everywhere.
func (ix *index) describe(record int) string {
	r := &ix.Records[record]
	id := r.Key
	if e := ix.byRecord[record]; e != nil && e.key.id != "" {
		id = e.key.id
	}
	return fmt.Sprintf("%.60q at %d/%d", id, r.Partition, r.Offset)
}

// checkAgain finds what was done more than once, and whom to blame. It returns
// how often events were taken again for each of the sandbox's faults that kept
// an answer from its sender.
func checkAgain(ix *index, b *blame, v *verdicts, r *Report) (lost map[string]int) {
	lost = make(map[string]int)
	for _, a := range ix.repeats(lost) {
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

// repeats lists everything that was done again, in time order. Of an event that
// was published more than once, as many takes are no repeats. Those that an
// answer was lost for go into lost: each take without an answer allows one.
func (ix *index) repeats(lost map[string]int) (all []again) {
	for _, e := range ix.events {
		spare := len(e.records) - 1
		for i := 1; i < len(e.takes); i++ {
			before, t := e.takes[i-1], e.takes[i]
			if before.lost != "" {
				lost[before.lost]++
				continue
			}
			if spare > 0 {
				spare--
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
			all = append(all, again{r.Partition, r.Offset, before.at, t.at, final, false, "event " + ix.describe(last)})
		}
	}
	for p, list := range ix.letters {
		record, known := ix.at[p]
		if !known {
			continue
		}
		for i := 1; i < len(list); i++ {
			first, second := &ix.Letters[list[i-1]], &ix.Letters[list[i]]
			all = append(all, again{p.partition, p.offset, first.Written, second.Written, ix.receiptFor(record, first.Written), true, "dead letter of " + ix.describe(record)})
		}
	}
	slices.SortFunc(all, func(a, b again) int { return a.second.Compare(b.second) })
	return all
}
