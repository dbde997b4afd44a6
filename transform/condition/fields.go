package condition

import (
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/schemas"
)

// known are the fields that conditions may use, by their short names and by their paths in
// the event. Personal identifiers are not among them: how an event is treated must not
// depend on who acted.
var known = []struct {
	names []string
	value
}{
	{[]string{"event_name"}, name(func(s Subject) string { return s.EventName })},
	{[]string{"event_type"}, name(func(s Subject) string { return s.Type })},
	{[]string{"action_source"}, name(func(s Subject) string { return s.Source })},
	{[]string{"platform"}, name(func(s Subject) string { return s.Platform })},
	{[]string{"country", "user_data.country_code"}, name(func(s Subject) string { return s.User.CountryCode })},
	{[]string{"value", "custom_data.value"}, value{number: func(s Subject) schemas.Decimal { return s.Custom.Value }}},
	{[]string{"currency", "custom_data.currency"}, name(func(s Subject) string { return s.Custom.Currency })},
	{[]string{"quantity", "custom_data.quantity"}, value{number: quantity}},
	{[]string{"order_reference", "custom_data.order_reference"}, value{text: func(s Subject) string { return s.Custom.OrderReference }}},
	{[]string{"profile_id"}, value{text: func(s Subject) string { return s.ProfileID }}},
	{[]string{"partner"}, value{text: func(s Subject) string { return s.Partner }}},
}

func quantity(s Subject) schemas.Decimal {
	if s.Custom.Quantity == 0 {
		return schemas.Decimal{} // absent
	}
	return schemas.NewDecimal(s.Custom.Quantity, 0)
}

// Fields returns the names of the fields that conditions may use.
func Fields() (names []string) {
	for _, f := range known {
		names = append(names, f.names[0])
	}
	return append(names, "attributes.KEY")
}

// name is a field compared without case, spaces, _ and -, as in a mapping's match.
func name(of func(Subject) string) value { return value{text: of, folded: true} }

// field compiles a name, or a path of names, to the field that it refers to.
func field(n ast.Node) (value, error) {
	path, ok := pathOf(n)
	if !ok {
		return value{}, fmt.Errorf("%s is not a field: want one of %s", shown(n), strings.Join(Fields(), ", "))
	}
	for _, prefix := range []string{"attributes.", "custom_data.attributes."} {
		if key, ok := strings.CutPrefix(path, prefix); ok && key != "" {
			return value{what: "attribute " + redact.Quote(key), text: func(s Subject) string { return attribute(s, key) }, mayBeNumber: true}, nil
		}
	}
	for _, f := range known {
		if slices.Contains(f.names, path) {
			v := f.value
			v.what = path
			return v, nil
		}
	}
	return value{}, fmt.Errorf("field %s does not exist in conditions: want one of %s", redact.Quote(path), strings.Join(Fields(), ", "))
}

// pathOf joins a.b and a["b"] with points.
func pathOf(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		return n.Value, true
	case *ast.MemberNode:
		of, ok := pathOf(n.Node)
		key, isText := n.Property.(*ast.StringNode)
		if !ok || !isText {
			return "", false
		}
		return of + "." + key.Value, true
	}
	return "", false
}

func attribute(s Subject, key string) string {
	for i := range s.Custom.Attributes {
		if s.Custom.Attributes[i].Key == key {
			return s.Custom.Attributes[i].Value
		}
	}
	return ""
}
