package framing

import (
	"fmt"
	"slices"
	"strings"
)

// Style is one form of a framing, as a producer chooses it.
type Style struct {
	Name string
	// Kind is what the schema is called, Header whether a header says so.
	Kind   Kind
	Header bool
	Zlib   bool
}

// Mixed is the name of all styles in turn.
const Mixed = "mixed"

var styles = []Style{
	{Name: "confluent-prefix", Kind: ID},
	{Name: "confluent-header", Kind: GUID, Header: true},
	{Name: "confluent-header-id", Kind: ID, Header: true},
	{Name: "apicurio-prefix", Kind: ApicurioID},
	{Name: "apicurio-header", Kind: ApicurioContentID, Header: true},
	{Name: "glue", Kind: GlueVersion},
	{Name: "glue-zlib", Kind: GlueVersion, Zlib: true},
}

// StyleNames lists what ParseStyles takes.
func StyleNames() []string {
	var all []string
	for _, s := range styles {
		all = append(all, s.Name)
	}
	return append(all, Mixed)
}

// ParseStyles returns the styles of a name: one, or for mixed all, Glue's only if glue
// says that there is one.
func ParseStyles(name string, glue bool) ([]Style, error) {
	if name == Mixed {
		return slices.DeleteFunc(slices.Clone(styles), func(s Style) bool { return s.Kind == GlueVersion && !glue }), nil
	}
	for _, s := range styles {
		if s.Name == name {
			return []Style{s}, nil
		}
	}
	return nil, fmt.Errorf("%q is unknown: want one of %s", name, strings.Join(StyleNames(), ", "))
}
