package avro

import (
	"encoding/json"
	"errors"

	"github.com/linkedin/goavro/v2"
)

// Kind is what an Avro type is on the wire, whatever it means.
type Kind uint8

// The kinds.
const (
	Null Kind = iota
	Boolean
	Int
	Long
	Float
	Double
	Bytes
	String
	Fixed
	Enum
	Record
	Array
	Map
	Union
)

// Type is one type of a writer's schema. Schemas may be recursive, so every walk
// over types needs a bound.
type Type struct {
	Kind    Kind
	Logical Logical
	Name    string // full name of a record, enum or fixed
	// LogicalName is what the schema calls the meaning, whether or not we know it.
	LogicalName string
	Key         string   // how goavro names the type as a branch of a union
	Scale       int      // of a decimal
	Digits      int      // precision of a decimal
	Size        int      // of a fixed
	Symbols     []string // of an enum
	Fields      []Field  // of a record, in the order of the wire
	Elem        *Type    // of an array's items or a map's values
	Branches    []*Type  // of a union
}

// Field is a field of a record.
type Field struct {
	Name    string
	Aliases []string // names it had in earlier versions of the writer's schema
	Doc     string
	Type    *Type
}

// Field returns the type of the record's field of that name, or nil.
func (t *Type) Field(name string) *Type {
	for _, f := range t.Fields {
		if f.Name == name {
			return f.Type
		}
	}
	return nil
}

// Alternatives are the types that a value of type t can have.
func (t *Type) Alternatives() []*Type {
	if t.Kind == Union {
		return t.Branches
	}
	return []*Type{t}
}

var primitives = map[string]Kind{
	"null": Null, "boolean": Boolean, "int": Int, "long": Long,
	"float": Float, "double": Double, "bytes": Bytes, "string": String,
}

func (k Kind) String() string {
	return [...]string{
		"null", "boolean", "int", "long", "float", "double", "bytes", "string",
		"fixed", "enum", "record", "array", "map", "union",
	}[k]
}

// NewCodec returns goavro's codec for the type's bytes. It ignores logical types:
// see forGoavro.
func NewCodec(t *Type) (codec *goavro.Codec, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("it has a shape that the Avro library fails on")
		}
	}()
	text, err := json.Marshal(t.forGoavro(make(map[*Type]bool)))
	if err != nil {
		return nil, err
	}
	return goavro.NewCodec(string(text))
}

// forGoavro returns the schema that goavro is given: the same bytes on the wire, but
// without logical types, names, defaults and aliases. We interpret those ourselves.
// Given them, goavro refuses correct schemas (two decimals of which one omits its
// scale, a named type outside its parent's namespace), turns amounts into
// rationals, and writes to a global map when a schema has a validated string.
func (t *Type) forGoavro(defined map[*Type]bool) any {
	if t.Kind <= String {
		return t.Kind.String()
	}
	switch t.Kind {
	case Array:
		return map[string]any{"type": "array", "items": t.Elem.forGoavro(defined)}
	case Map:
		return map[string]any{"type": "map", "values": t.Elem.forGoavro(defined)}
	case Union:
		branches := make([]any, len(t.Branches))
		for i, b := range t.Branches {
			branches[i] = b.forGoavro(defined)
		}
		return branches
	}
	if defined[t] {
		return t.Key
	}
	defined[t] = true
	s := map[string]any{"type": t.Kind.String(), "name": t.Key}
	switch t.Kind {
	case Fixed:
		s["size"] = t.Size
	case Enum:
		s["symbols"] = t.Symbols
	case Record:
		fields := make([]any, len(t.Fields))
		for i, f := range t.Fields {
			fields[i] = map[string]any{"name": f.Name, "type": f.Type.forGoavro(defined)}
		}
		s["fields"] = fields
	}
	return s
}
