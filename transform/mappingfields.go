package transform

import (
	"fmt"
	"path/filepath"

	"go.yaml.in/yaml/v4"

	"github.com/tracklayer/amazon-capi/schemas"
)

// maxAliases bounds the list; there are fewer fields.
const maxAliases = 100

// aliases reads what producers with other schemas call our fields.
func (f *mappingFile) aliases(n *yaml.Node) *schemas.Aliases {
	members := f.Members(n, "fields")
	if len(members) > maxAliases {
		f.Fault(n.Line, "fields: %d given, want at most %d", len(members), maxAliases)
		return nil
	}
	list := make([]schemas.Alias, len(members))
	lines := make([]int, len(members))
	before := f.Faults()
	for i, m := range members {
		list[i], lines[i] = f.alias(m.Key, m.Value), m.Key.Line
	}
	if f.Faults() > before {
		return nil
	}
	aliases, wrong := schemas.NewAliases(list)
	for i, err := range wrong {
		if err != nil {
			f.Fault(lines[i], "fields: %v", err)
		}
	}
	return aliases
}

// alias reads one alias: a path in the producer's schema and our field for it, given as text
// or as a mapping with the keys to and optional.
func (f *mappingFile) alias(key, value *yaml.Node) schemas.Alias {
	a := schemas.Alias{From: key.Value, Where: fmt.Sprintf("line %d of %s", key.Line, filepath.Base(f.Name))}
	if value.Kind != yaml.MappingNode {
		a.To, _ = f.Text(value, "a field")
		return a
	}
	fields := f.Fields(value, "a field", "to", "optional")
	to := fields["to"]
	if to == nil {
		f.Fault(value.Line, "a field has no to: want the event field that it stands for, such as custom_data.value")
		return a
	}
	a.To, _ = f.Text(to, "to")
	if o := fields["optional"]; o != nil {
		a.Optional = f.Choice(o, "optional", []string{"false", "true"}) == 1
	}
	return a
}

// Aliases returns the mapping's aliases; nil for none.
func (t *Transformer) Aliases() *schemas.Aliases { return t.mapping.aliases }
