package avro

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/tracklayer/amazon-capi/internal/textfile"
)

// Schema is a schema as the registry has it.
type Schema struct {
	// Type is AVRO, JSON, PROTOBUF or another type that the registry knows.
	Type string
	Text string
	// References are the texts of the schemas it refers to; each follows those it
	// refers to itself.
	References []string
}

// Parse parses a schema, after those it refers to.
//
// The parser is our own because no library's would replace it. goavro, which judges
// records, keeps what it parsed to itself. hamba/avro (2.31) shows its types but
// bounds neither depth nor size, and twmb/avro (1.9) bounds depth only, while here
// strangers choose the schema. With either, most of this package would remain: the
// budget of parts, logical types that do not fit their type, Debezium's names, and
// the schema that goavro is given.
func Parse(text string, references ...string) (*Type, error) {
	t, _, err := ParseSchema(&Schema{Text: text, References: references})
	return t, err
}

// ParseSchema is Parse that also returns how many parts the schema consists of.
func ParseSchema(s *Schema) (root *Type, parts int, err error) {
	if err := s.checkSize(); err != nil {
		return nil, 0, err
	}
	p := parser{named: make(map[string]*Type), left: budget{MaxSchemaParts, maxSchemaDepth}}
	for _, ref := range s.References {
		if _, err := p.parseText(ref); err != nil {
			return nil, 0, fmt.Errorf("in a schema it refers to: %w", err)
		}
	}
	if root, err = p.parseText(s.Text); err == nil {
		err = root.checkDepth()
	}
	return root, MaxSchemaParts - p.left.parts, err
}

type parser struct {
	named map[string]*Type // by full name
	left  budget
}

func (p *parser) parseText(text string) (*Type, error) {
	var v any
	if err := json.Unmarshal([]byte(strings.TrimPrefix(text, textfile.Mark)), &v); err != nil {
		return nil, errors.New("it is not JSON")
	}
	return p.parse(v, "")
}

// parse reads a schema or a part of one. Names without a namespace of their
// own are in ns.
func (p *parser) parse(v any, ns string) (*Type, error) {
	if err := p.left.take(1); err != nil {
		return nil, err
	}
	if p.left.depth == 0 {
		return nil, errTooDeep
	}
	p.left.depth--
	defer func() { p.left.depth++ }()
	switch v := v.(type) {
	case string:
		return p.lookup(v, ns)
	case []any:
		return p.parseUnion(v, ns)
	case map[string]any:
		return p.parseObject(v, ns)
	}
	return nil, errors.New("a type is neither a name, an object nor a union")
}

func (p *parser) lookup(name, ns string) (*Type, error) {
	if k, ok := primitives[name]; ok {
		return &Type{Kind: k, Key: name}, nil
	}
	if t, ok := p.named[fullName(name, ns)]; ok {
		return t, nil
	}
	if t, ok := p.named[name]; ok {
		return t, nil
	}
	return nil, fmt.Errorf("it uses a type %.100q that it does not define", name)
}

func (p *parser) parseUnion(branches []any, ns string) (*Type, error) {
	if len(branches) == 0 {
		return nil, errors.New("it has a union of nothing")
	}
	t := &Type{Kind: Union}
	seen := make(map[string]bool, len(branches))
	for _, b := range branches {
		bt, err := p.parse(b, ns)
		if err != nil {
			return nil, err
		}
		if bt.Kind == Union {
			return nil, errors.New("it has a union within a union")
		}
		if seen[bt.Key] {
			return nil, fmt.Errorf("it has a union with two branches of type %s", bt.Kind)
		}
		seen[bt.Key] = true
		t.Branches = append(t.Branches, bt)
	}
	return t, nil
}

func (p *parser) parseObject(m map[string]any, ns string) (*Type, error) {
	name, ok := m["type"].(string)
	if !ok {
		if m["type"] == nil {
			return nil, errors.New("it has a type without \"type\"")
		}
		return p.parse(m["type"], ns)
	}
	switch name {
	case "record", "error":
		return p.parseRecord(m, ns)
	case "enum":
		return p.parseEnum(m, ns)
	case "fixed":
		return p.parseFixed(m, ns)
	case "array", "map":
		k, part := Array, "items"
		if name == "map" {
			k, part = Map, "values"
		}
		elem, err := p.parse(m[part], ns)
		if err != nil {
			return nil, err
		}
		return &Type{Kind: k, Key: name, Elem: elem}, nil
	}
	t, err := p.lookup(name, ns)
	if err != nil {
		return nil, err
	}
	if _, ok := primitives[name]; ok {
		t.annotate(m)
	}
	return t, nil
}

func (p *parser) parseRecord(m map[string]any, ns string) (*Type, error) {
	t, ns, err := p.define(Record, m, ns)
	if err != nil {
		return nil, err
	}
	fields, ok := m["fields"].([]any)
	if !ok {
		return nil, fmt.Errorf("record %s has no fields", t.Name)
	}
	for _, f := range fields {
		fm, _ := f.(map[string]any)
		name, _ := fm["name"].(string)
		if name == "" {
			return nil, fmt.Errorf("record %s has a field without a name", t.Name)
		}
		if err := errors.Join(checkName("field", name), p.left.take(1)); err != nil {
			return nil, err
		}
		typ := fm["type"]
		if s, ok := typ.(string); ok && fm["logicalType"] != nil {
			// Strictly, a logicalType beside the field's type means nothing.
			// But it is the most common slip in hand-written schemas, and
			// ignoring it would take microseconds for milliseconds.
			if _, ok := primitives[s]; ok {
				typ = fm
			}
		}
		ft, err := p.parse(typ, ns)
		if err != nil {
			return nil, err
		}
		doc, _ := fm["doc"].(string)
		t.Fields = append(t.Fields, Field{Name: name, Aliases: texts(fm["aliases"]), Doc: doc, Type: ft})
	}
	return t, nil
}

// texts reads a list of names and ignores what is not a name: a slip in an alias
// must not make a schema unreadable that can be read without it.
func texts(v any) (names []string) {
	list, _ := v.([]any)
	for _, e := range list {
		if s, ok := e.(string); ok && len(s) <= maxSchemaName {
			names = append(names, s)
		}
	}
	return names
}

func (p *parser) parseEnum(m map[string]any, ns string) (*Type, error) {
	t, _, err := p.define(Enum, m, ns)
	if err != nil {
		return nil, err
	}
	symbols, _ := m["symbols"].([]any)
	for _, s := range symbols {
		symbol, ok := s.(string)
		if !ok {
			return nil, fmt.Errorf("enum %s has a symbol that is not text", t.Name)
		}
		if err := errors.Join(checkName("symbol", symbol), p.left.take(1)); err != nil {
			return nil, err
		}
		t.Symbols = append(t.Symbols, symbol)
	}
	return t, nil
}

func (p *parser) parseFixed(m map[string]any, ns string) (*Type, error) {
	t, _, err := p.define(Fixed, m, ns)
	if err != nil {
		return nil, err
	}
	size, ok := wholeNumber(m["size"])
	if !ok {
		return nil, fmt.Errorf("fixed %s has no size", t.Name)
	}
	t.Size = size
	t.annotate(m)
	return t, nil
}

// define makes a named type and returns it with the namespace of what is in it.
func (p *parser) define(k Kind, m map[string]any, ns string) (*Type, string, error) {
	name, _ := m["name"].(string)
	if name == "" {
		return nil, "", fmt.Errorf("it has a type %s without a name", k)
	}
	if own, ok := m["namespace"].(string); ok {
		ns = own
	}
	name = fullName(name, ns)
	if err := checkName("type", name); err != nil {
		return nil, "", err
	}
	if p.named[name] != nil {
		return nil, "", fmt.Errorf("it defines type %.100s twice", name)
	}
	ns = ""
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		ns = name[:i]
	}
	t := &Type{Kind: k, Name: name, Key: fmt.Sprintf("t%d", len(p.named))}
	p.named[name] = t
	return t, ns, nil
}

func fullName(name, ns string) string {
	if ns == "" || strings.Contains(name, ".") {
		return name
	}
	return ns + "." + name
}
