package program

import (
	"slices"
	"strings"

	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/event"
)

// Inspection says how a writer's schema is read, so that its writer can check it before
// the first record is written.
type Inspection struct {
	// Reads are the paths of our fields that the schema's records can fill, Lacks
	// those that they leave empty.
	Reads, Lacks []string
	// Ignores are the schema's own fields that are not read.
	Ignores []string
	// Refuses are the alternatives of unions that their field cannot take: a record
	// with one of them is refused.
	Refuses []Alternative
	// Aliases are those that the schema's records are read by, and Shadows those among
	// them whose field the schema has by our own name, too, which is not read.
	Aliases, Shadows []event.Alias
	// Units are the instants that are numbers without a unit in the schema. They
	// are taken for milliseconds.
	Units []Unit
}

// Alternative is a type that a field of a schema can have, with its article.
type Alternative struct{ Path, Type string }

// Unit is an instant without a unit.
type Unit struct {
	Path, Type string // as an Alternative has them
	// Says is the unit that the field's documentation names, if it is another
	// than milliseconds.
	Says string
}

func (in *Inspection) inspect(b *binding) {
	f := b.field
	for _, t := range b.typ.Alternatives() {
		switch {
		case t.Kind == avro.Null:
		case f.Incidental:
		case b.set[t] == nil:
			in.Refuses = append(in.Refuses, Alternative{f.Path(), t.WithArticle()})
		case f.Instant != nil && t.Kind == avro.Long && t.Logical == avro.LogicalNone:
			in.Units = append(in.Units, Unit{f.Path(), t.WithArticle(), otherUnit(b.doc + " " + b.from)})
		}
	}
}

// otherUnit looks for the name of a unit in what a writer says about a field. If that
// mentions milliseconds, other units in it mean nothing.
func otherUnit(doc string) string {
	doc = strings.ToLower(doc)
	if strings.Contains(doc, "milli") {
		return ""
	}
	for _, unit := range []string{"micro", "nano", "second"} {
		if strings.Contains(doc, unit) {
			return strings.TrimSuffix(unit, "second") + "seconds"
		}
	}
	return ""
}

// Inspect reads a schema as a decoder with these aliases does. The error is a *Error
// if none of its records can be an event.
func Inspect(text string, aliases *event.Aliases) (Inspection, error) {
	var in Inspection
	if _, _, bad := Compile(&avro.Schema{Type: "AVRO", Text: text}, aliases); bad != nil {
		return in, bad
	}
	root, err := avro.Parse(text)
	if err != nil {
		return in, badSchema(err)
	}
	v, bad := bind(root, aliases)
	if bad != nil {
		return in, bad
	}
	filled := make(map[*event.Field]bool)
	in.view(v, filled)
	in.Aliases = followed(aliases, v)
	in.Shadows = shadows(root, in.Aliases)
	for i := range event.Fields {
		if f := &event.Fields[i]; filled[f] {
			in.Reads = append(in.Reads, f.Path())
		} else {
			in.Lacks = append(in.Lacks, f.Path())
		}
	}
	for _, f := range root.Fields {
		if !v.uses(f.Name) {
			in.Ignores = append(in.Ignores, f.Name)
		}
	}
	return in, nil
}

// view looks at the fields of a record, and of the records in it.
func (in *Inspection) view(v *view, filled map[*event.Field]bool) {
	for i := range v.fields {
		b := &v.fields[i]
		filled[b.field] = filled[b.field] || !onlyNull(b.typ)
		in.inspect(b)
	}
	for i := range v.groups {
		g := &v.groups[i]
		for _, t := range g.typ.Alternatives() {
			if inner := g.records[t]; inner != nil {
				in.view(inner, filled)
			} else if t.Kind != avro.Null {
				in.Refuses = append(in.Refuses, Alternative{g.name, t.WithArticle()})
			}
		}
	}
}

// uses reports whether a field of the record is read.
func (v *view) uses(name string) bool {
	return slices.ContainsFunc(v.fields, func(b binding) bool { return b.from == name }) ||
		slices.ContainsFunc(v.groups, func(g groupBinding) bool { return g.from == name })
}

// shadows returns the aliases whose field a schema has by our own name, too.
func shadows(root *avro.Type, aliases []event.Alias) (found []event.Alias) {
	for _, a := range aliases {
		own := event.Alias{From: a.To}
		if _, ok := find(&own, root); ok {
			found = append(found, a)
		}
	}
	return found
}
