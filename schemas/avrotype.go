package schemas

import (
	"encoding/json"
	"errors"

	"github.com/linkedin/goavro/v2"
)

// kind is what an Avro type is made of on the wire.
type kind uint8

const (
	kindNull kind = iota
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
	kind    kind
	logical logical
	name    string // full name of a record, enum or fixed
	// logicalName is what the schema calls the meaning, whether or not we know it.
	logicalName string
	key         string      // how goavro names the type as a branch of a union
	scale       int         // of a decimal
	digits      int         // precision of a decimal
	size        int         // of a fixed
	symbols     []string    // of an enum
	fields      []avroField // of a record, in the order of the wire
	elem        *avroType   // of an array's items or a map's values
	branches    []*avroType // of a union
}

type avroField struct {
	name    string
	aliases []string // names it had in earlier versions of the writer's schema
	doc     string
	typ     *avroType
}

// field returns the type of the record's field of that name, or nil.
func (t *avroType) field(name string) *avroType {
	for _, f := range t.fields {
		if f.name == name {
			return f.typ
		}
	}
	return nil
}

// alternatives are the types that a value of type t can have.
func (t *avroType) alternatives() []*avroType {
	if t.kind == kindUnion {
		return t.branches
	}
	return []*avroType{t}
}

var primitives = map[string]kind{
	"null": kindNull, "boolean": kindBoolean, "int": kindInt, "long": kindLong,
	"float": kindFloat, "double": kindDouble, "bytes": kindBytes, "string": kindString,
}

func (k kind) String() string {
	return [...]string{
		"null", "boolean", "int", "long", "float", "double", "bytes", "string",
		"fixed", "enum", "record", "array", "map", "union",
	}[k]
}

// newCodec returns goavro's codec for the type's bytes, without what its logical
// types mean: see forGoavro.
func newCodec(t *avroType) (codec *goavro.Codec, err error) {
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
	if t.kind <= kindString {
		return t.kind.String()
	}
	switch t.kind {
	case kindArray:
		return map[string]any{"type": "array", "items": t.elem.forGoavro(defined)}
	case kindMap:
		return map[string]any{"type": "map", "values": t.elem.forGoavro(defined)}
	case kindUnion:
		branches := make([]any, len(t.branches))
		for i, b := range t.branches {
			branches[i] = b.forGoavro(defined)
		}
		return branches
	}
	if defined[t] {
		return t.key
	}
	defined[t] = true
	s := map[string]any{"type": t.kind.String(), "name": t.key}
	switch t.kind {
	case kindFixed:
		s["size"] = t.size
	case kindEnum:
		s["symbols"] = t.symbols
	case kindRecord:
		fields := make([]any, len(t.fields))
		for i, f := range t.fields {
			fields[i] = map[string]any{"name": f.name, "type": f.typ.forGoavro(defined)}
		}
		s["fields"] = fields
	}
	return s
}
