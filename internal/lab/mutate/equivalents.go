package mutate

import (
	_ "embed"
	"fmt"

	"go.yaml.in/yaml/v4"
)

//go:embed equivalents.yaml
var equivalents []byte

// An Equivalent is a mutant, or all of a line, that no test can or should notice.
type Equivalent struct {
	Package string
	Func    string
	In      string // the line of code that the edit begins in, without its indentation
	Old     string // what the edit replaces; empty for every edit of the line
	New     string
	Why     string
}

// Equivalents returns what equivalents.yaml argues.
func Equivalents() ([]Equivalent, error) { return parseEquivalents(equivalents) }

func parseEquivalents(text []byte) ([]Equivalent, error) {
	var list []Equivalent
	if err := yaml.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("equivalents.yaml: %w", err)
	}
	for i, e := range list {
		if e.Package == "" || e.In == "" || e.Why == "" {
			return nil, fmt.Errorf("equivalents.yaml: entry %d (%q) lacks a package, a line or a reason", i+1, e.In)
		}
	}
	return list, nil
}

func (e Equivalent) matches(m *Mutant) bool {
	return e.Package == m.Package && e.Func == m.Func && e.In == m.In &&
		(e.Old == "" && e.New == "" || e.Old == m.Old && e.New == m.New)
}

// Unused returns those that match no mutant any more, because the code has changed.
func Unused(list []Equivalent, mutants []*Mutant) []Equivalent {
	var unused []Equivalent
next:
	for _, e := range list {
		for _, m := range mutants {
			if e.matches(m) {
				continue next
			}
		}
		unused = append(unused, e)
	}
	return unused
}
