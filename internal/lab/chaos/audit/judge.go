package audit

import "fmt"

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
	Starved           Rule = "not delivered beside stuck profiles"
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
	checkStarved(ix, v)
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
