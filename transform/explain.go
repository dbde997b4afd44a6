package transform

import (
	"fmt"
	"time"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
)

// Explanation is the result of every rule on one event.
type Explanation struct {
	// Conversion is what is sent; empty unless OK.
	Conversion Conversion
	// Reason is why the event is not sent; empty if OK. It equals Transform's: the reason of
	// the first finding that failed.
	Reason verdict.Reason
	OK     bool
	// MappedBy names the lines of the mapping that decide what the event is called, such as
	// "the rule on line 12 of m.yaml"; empty if none does.
	MappedBy string
	// Findings has each rule once, in the order in which they apply; those about
	// Conversion.Wide only with Options.Wide.
	Findings []Finding
	// NoUserData and NoStorage report what consent withholds: the identifiers and the postal
	// code, and the click id.
	NoUserData, NoStorage bool
}

// Finding is the result of one rule on an event.
type Finding struct {
	// Rule has no class if a violation removes only a field and not the event; its code is
	// then the name of a Warning.
	Rule   Rule
	Result Result
	// Message says what is wrong, redacted like all reasons; set only with Failed, and with
	// LeftOut for attributes, some of which it names.
	Message string
}

// Result is the outcome of a rule on an event.
type Result uint8

// The results.
const (
	// Passed: the event satisfies the rule.
	Passed Result = iota + 1
	// NotAsked: the event has nothing that the rule applies to, or the settings disable
	// the rule.
	NotAsked
	// NotReached: an earlier failure prevents an answer.
	NotReached
	// LeftOut: the field is invalid and is not sent.
	LeftOut
	// Failed: the event is not sent because of this.
	Failed
)

var resultNames = [...]string{Passed: "ok", NotAsked: "not asked", NotReached: "not reached", LeftOut: "left out", Failed: "failed"}

// String returns the word shown to people and programs.
func (r Result) String() string {
	if r == 0 || int(r) >= len(resultNames) {
		return fmt.Sprintf("result(%d)", uint8(r))
	}
	return resultNames[r]
}

// Explain is Transform for people: the same verdict and conversion, with the result of each
// rule. Transform stops at the first rule that fails; Explain continues with those that can
// still be judged, so that all faults of a source are found at once. It is a separate
// function because Transform, at a million events a minute, cannot afford to keep findings;
// a test compares the two.
func (t *Transformer) Explain(ev *schemas.Event, now time.Time) Explanation {
	e := Explanation{OK: true, MappedBy: t.mapping.mappedBy(ev)}
	c := &inquiry{t: t, ev: ev, now: now, out: new(Conversion)}
	for _, s := range explainSteps {
		if s.wide && !t.wide {
			continue // no contract sends these fields
		}
		if e.Reason.Class == verdict.Filtered || s.needs != nil && !s.needs(c) {
			// A filtered event is not judged further, as in Transform.
			e.notReached(s.rules)
			continue
		}
		why := s.ask(c)
		if why != nil && e.OK {
			e.OK, e.Reason = false, *why
		}
		e.note(c, s.rules, why)
	}
	if e.OK {
		e.Conversion = *c.out
	}
	e.NoUserData, e.NoStorage = c.denied.userData, c.denied.storage
	return e
}

func (e *Explanation) notReached(rules []asking) {
	for _, a := range rules {
		e.Findings = append(e.Findings, Finding{Rule: a.rule(), Result: NotReached})
	}
}

// note records the results of a step's rules. If why is set, its rule was the last one
// judged.
func (e *Explanation) note(c *inquiry, rules []asking, why *verdict.Reason) {
	for i, a := range rules {
		f := Finding{Rule: a.rule(), Result: Passed}
		switch {
		case why != nil && why.Code == f.Rule.Code:
			f.Result, f.Message = Failed, why.Message
			// For example, which of the two consents is at fault.
			f.Rule.Field = why.Field
			e.Findings = append(e.Findings, f)
			e.notReached(rules[i+1:])
			return
		case a.warns && c.out.Warnings.Has(a.warning):
			f.Result = LeftOut
			if a.warning == AttributeInvalid || a.warning == AttributesTooMany {
				f.Message = c.leftOut(a.warning)
			}
		case a.when != nil && !a.when(c):
			f.Result = NotAsked
		}
		e.Findings = append(e.Findings, f)
	}
}

// inquiry is an event while it is being explained.
type inquiry struct {
	t   *Transformer
	ev  *schemas.Event
	now time.Time
	out *Conversion

	entry   *entry // nil unless its name is known
	noPlace bool   // its country is refused
	denied  denial
}

// explainStep is one of Transform's checks, with its rules in their order.
type explainStep struct {
	ask   func(*inquiry) *verdict.Reason
	needs func(*inquiry) bool // whether the steps before allow it; nil: always
	rules []asking
	wide  bool // about Conversion.Wide
}

// asking is a rule or a warning, and when it applies.
type asking struct {
	code    verdict.Code
	warning Warning
	warns   bool
	when    func(*inquiry) bool // nil: always
}

func (a asking) rule() Rule {
	if a.warns {
		return warningTable[a.warning]
	}
	e := a.code.Entry()
	return Rule{e.Class, e.Name, e.Field, e.Rule}
}

func rule(code verdict.Code, when func(*inquiry) bool) asking { return asking{code: code, when: when} }

func warn(w Warning, when func(*inquiry) bool) asking {
	return asking{warning: w, warns: true, when: when}
}
