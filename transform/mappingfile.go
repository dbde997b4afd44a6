package transform

import (
	"path/filepath"
	"regexp"

	"go.yaml.in/yaml/v4"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/yamlfile"
)

// LoadMapping reads a mapping file; name is what errors call it. An error lists all mistakes,
// by line.
func LoadMapping(name string, data []byte) (*Mapping, error) {
	f := mappingFile{File: yamlfile.File{Name: name}}
	m := f.load(data)
	if err := f.Err(); err != nil {
		return nil, err
	}
	return m, nil
}

// mappingFile is a mapping file that is being read.
type mappingFile struct {
	yamlfile.File
	matches []string // as they are written
}

func (f *mappingFile) load(data []byte) *Mapping {
	doc := f.Parse(data, "a list of events")
	if doc == nil {
		return nil
	}
	m := &Mapping{entries: make(map[string]*entry), types: make(map[string]string)}
	for _, t := range eventTypes {
		m.types[fold(t)] = t
	}
	top := f.Fields(doc, "the file", "extends", "unmapped", "types", "fields", "attributes", "replace_forbidden", "rules", "events")
	if top == nil {
		return m
	}
	base := f.base(top["extends"])
	if n := top["unmapped"]; n != nil {
		m.unmapped = unmappedRule(f.Choice(n, "unmapped", unmappedRuleNames))
	} else if base != nil {
		m.unmapped = base.unmapped
	}
	if n := top["types"]; n != nil {
		f.types(n, m)
	}
	if n := top["fields"]; n != nil {
		m.aliases = f.aliases(n)
	}
	if n := top["replace_forbidden"]; n != nil {
		m.replace = f.replacement(n)
	} else if base != nil {
		m.replace = base.replace
	}
	if m.attributes = f.attributes(top["attributes"]); m.attributes == nil && base != nil {
		m.attributes = base.attributes
	}
	switch n := top["events"]; {
	case n != nil:
		f.events(n, m)
	case base == nil && top["rules"] == nil:
		f.Fault(1, "events is missing: want a list of events, or extends: default")
	}
	if n := top["rules"]; n != nil {
		f.rules(n, m)
	}
	if base != nil {
		// The file's entry for a name replaces the default's.
		for key, e := range base.entries {
			if m.entries[key] == nil {
				m.entries[key] = e
			}
		}
	}
	m.spell(f.matches)
	m.putRulesOver()
	return m
}

func (f *mappingFile) base(n *yaml.Node) *Mapping {
	if n == nil {
		return nil
	}
	if s, ok := f.Text(n, "extends"); !ok || s != "default" {
		if ok {
			f.Fault(n.Line, "extends is %s: want default, the embedded mapping", redact.Quote(s))
		}
		return nil
	}
	m, err := defaultMapping()
	if err != nil {
		f.Fault(n.Line, "%v", err)
	}
	return m
}

var typePattern = regexp.MustCompile(`^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$`)

// types reads the event types that the user declares.
func (f *mappingFile) types(n *yaml.Node, m *Mapping) {
	for _, item := range f.Items(n, "types") {
		s, ok := f.Text(item, "types")
		switch {
		case !ok:
		case !typePattern.MatchString(s) || len(s) > maxFolded:
			f.Fault(item.Line, "type %s is not an event type: want capitals, digits and _, such as PURCHASE", redact.Quote(s))
		case m.types[fold(s)] != "":
			f.Fault(item.Line, "type %s is already known as %s: want each type once, and no built-in type", s, m.types[fold(s)])
		default:
			m.types[fold(s)] = s
		}
	}
}

func (f *mappingFile) events(n *yaml.Node, m *Mapping) {
	lines := make(map[string]int)
	for _, item := range f.List(n, "events") {
		f.event(item, m, lines)
	}
}

var entryKeys = []string{"match", "name", "event_type", "action_source", "value", "action", "data_set", "attributes", "own_type"}

// event reads one entry; lines has the line on which each name was first matched.
func (f *mappingFile) event(n *yaml.Node, m *Mapping, lines map[string]int) {
	before := f.Faults()
	fields := f.Fields(n, "an event", entryKeys...)
	if fields == nil {
		return
	}
	e := &entry{line: n.Line, file: filepath.Base(f.Name)}
	if a := fields["action"]; a != nil {
		e.filter = f.Choice(a, "action", actions) == 1
	}
	f.entryName(n, fields["name"], e)
	f.entryType(n, fields["event_type"], e, m)
	f.entryValue(fields["value"], e)
	f.entryRest(fields, e)
	if fields["match"] == nil {
		f.Fault(n.Line, "an event has no match: want the names that it has in the source")
		return
	}
	matches := f.Items(fields["match"], "match")
	for _, match := range matches {
		f.match(match, e, m, lines)
	}
	if len(matches) == 0 && f.Faults() == before {
		f.Fault(fields["match"].Line, "match is empty: want the names that the event has in the source")
	}
}

var actions = []string{"send", "filter"}

// entryRest reads what entries and rules have in common.
func (f *mappingFile) entryRest(fields map[string]*yaml.Node, e *entry) {
	if a := fields["action_source"]; a != nil {
		sources := []string{SourceWebsite, SourceApp}
		e.actionSource = sources[f.Choice(a, "action_source", sources)]
	}
	e.dataSet, e.attributes = f.dataSet(fields["data_set"]), f.attributes(fields["attributes"])
	if o := fields["own_type"]; o != nil {
		e.overrides = f.Choice(o, "own_type", []string{"keep", "override"}) == 1
		if e.overrides && e.eventType == "" {
			f.Fault(o.Line, "own_type is override, but no event_type is set to replace it: want one")
		}
	}
}

func (f *mappingFile) match(n *yaml.Node, e *entry, m *Mapping, lines map[string]int) {
	s, ok := f.Text(n, "match")
	if !ok {
		return
	}
	key := fold(s)
	switch {
	case key == "":
		f.Fault(n.Line, "match %s is blank: want a name (case, spaces, _ and - are ignored)", redact.Quote(s))
	case len(key) > maxFolded || !printable(s):
		f.Fault(n.Line, "match %s is too long or not printable: want at most %d bytes of text", redact.Quote(s), maxFolded)
	case lines[key] != 0:
		f.Fault(n.Line, "match %s is taken by line %d: want each name once (case, spaces, _ and - are ignored)", redact.Quote(s), lines[key])
	default:
		lines[key], m.entries[key] = n.Line, e
		f.matches = append(f.matches, s)
	}
}

func (f *mappingFile) entryName(event, n *yaml.Node, e *entry) {
	if n == nil {
		if !e.filter {
			f.Fault(event.Line, "an event has no name: want what it is called at Amazon, such as Purchase")
		}
		return
	}
	s, ok := f.Text(n, "name")
	switch {
	case !ok:
	case trim(s) == "":
		f.Fault(n.Line, "name is blank: want what the event is called at Amazon, such as Purchase")
	case trim(s) != s || longerThan(s, maxEventName) || !printable(s):
		f.Fault(n.Line, "name %s cannot be sent: want at most %d printable characters without blanks around them", redact.Quote(s), maxEventName)
	}
	e.name = s
}

func (f *mappingFile) entryType(event, n *yaml.Node, e *entry, m *Mapping) {
	if n == nil {
		if !e.filter {
			f.Fault(event.Line, "an event has no event_type: want one of %s", m.typeList())
		}
		return
	}
	s, ok := f.Text(n, "event_type")
	if !ok {
		return
	}
	if canonical := m.types[fold(s)]; canonical == "" {
		f.Fault(n.Line, "event_type %s is unknown: want one of %s; others are declared under types", redact.Quote(s), m.typeList())
	} else if canonical != s {
		f.Fault(n.Line, "event_type %s is written %s", redact.Quote(s), canonical)
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
	v := valueRule(f.Choice(n, "value", valueRuleNames))
	if e.eventType == TypePurchase && v != valueRequired {
		f.Fault(n.Line, "value is %s for a PURCHASE: want required, since a purchase always has one", valueRuleNames[v])
	}
	e.value = v
}
