package transform

import (
	"fmt"
	"path/filepath"

	"go.yaml.in/yaml/v4"

	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/transform/condition"
)

// maxRules bounds the conditions that are evaluated for one event.
const maxRules = 100

// mappingRule changes the table's entry for the events for which a condition holds.
type mappingRule struct {
	when *condition.Condition
	says entry
	// setsAction and setsValue report whether the file has the key; without it the table's
	// value applies.
	setsAction, setsValue bool
	// over maps each entry of the table to that entry with the rule applied, so that choosing
	// allocates nothing. Its key nil is for names without an entry.
	over map[*entry]*entry
}

var ruleKeys = []string{"when", "name", "event_type", "own_type", "action_source", "value", "action", "data_set", "attributes"}

// rules reads the rules. Their names and types are optional.
func (f *mappingFile) rules(n *yaml.Node, m *Mapping) {
	items := f.List(n, "rules")
	if len(items) > maxRules {
		f.Fault(n.Line, "rules: %d given, want at most %d, since each is evaluated for every event", len(items), maxRules)
		return
	}
	for _, item := range items {
		fields := f.Fields(item, "a rule", ruleKeys...)
		if fields == nil {
			continue
		}
		r := mappingRule{says: entry{rule: fmt.Sprintf("the rule on line %d of %s", item.Line, filepath.Base(f.Name))}}
		if a := fields["action"]; a != nil {
			r.says.filter, r.setsAction = f.Choice(a, "action", actions) == 1, true
		}
		if fields["name"] != nil {
			f.entryName(item, fields["name"], &r.says)
		}
		if fields["event_type"] != nil {
			f.entryType(item, fields["event_type"], &r.says, m)
		}
		if r.setsValue = fields["value"] != nil || r.says.eventType == TypePurchase; r.setsValue {
			f.entryValue(fields["value"], &r.says)
		}
		f.entryRest(fields, &r.says)
		if len(fields) < 2 && fields["when"] != nil {
			f.Fault(item.Line, "a rule changes nothing: want one of name, event_type, action_source, value, action, data_set or attributes besides when")
		}
		r.when = f.when(item, fields["when"])
		m.rules = append(m.rules, r)
	}
}

func (f *mappingFile) when(item, n *yaml.Node) *condition.Condition {
	if n == nil {
		f.Fault(item.Line, "a rule has no when: want a condition, such as value >= 500")
		return nil
	}
	text, ok := f.Text(n, "when")
	if !ok {
		return nil
	}
	c, err := condition.Compile(text)
	if err != nil {
		f.Fault(n.Line, "when: %v", err)
	}
	return c
}

// putRulesOver applies each rule to each entry.
func (m *Mapping) putRulesOver() {
	for i := range m.rules {
		r := &m.rules[i]
		r.over = map[*entry]*entry{nil: r.put(&unmappedEntry)}
		for _, e := range m.entries {
			if r.over[e] == nil {
				r.over[e] = r.put(e)
			}
		}
	}
}

// put returns an entry with the rule's values in place of its own.
func (r *mappingRule) put(over *entry) *entry {
	e, says := *over, &r.says
	e.rule = says.rule
	if r.setsAction {
		e.filter = says.filter
	}
	if says.name != "" {
		e.name = says.name
	}
	if says.eventType != "" {
		e.eventType, e.overrides = says.eventType, says.overrides
		if !r.setsValue && e.value == valueRequired && over.eventType == TypePurchase {
			e.value = valueOptional // it was required because of PURCHASE, which the event no longer is
		}
	}
	if r.setsValue {
		e.value = says.value
	}
	if says.actionSource != "" {
		e.actionSource = says.actionSource
	}
	if says.dataSet != "" {
		e.dataSet = says.dataSet
	}
	if says.attributes != nil {
		e.attributes = says.attributes
	}
	return &e
}

// choose returns the entry of an event: that of its name, with the first rule that holds
// applied to it; nil if there is neither.
func (m *Mapping) choose(ev *schemas.Event, name string) *entry {
	e := m.entry(name)
	if m.rules == nil {
		return e
	}
	s := condition.Subject{Event: ev, Type: trim(ev.EventType), Source: trim(ev.ActionSource)}
	if s.Type != "" && (e == nil || s.Type != e.eventType) {
		if known := m.eventType(s.Type); known != "" {
			s.Type = known
		}
	}
	if e != nil {
		if s.Type == "" || e.overrides {
			s.Type = e.eventType
		}
		if s.Source == "" {
			s.Source = e.actionSource
		}
	}
	for i := range m.rules {
		if m.rules[i].when.Holds(s) {
			return m.rules[i].over[e]
		}
	}
	return e
}

// byRule ends a sentence with the rule that an entry was made with, if any.
func byRule(e *entry) string {
	if e.rule == "" {
		return ""
	}
	return ", by " + e.rule
}

// mappedBy names the lines of a mapping that decide what an event is; empty if none does.
func (m *Mapping) mappedBy(ev *schemas.Event) string {
	e := m.choose(ev, trim(ev.EventName))
	switch {
	case e == nil:
		return ""
	case e.line == 0:
		return e.rule
	}
	by := fmt.Sprintf("the entry on line %d of %s", e.line, e.file)
	if e.rule != "" {
		by = e.rule + ", over " + by
	}
	return by
}
