package yamlfile

import (
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/redact"
)

// Fields reads a YAML mapping whose keys must be among known; what names the thing in
// errors. nil if n is not a mapping.
func (f *File) Fields(n *yaml.Node, what string, known ...string) map[string]*yaml.Node {
	document := n.Kind == yaml.DocumentNode
	n = content(n)
	if n.Kind != yaml.MappingNode {
		f.Fault(n.Line, "%s is %s: want keys among %s", what, kind(n, document), strings.Join(known, ", "))
		return nil
	}
	fields := make(map[string]*yaml.Node)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch {
		case !slices.Contains(known, key.Value):
			f.Fault(key.Line, "key %s of %s is unknown: want one of %s", redact.Quote(key.Value), what, strings.Join(known, ", "))
		case fields[key.Value] != nil:
			f.Fault(key.Line, "key %s is there twice: want it once", key.Value)
		default:
			fields[key.Value] = value
		}
	}
	return fields
}

// Member is a key of a mapping and its value.
type Member struct{ Key, Value *yaml.Node }

// Members reads a YAML mapping with arbitrary keys; none if n is not a mapping.
func (f *File) Members(n *yaml.Node, what string) (all []Member) {
	if n = content(n); n.Kind != yaml.MappingNode {
		f.Fault(n.Line, "%s is %s: want names with what they are", what, kind(n, false))
		return nil
	}
	seen := make(map[string]int)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := content(n.Content[i]), content(n.Content[i+1])
		switch {
		case key.Kind != yaml.ScalarNode || key.Tag == "!!merge":
			f.Fault(n.Content[i].Line, "a key of %s is not text: want a name", what)
		case seen[key.Value] != 0:
			f.Fault(n.Content[i].Line, "key %s of %s is there twice, first on line %d: want it once", redact.Quote(key.Value), what, seen[key.Value])
		default:
			seen[key.Value] = n.Content[i].Line
			all = append(all, Member{key, value})
		}
	}
	return all
}

// List reads a sequence.
func (f *File) List(n *yaml.Node, what string) []*yaml.Node {
	document := n.Kind == yaml.DocumentNode
	if n = content(n); n.Kind == yaml.SequenceNode {
		return n.Content
	}
	f.Fault(n.Line, "%s is %s: want a list", what, kind(n, document))
	return nil
}

// Items reads a sequence, or one scalar as a sequence of one.
func (f *File) Items(n *yaml.Node, what string) []*yaml.Node {
	if n = content(n); n.Kind == yaml.ScalarNode && n.Tag != "!!null" {
		return []*yaml.Node{n}
	}
	return f.List(n, what)
}

// Text reads a scalar that is not empty.
func (f *File) Text(n *yaml.Node, what string) (string, bool) {
	if n = content(n); n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		f.Fault(n.Line, "%s is %s: want text", what, kind(n, false))
		return "", false
	}
	return n.Value, true
}

// Choice reads a scalar that must be one of names and returns its index; 0 after a fault.
func (f *File) Choice(n *yaml.Node, what string, names []string) int {
	s, ok := f.Text(n, what)
	if !ok {
		return 0
	}
	i := slices.Index(names, s)
	if i < 0 {
		f.Fault(n.Line, "%s is %s: want one of %s", what, redact.Quote(s), strings.Join(names, ", "))
		return 0
	}
	return i
}

// content resolves the document and aliases.
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

// kind says what a node is. Of a document that is one text it quotes nothing: it may be a
// file that holds a secret, given by mistake.
func kind(n *yaml.Node, document bool) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Tag == "!!null":
		return "empty"
	case document:
		return "a text of " + count.Of(utf8.RuneCountInString(n.Value), "character")
	}
	return redact.Quote(n.Value)
}
