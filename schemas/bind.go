package schemas

import (
	"fmt"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"slices"
)

// view says where in a writer's schema our fields are and how to read them. It is
// computed once per schema and shared by all programs that read its records, so that
// they cannot disagree about what a record means.
type view struct {
	event  []binding
	groups []groupBinding // those that the schema has
}

// groupBinding is a record within the event's: always the same one, or one of
// a union.
type groupBinding struct {
	name    string
	from    string // what the writer calls it
	typ     *avro.Type
	records map[*avro.Type][]binding // by record type
}

// binding is one of our fields in one of the writer's records.
type binding struct {
	field *field
	from  string // what the writer calls it
	doc   string // what the writer says of it
	typ   *avro.Type
	// set fills the field from a scalar. It has no entry for alternatives of typ
	// that the field can never take: writers keep old branches.
	set map[*avro.Type]setter

	// Of attributes, instead of set:
	entries *avro.Type                     // the alternative of typ that is a map
	text    map[*avro.Type]convert[string] // of the alternatives of its values
}

// bind looks for our fields in a schema.
func bind(root *avro.Type) (*view, *DecodeError) {
	if root.Kind != avro.Record {
		return nil, notTrackLayer("", "its schema is a %s and not a record", root.Kind)
	}
	sources, err := sourcesOf("", root)
	if err != nil {
		return nil, err
	}
	for _, name := range identifying {
		if sources[name] == nil {
			return nil, notTrackLayer(name, "its schema has no field %s", name)
		}
	}
	v := new(view)
	if v.event, err = bindFields("", sources); err != nil {
		return nil, err
	}
	for _, name := range groups[1:] {
		f := sources[name]
		if f == nil || f.Type.Kind == avro.Null {
			continue
		}
		g, err := bindGroup(name, f)
		if err != nil {
			return nil, err
		}
		v.groups = append(v.groups, g)
	}
	return v, nil
}

// sourcesOf returns the fields of the writer's record by our names for them: their
// own, or else an alias. Strictly, aliases belong in the reader's schema. But a
// writer's alias says which field of ours it renamed, and ignoring it would lose the
// field.
func sourcesOf(group string, t *avro.Type) (map[string]*avro.Field, *DecodeError) {
	wanted := namesIn(group)
	found := make(map[string]*avro.Field)
	for i := range t.Fields {
		if f := &t.Fields[i]; slices.Contains(wanted, f.Name) {
			found[f.Name] = f
		}
	}
	for i := range t.Fields {
		f := &t.Fields[i]
		if found[f.Name] == f {
			continue
		}
		for _, alias := range f.Aliases {
			if !slices.Contains(wanted, alias) {
				continue
			}
			other := found[alias]
			if other == nil {
				found[alias] = f
				break // one field of the writer is at most one of ours
			}
			if other.Name != alias {
				ours := field{group: group, name: alias}
				return nil, notTrackLayer(ours.path(), "its schema has two fields that were once called so")
			}
		}
	}
	return found, nil
}

// bindFields binds the fields of a group that the schema has.
func bindFields(group string, sources map[string]*avro.Field) ([]binding, *DecodeError) {
	var bs []binding
	for i := range fields {
		f := &fields[i]
		if f.group != group || sources[f.name] == nil {
			continue
		}
		b, ok := f.bind(sources[f.name])
		switch {
		case ok:
			bs = append(bs, b)
		case !f.incidental:
			return nil, notTrackLayer(f.path(), "its schema has %s there, which cannot be %s", b.typ.WithArticle(), f.wants())
		}
	}
	return bs, nil
}

// bind returns false if no value of the writer's type can be what the field wants.
func (f *field) bind(from *avro.Field) (b binding, ok bool) {
	b = binding{field: f, from: from.Name, doc: from.Doc, typ: from.Type}
	if f.attributes == nil {
		b.set, ok = each(b.typ, f.setter)
		return b, ok
	}
	for _, t := range b.typ.Alternatives() {
		if t.Kind == avro.Map {
			b.entries = t
			b.text, ok = each(t.Elem, attributeOf)
			return b, ok
		}
	}
	return b, onlyNull(b.typ)
}

// each makes a function for each alternative of a type that can have one. Null needs
// none: it reads as absent. ok is false when a type that can hold more than null gets
// no function at all.
func each[F convert[string] | setter](t *avro.Type, of func(*avro.Type) F) (fs map[*avro.Type]F, ok bool) {
	fs = make(map[*avro.Type]F)
	for _, a := range t.Alternatives() {
		if f := of(a); f != nil {
			fs[a] = f
		}
	}
	return fs, len(fs) > 0 || onlyNull(t)
}

func onlyNull(t *avro.Type) bool {
	alts := t.Alternatives()
	return len(alts) == 1 && alts[0].Kind == avro.Null
}

func bindGroup(name string, from *avro.Field) (g groupBinding, err *DecodeError) {
	g = groupBinding{name: name, from: from.Name, typ: from.Type, records: make(map[*avro.Type][]binding)}
	for _, t := range g.typ.Alternatives() {
		if t.Kind != avro.Record {
			continue
		}
		sources, err := sourcesOf(name, t)
		if err != nil {
			return g, err
		}
		if g.records[t], err = bindFields(name, sources); err != nil {
			return g, err
		}
	}
	if len(g.records) == 0 {
		return g, notTrackLayer(name, "its schema has no record there")
	}
	return g, nil
}

func notTrackLayer(field, format string, args ...any) *DecodeError {
	return &DecodeError{Code: verdict.CodeNotTrackLayer, Field: field, Message: "it is no TrackLayer event: " + fmt.Sprintf(format, args...)}
}
