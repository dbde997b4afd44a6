package avro

import "fmt"

// The bounds of a writer's schema. Whoever may register one chooses its size, and a
// record of a few bytes makes us read it. They are many times what schemas of events
// need, and keep the work for one schema below a tenth of a second.
const (
	// MaxBytes bounds a schema's text, with the texts of those it refers to.
	MaxBytes = 1 << 20
	// MaxSchemaParts bounds its parts: types, fields, branches of unions,
	// symbols of enums. An optional field has four.
	MaxSchemaParts = 20_000
	// maxSchemaDepth bounds how deep its types nest. Records that nest deeper are
	// refused anyway.
	maxSchemaDepth = MaxDepth
	// maxSchemaName bounds each of its names. They are repeated in field paths, and
	// an enum's symbols are values of fields.
	maxSchemaName = 512
)

// MaxScale bounds how many decimals an amount may have: enough for any schema,
// and few enough that a hostile exponent cannot ask for megabytes of zeros.
const MaxScale = 1000

// checkSize refuses a schema for its length, before it is parsed.
func (s *Schema) checkSize() error {
	size := len(s.Text)
	for _, ref := range s.References {
		size += len(ref)
	}
	if size > MaxBytes {
		return fmt.Errorf("it has %d bytes with those it refers to: want %d at most", size, MaxBytes)
	}
	return nil
}

// budget counts down what is left of a schema's parts and depth.
type budget struct{ parts, depth int }

var errTooManyParts = fmt.Errorf("it consists of more than %d types, fields, branches and symbols", MaxSchemaParts)

var errTooDeep = fmt.Errorf("its types nest deeper than %d levels", maxSchemaDepth)

func (b *budget) take(parts int) error {
	if b.parts -= parts; b.parts < 0 {
		return errTooManyParts
	}
	return nil
}

func checkName(what, name string) error {
	if len(name) > maxSchemaName {
		return fmt.Errorf("it has a %s whose name has %d bytes: want %d at most", what, len(name), maxSchemaName)
	}
	return nil
}

// checkDepth refuses a type that nests too deep, counting each record, enum and fixed
// where it is first met, as in the text that goavro is given: schemas that refer to
// each other can nest in ways that none of their texts does.
func (t *Type) checkDepth() error {
	met := make(map[*Type]bool)
	var walk func(t *Type, left int) error
	walk = func(t *Type, left int) error {
		if left == 0 {
			return errTooDeep
		}
		if t.Name != "" {
			if met[t] {
				return nil
			}
			met[t] = true
		}
		for _, f := range t.Fields {
			if err := walk(f.Type, left-1); err != nil {
				return err
			}
		}
		for _, b := range t.Branches {
			if err := walk(b, left-1); err != nil {
				return err
			}
		}
		if t.Elem != nil {
			return walk(t.Elem, left-1)
		}
		return nil
	}
	return walk(t, maxSchemaDepth)
}
