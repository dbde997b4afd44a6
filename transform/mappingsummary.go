package transform

import (
	"maps"
	"slices"
)

// MappingSummary summarises a mapping, so that people see whether it says what they meant.
type MappingSummary struct {
	Names    int      // source names that it knows
	Rules    int      // in addition to names
	Sent     []string // the conversions, as "Purchase (PURCHASE)"
	Filtered int      // names that are not sent
	Unmapped string   // what happens to other names: reject, filter or pass
	// UnusedTypes are declared but not given to any event.
	UnusedTypes []string
	// NotBuiltIn are conversions of the built-in mapping that no name here leads to.
	NotBuiltIn []string
	// Forbidden are conversions whose names the Events API does not take.
	Forbidden []string
}

// Summary summarises the mapping; nil is the built-in one.
func (m *Mapping) Summary() (MappingSummary, error) {
	builtIn, err := defaultMapping()
	if err != nil {
		return MappingSummary{}, err
	}
	if m == nil {
		m = builtIn
	}
	s := MappingSummary{Names: len(m.entries), Rules: len(m.rules), Unmapped: unmappedRuleNames[m.unmapped]}
	sent, types, forbidden := make(map[string]bool), make(map[string]bool), make(map[string]bool)
	for _, e := range m.entries {
		if e.filter {
			s.Filtered++
			continue
		}
		sent[e.name+" ("+e.eventType+")"] = true
		types[e.eventType] = true
		if ForbiddenInName(e.name) >= 0 {
			forbidden[e.name] = true
		}
	}
	for i := range m.rules {
		says := &m.rules[i].says
		types[says.eventType] = true
		if ForbiddenInName(says.name) >= 0 {
			forbidden[says.name] = true
		}
	}
	s.Sent = slices.Sorted(maps.Keys(sent))
	s.Forbidden = slices.Sorted(maps.Keys(forbidden))
	for _, t := range slices.Sorted(maps.Values(m.types)) {
		if !types[t] && !slices.Contains(eventTypes[:], t) {
			s.UnusedTypes = append(s.UnusedTypes, t)
		}
	}
	has, known := make(map[string]bool), make(map[string]bool)
	for key, e := range builtIn.entries {
		known[e.name] = true
		if m.entries[key] != nil {
			has[e.name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(known)) {
		if !has[name] {
			s.NotBuiltIn = append(s.NotBuiltIn, name)
		}
	}
	return s, nil
}
