package transform

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// fields reads a YAML mapping whose keys must be among known; what calls the
// thing in errors. nil when n is no mapping.
func (f *mappingFile) fields(n *yaml.Node, what string, known ...string) map[string]*yaml.Node {
	n = content(n)
	if n.Kind != yaml.MappingNode {
		f.fault(n.Line, "%s is %s: want keys among %s", what, kind(n), strings.Join(known, ", "))
		return nil
	}
	fields := make(map[string]*yaml.Node)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch {
		case !slices.Contains(known, key.Value):
			f.fault(key.Line, "key %q of %s is unknown: want one of %s", quotable(key.Value), what, strings.Join(known, ", "))
		case fields[key.Value] != nil:
			f.fault(key.Line, "key %s is there twice: want it once", key.Value)
		default:
			fields[key.Value] = value
		}
	}
	return fields
}

// list reads a sequence, or one scalar as a sequence of one.
func (f *mappingFile) list(n *yaml.Node, what string) []*yaml.Node {
	switch n = content(n); {
	case n.Kind == yaml.SequenceNode:
		return n.Content
	case n.Kind == yaml.ScalarNode && what != "events" && n.Tag != "!!null":
		return []*yaml.Node{n}
	}
	f.fault(n.Line, "%s is %s: want a list", what, kind(n))
	return nil
}

// text reads a scalar that is not empty.
func (f *mappingFile) text(n *yaml.Node, what string) (string, bool) {
	if n = content(n); n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		f.fault(n.Line, "%s is %s: want text", what, kind(n))
		return "", false
	}
	return n.Value, true
}

// choice reads a scalar that must be one of names and returns which; 0 after a
// fault.
func (f *mappingFile) choice(n *yaml.Node, what string, names []string) int {
	s, ok := f.text(n, what)
	if !ok {
		return 0
	}
	i := slices.Index(names, s)
	if i < 0 {
		f.fault(n.Line, "%s is %q: want one of %s", what, quotable(s), strings.Join(names, ", "))
		return 0
	}
	return i
}

// content goes through the document and through aliases to what is meant.
func content(n *yaml.Node) *yaml.Node {
	for {
		switch {
		case n.Kind == yaml.DocumentNode && len(n.Content) > 0:
			n = n.Content[0]
		case n.Kind == yaml.AliasNode && n.Alias != nil:
			n = n.Alias
		default:
			return n
		}
	}
}

func kind(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Tag == "!!null":
		return "empty"
	}
	return fmt.Sprintf("%q", quotable(n.Value))
}

// quotable cuts a value of the file to what is readable in an error. It is the
// operator's own file, so nothing in it is secret.
func quotable(s string) string {
	if longerThan(s, 64) {
		return string([]rune(s)[:64]) + "…"
	}
	return s
}
