package transform

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tracklayer/amazon-capi/internal/redact"
)

// attributes reads the attributes that the mapping chooses. An empty list chooses none.
func (f *mappingFile) attributes(n *yaml.Node) []attributeRule {
	rules := []attributeRule{}
	if n == nil {
		return nil
	}
	free := 0
	lines := make(map[string]int)
	for _, item := range f.List(n, "attributes") {
		r, ok := f.attribute(item)
		if !ok {
			continue
		}
		switch {
		case lines[r.name] != 0:
			f.Fault(item.Line, "attribute %s is there twice, first on line %d: want each name once", r.name, lines[r.name])
		case !isReserved(r.name):
			if free++; free == MaxFreeAttributes+1 {
				f.Fault(item.Line, "attributes has too many entries: want at most %d besides %s", MaxFreeAttributes, strings.Join(reservedAttributes[:], ", "))
			}
		}
		lines[r.name] = item.Line
		rules = append(rules, r)
	}
	return rules
}

// attribute reads one: the key of an attribute of the event, or name, type and source.
func (f *mappingFile) attribute(n *yaml.Node) (r attributeRule, ok bool) {
	if n.Kind == yaml.ScalarNode {
		s, ok := f.Text(n, "attributes")
		if ok && !isWord(s) {
			f.Fault(n.Line, "attribute %s cannot be sent: want letters, digits and _, at most %d; give one of another name as {name: ..., from: attributes.KEY}", redact.Quote(s), maxAttribute)
		}
		return attributeRule{name: s, key: s}, ok
	}
	fields := f.Fields(n, "an attribute", "name", "type", "from", "value")
	if fields == nil {
		return r, false
	}
	if t := fields["type"]; t != nil {
		r.typ = AttributeType(f.Choice(t, "type", attributeTypeNames))
	}
	name := fields["name"]
	if name == nil {
		f.Fault(n.Line, "an attribute has no name: want its name at Amazon")
		return r, false
	}
	if r.name, ok = f.Text(name, "name"); ok && !isWord(r.name) {
		f.Fault(name.Line, "attribute %s cannot be sent: want letters, digits and _, at most %d", redact.Quote(r.name), maxAttribute)
	}
	f.attributeSource(n, fields["from"], fields["value"], &r)
	return r, ok
}

func (f *mappingFile) attributeSource(n, from, value *yaml.Node, r *attributeRule) {
	const want = "attributes.KEY, quantity or order_reference"
	switch {
	case from != nil && value != nil:
		f.Fault(from.Line, "from and value are both set: want where the value is, or the value itself")
	case value != nil:
		s, _ := f.Text(value, "value")
		r.from, r.constant = fromConstant, s
		if at := (Attribute{Name: "x", Value: s, Type: r.typ}); s != "" && !at.good() {
			f.Fault(value.Line, "value %s cannot be sent as %s: want letters, digits and _", redact.Quote(s), r.typ)
		}
	case from == nil:
		r.key = r.name
	default:
		s, ok := f.Text(from, "from")
		key, isAttribute := strings.CutPrefix(s, "attributes.")
		switch i := slices.Index([]string{"quantity", "order_reference"}, s); {
		case !ok:
		case isAttribute && key != "":
			r.key = key
		case i >= 0:
			r.from = []attributeSource{fromQuantity, fromOrderReference}[i]
		default:
			f.Fault(from.Line, "from is %s: want %s", redact.Quote(s), want)
		}
	}
}

// dataSet reads the data set of an entry.
func (f *mappingFile) dataSet(n *yaml.Node) string {
	if n == nil {
		return ""
	}
	s, ok := f.Text(n, "data_set")
	if ok {
		if err := CheckDataSet(s); err != nil {
			f.Fault(n.Line, "%v", err)
		}
	}
	return s
}
