package transform

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// LoadMapping reads a mapping file; name is what errors call it. All that is
// wrong is reported at once, a line each, as "name:line: what, and what would be
// right": a table is mended in one go and not by trial.
func LoadMapping(name string, data []byte) (*Mapping, error) {
	f := mappingFile{name: name}
	m := f.load(data)
	if len(f.faults) > 0 {
		return nil, f.err()
	}
	return m, nil
}

// mappingFile reads the nodes of one file. It walks the tree itself instead of
// unmarshalling into structs because only nodes know their lines.
type mappingFile struct {
	name   string
	faults []fault
}

// maxFaults is how many faults are listed: a file that is no mapping at all has
// one on every line.
const maxFaults = 20

type fault struct {
	line int
	text string
}

func (f *mappingFile) fault(line int, format string, args ...any) {
	f.faults = append(f.faults, fault{line, fmt.Sprintf(format, args...)})
}

func (f *mappingFile) err() error {
	slices.SortStableFunc(f.faults, func(a, b fault) int { return cmp.Compare(a.line, b.line) })
	var errs []error
	for i, ft := range f.faults {
		if i == maxFaults {
			errs = append(errs, fmt.Errorf("%s:%d: and %d more from here on", f.name, ft.line, len(f.faults)-i))
			break
		}
		errs = append(errs, fmt.Errorf("%s:%d: %s", f.name, ft.line, ft.text))
	}
	return errors.Join(errs...)
}

func (f *mappingFile) load(data []byte) *Mapping {
	var doc yaml.Node
	if len(strings.TrimSpace(string(data))) == 0 {
		f.fault(1, "the file is empty: want a list of events")
		return nil
	}
	if err := yaml.Load(data, &doc); err != nil {
		line, text := 1, err.Error()
		if le, ok := errors.AsType[*yaml.LoadError](err); ok {
			line, text = max(le.Mark.Line, 1), le.Message
		}
		f.fault(line, "the file is no YAML: %s", strings.TrimPrefix(text, "yaml: "))
		return nil
	}
	m := &Mapping{entries: make(map[string]*entry), types: make(map[string]string)}
	for _, t := range eventTypes {
		m.types[fold(t)] = t
	}
	top := f.fields(&doc, "the file", "extends", "unmapped", "types", "events")
	if top == nil {
		return m
	}
	base := f.base(top["extends"])
	if n := top["unmapped"]; n != nil {
		m.unmapped = unmappedRule(f.choice(n, "unmapped", unmappedRuleNames))
	} else if base != nil {
		m.unmapped = base.unmapped
	}
	if n := top["types"]; n != nil {
		f.types(n, m)
	}
	switch n := top["events"]; {
	case n != nil:
		f.events(n, m)
	case base == nil:
		f.fault(1, "events is missing: want a list of events, or extends: default")
	}
	if base != nil {
		// What the file says of a name comes before what the default says.
		for key, e := range base.entries {
			if m.entries[key] == nil {
				m.entries[key] = e
			}
		}
	}
	return m
}

func (f *mappingFile) base(n *yaml.Node) *Mapping {
	if n == nil {
		return nil
	}
	if s, ok := f.text(n, "extends"); !ok || s != "default" {
		if ok {
			f.fault(n.Line, "extends is %q: want default, the embedded mapping", s)
		}
		return nil
	}
	m, err := defaultMapping()
	if err != nil {
		f.fault(n.Line, "%v", err)
	}
	return m
}

var typePattern = regexp.MustCompile(`^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$`)

// types reads the event types that the user declares beside ours.
func (f *mappingFile) types(n *yaml.Node, m *Mapping) {
	for _, item := range f.list(n, "types") {
		s, ok := f.text(item, "types")
		switch {
		case !ok:
		case !typePattern.MatchString(s) || len(s) > maxFolded:
			f.fault(item.Line, "type %q is no event type: want capitals, digits and _, such as PURCHASE", s)
		case m.types[fold(s)] != "":
			f.fault(item.Line, "type %s is known as %s already: want it once, and none of the known ones", s, m.types[fold(s)])
		default:
			m.types[fold(s)] = s
		}
	}
}

func (f *mappingFile) events(n *yaml.Node, m *Mapping) {
	lines := make(map[string]int)
	for _, item := range f.list(n, "events") {
		f.event(item, m, lines)
	}
}

var entryKeys = []string{"match", "name", "event_type", "action_source", "value", "action"}

// event reads one entry; lines has where each name was matched first.
func (f *mappingFile) event(n *yaml.Node, m *Mapping, lines map[string]int) {
	before := len(f.faults)
	fields := f.fields(n, "an event", entryKeys...)
	if fields == nil {
		return
	}
	e := &entry{}
	if a := fields["action"]; a != nil {
		e.filter = f.choice(a, "action", []string{"send", "filter"}) == 1
	}
	f.entryName(n, fields["name"], e)
	f.entryType(n, fields["event_type"], e, m)
	f.entryValue(fields["value"], e)
	if a := fields["action_source"]; a != nil {
		sources := []string{SourceWebsite, SourceApp}
		e.actionSource = sources[f.choice(a, "action_source", sources)]
	}
	if fields["match"] == nil {
		f.fault(n.Line, "an event has no match: want the names that it has in the source")
		return
	}
	matches := f.list(fields["match"], "match")
	for _, match := range matches {
		f.match(match, e, m, lines)
	}
	if len(matches) == 0 && len(f.faults) == before {
		f.fault(fields["match"].Line, "match is empty: want the names that the event has in the source")
	}
}

func (f *mappingFile) match(n *yaml.Node, e *entry, m *Mapping, lines map[string]int) {
	s, ok := f.text(n, "match")
	if !ok {
		return
	}
	key := fold(s)
	switch {
	case key == "":
		f.fault(n.Line, "match %q is blank: want a name, of which case, spaces, _ and - do not count", s)
	case len(key) > maxFolded || !printable(s):
		f.fault(n.Line, "match %q is too long or not printable: want at most %d bytes of text", quotable(s), maxFolded)
	case lines[key] != 0:
		f.fault(n.Line, "match %q is taken by line %d: want each name once, of which case, spaces, _ and - do not count", s, lines[key])
	default:
		lines[key], m.entries[key] = n.Line, e
	}
}

func (f *mappingFile) entryName(event, n *yaml.Node, e *entry) {
	if n == nil {
		if !e.filter {
			f.fault(event.Line, "an event has no name: want what it is called at Amazon, such as Purchase")
		}
		return
	}
	s, ok := f.text(n, "name")
	switch {
	case !ok:
	case trim(s) == "":
		f.fault(n.Line, "name is blank: want what the event is called at Amazon, such as Purchase")
	case trim(s) != s || longerThan(s, maxEventName) || !printable(s):
		f.fault(n.Line, "name %q cannot be sent: want at most %d printable characters without blanks around them", quotable(s), maxEventName)
	}
	e.name = s
}

func (f *mappingFile) entryType(event, n *yaml.Node, e *entry, m *Mapping) {
	if n == nil {
		if !e.filter {
			f.fault(event.Line, "an event has no event_type: want one of %s", m.typeList())
		}
		return
	}
	s, ok := f.text(n, "event_type")
	if !ok {
		return
	}
	if canonical := m.types[fold(s)]; canonical == "" {
		f.fault(n.Line, "event_type %q is unknown: want one of %s; others are declared under types", quotable(s), m.typeList())
	} else if canonical != s {
		f.fault(n.Line, "event_type %q is written %s", s, canonical)
	}
	e.eventType = s
}

func (f *mappingFile) entryValue(n *yaml.Node, e *entry) {
	if e.eventType == TypePurchase {
		e.value = valueRequired
	}
	if n == nil {
		return
	}
	v := valueRule(f.choice(n, "value", valueRuleNames))
	if e.eventType == TypePurchase && v != valueRequired {
		f.fault(n.Line, "value is %s for a PURCHASE: want required, since a purchase always has one", valueRuleNames[v])
	}
	e.value = v
}
