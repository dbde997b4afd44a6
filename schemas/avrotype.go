package schemas

import (
	"encoding/json"
	"errors"

	"github.com/linkedin/goavro/v2"
)

// kind is what an Avro type is made of on the wire.
type Kind uint8

const (
	kindNull Kind = iota
	kindBoolean
	kindInt
	kindLong
	kindFloat
	kindDouble
	kindBytes
	kindString
	kindFixed
	kindEnum
	kindRecord
	kindArray
	kindMap
	kindUnion
)

// avroType is one type of a writer's schema. Schemas may be recursive, so a
// walk over types needs a bound of its own.
type avroType struct {
	Kind    Kind
	Logical Logical
	Name    string // full name of a record, enum or fixed
	// logicalName is what the schema calls the meaning, whether or not we know it.
	LogicalName string
	Key         string      // how goavro names the type as a branch of a union
	Scale       int         // of a decimal
	Digits      int         // precision of a decimal
	Size        int         // of a fixed
	Symbols     []string    // of an enum
	Fields      []avroField // of a record, in the order of the wire
	Elem        *avroType   // of an array's items or a map's values
	Branches    []*avroType // of a union
}

type avroField struct {
	Name    string
	Aliases []string // names it had in earlier versions of the writer's schema
	Doc     string
	Type    *avroType
}

// field returns the type of the record's field of that name, or nil.
func (t *avroType) Field(name string) *avroType {
	for _, f := range t.Fields {
		if f.Name == name {
			return f.Type
		}
	}
	return nil
}

// Alternatives are the types that a value of type t can have.
func (t *avroType) Alternatives() []*avroType {
	if t.Kind == kindUnion {
		return t.Branches
	}
	return []*avroType{t}
}

var primitives = map[string]Kind{
	"null": kindNull, "boolean": kindBoolean, "int": kindInt, "long": kindLong,
	"float": kindFloat, "double": kindDouble, "bytes": kindBytes, "string": kindString,
}

func (k Kind) String() string {
	return [...]string{
		"null", "boolean", "int", "long", "float", "double", "bytes", "string",
		"fixed", "enum", "record", "array", "map", "union",
	}[k]
}

// NewCodec returns goavro's codec for the type's bytes, without what its logical
// types mean: see forGoavro.
func NewCodec(t *avroType) (codec *goavro.Codec, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("it has a shape that the Avro library fails on")
		}
	}()
	text, err := json.Marshal(t.forGoavro(make(map[*avroType]bool)))
	if err != nil {
		return nil, err
	}
	return goavro.NewCodec(string(text))
}

// forGoavro is the type as the schema that goavro is given: the same bytes on
// the wire, without logical types, names, defaults and aliases. What they mean
// is ours to say, and with them goavro refuses schemas that are right (two
// decimals of which one leaves its scale out, a named type outside of its
// parent's namespace), turns amounts into rationals, and writes to a global map
// when a schema has a validated string.
func (t *avroType) forGoavro(defined map[*avroType]bool) any {
	if t.Kind <= kindString {
		return t.Kind.String()
	}
	switch t.Kind {
	case kindArray:
		return map[string]any{"type": "array", "items": t.Elem.forGoavro(defined)}
	case kindMap:
		return map[string]any{"type": "map", "values": t.Elem.forGoavro(defined)}
	case kindUnion:
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
	case kindFixed:
		s["size"] = t.Size
	case kindEnum:
		s["symbols"] = t.Symbols
	case kindRecord:
		fields := make([]any, len(t.Fields))
		for i, f := range t.Fields {
			fields[i] = map[string]any{"name": f.Name, "type": f.Type.forGoavro(defined)}
		}
		s["fields"] = fields
	}
	return s
}
