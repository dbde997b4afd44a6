package schemas

import (
	"fmt"
	"unicode/utf8"
)

// What a writer's schema may be. Whoever may register one chooses its size, and a
// record of a few bytes has it read; the bounds are many times what schemas of
// events have, and keep the work for one below a tenth of a second.
const (
	// maxSchemaBytes bounds a schema's text, with the texts of those it refers to.
	maxSchemaBytes = 1 << 20
	// maxSchemaParts bounds what it consists of: types, fields, branches of unions,
	// symbols of enums. An optional field has four.
	maxSchemaParts = 20_000
	// maxSchemaDepth bounds how deep its types nest. No record that nests deeper is
	// read anyway.
	maxSchemaDepth = maxDepth
	// maxSchemaName bounds each of its names. They are repeated in field paths, and
	// an enum's symbols are values of fields.
	maxSchemaName = 512
)

// checkSize refuses a schema for its length, before it is parsed.
func (s *WriterSchema) checkSize() error {
	size := len(s.Text)
	for _, ref := range s.References {
		size += len(ref)
	}
	if size > maxSchemaBytes {
		return fmt.Errorf("it has %d bytes with those it refers to: want %d at most", size, maxSchemaBytes)
	}
	return nil
}

// budget counts down what is left of a schema's parts and depth.
type budget struct{ parts, depth int }

var errTooManyParts = fmt.Errorf("it consists of more than %d types, fields, branches and symbols", maxSchemaParts)

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

// checkDepth refuses a type that nests too deep, where each record, enum and fixed counts where
// it is first met, as in the text that goavro is given: schemas that refer to each
// other can nest in ways that none of their texts does.
func (t *avroType) checkDepth() error {
	met := make(map[*avroType]bool)
	var walk func(t *avroType, left int) error
	walk = func(t *avroType, left int) error {
		if left == 0 {
			return errTooDeep
		}
		if t.name != "" {
			if met[t] {
				return nil
			}
			met[t] = true
		}
		for _, f := range t.fields {
			if err := walk(f.typ, left-1); err != nil {
				return err
			}
		}
		for _, b := range t.branches {
			if err := walk(b, left-1); err != nil {
				return err
			}
		}
		if t.elem != nil {
			return walk(t.elem, left-1)
		}
		return nil
	}
	return walk(t, maxSchemaDepth)
}

const (
	// maxPath bounds a field's path in an error. Paths are made for each record that
	// cannot be read, of names and levels that its writer chose.
	maxPath = 256
	// maxPathName bounds a name in it.
	maxPathName = 96
)

// joinPath puts a field's name before the path within it. What is too long loses
// its middle: where it begins is what the reader knows, and where it ends is what is
// at fault.
func joinPath(name, within string) string {
	name = cutName(name)
	switch {
	case within == "":
		return name
	case len(name)+1+len(within) <= maxPath:
		return name + "." + within
	}
	const between = ".…."
	from := len(within) - (maxPath - len(name) - len(between))
	for from < len(within) && !utf8.RuneStart(within[from]) {
		from++
	}
	return name + between + within[from:]
}

func cutName(name string) string {
	if len(name) <= maxPathName {
		return name
	}
	end := maxPathName - len("…")
	for end > 0 && !utf8.RuneStart(name[end]) {
		end--
	}
	return name[:end] + "…"
}

// cost is what a schema's program holds in memory, roughly and rather too much: a
// test compares.
func cost(s *WriterSchema, parts int) int64 {
	const base, perPart, perByte = 16 << 10, 650, 4
	size := len(s.Text)
	for _, ref := range s.References {
		size += len(ref)
	}
	return base + perPart*int64(parts) + perByte*int64(size)
}
