package program

import (
	"fmt"
	"slices"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/event"
)

// view says where in a writer's record our fields are and how to read them. It is
// computed once per schema and shared by all programs that read its records, so that they
// cannot disagree about what a record means.
type view struct {
	fields []binding
	groups []groupBinding // those that the record has
}

// groupBinding is a record within another: always the same one, or one of a union.
type groupBinding struct {
	name    string       // the group of ours that it is; the writer's path if only aliases lead through it
	alias   *event.Alias // that made it the group, or that leads through it; nil if by its own name
	from    string       // the writer's name for it
	typ     *avro.Type
	records map[*avro.Type]*view // by record type
}

// binding is one of our fields in one of the writer's records.
type binding struct {
	field *event.Field
	from  string       // the writer's name for it
	alias *event.Alias // nil if by its own name
	doc   string       // what the writer says of it
	typ   *avro.Type
	// set fills the field from a scalar. It has no entry for alternatives of typ that the
	// field can never take: writers keep old branches.
	set map[*avro.Type]setter

	// Of attributes, instead of set:
	entries *avro.Type                     // the alternative of typ that is a map
	text    map[*avro.Type]convert[string] // of the alternatives of its values
}

// bind looks for our fields in a schema.
func bind(root *avro.Type, aliases *event.Aliases) (*view, *Error) {
	v, _, bad := bindCounted(root, aliases)
	return v, bad
}

// bindCounted is bind that also returns how much was bound again, in addition to the
// schema's own parts.
func bindCounted(root *avro.Type, aliases *event.Aliases) (_ *view, again int, _ *Error) {
	if root.Kind != avro.Record {
		return nil, 0, notTrackLayer("", "its schema is a %s and not a record", root.Kind)
	}
	b := newBinder(root, aliases)
	sources, err := b.sourcesOf("", root, "")
	if err != nil {
		return nil, 0, err
	}
	for _, name := range event.Identifying {
		if sources[name] == nil && b.taken[name] == nil {
			if a := b.missing[name]; a != nil {
				return nil, 0, badAlias(a, "its schema has %s", b.why[name])
			}
			return nil, 0, notTrackLayer(name, "its schema has no field %s", name)
		}
	}
	v, err := b.record(root, event.Place{IsGroup: true})
	if err != nil {
		return nil, 0, err
	}
	return v, b.again, b.unbound()
}

// record binds the fields and records of a record.
func (b *binder) record(t *avro.Type, at event.Place) (*view, *Error) {
	if err := b.spend(t); err != nil {
		return nil, err
	}
	v := new(view)
	sources := make(map[string]*avro.Field)
	var err *Error
	if at.IsGroup {
		if sources, err = b.sourcesOf(at.Group, t, at.Path); err != nil {
			return nil, err
		}
	}
	if v.fields, err = b.bindFields(at, t, sources); err != nil {
		return nil, err
	}
	if at.IsGroup && at.Group == "" {
		for _, name := range event.Groups[1:] {
			f := sources[name]
			if f == nil || f.Type.Kind == avro.Null {
				continue
			}
			if err := b.bindGroup(v, f, event.Place{Path: event.Under(at.Path, f.Name), IsGroup: true, Group: name}, nil); err != nil {
				return nil, err
			}
		}
	}
	return v, b.followed(v, t, at, sources)
}

// sourcesOf returns the fields of the writer's record by our names for them: their own,
// or else an Avro alias. Strictly, those aliases belong in the reader's schema. But a
// writer's alias says which field of ours it renamed, and ignoring it would lose the
// field. The mapping's aliases override both.
func (b *binder) sourcesOf(group string, t *avro.Type, path string) (map[string]*avro.Field, *Error) {
	wanted := event.NamesIn(group)
	found := make(map[string]*avro.Field)
	for i := range t.Fields {
		f := &t.Fields[i]
		if slices.Contains(wanted, f.Name) && b.own(group, f.Name, event.Under(path, f.Name)) {
			found[f.Name] = f
		}
	}
	for i := range t.Fields {
		f := &t.Fields[i]
		if found[f.Name] == f {
			continue
		}
		for _, alias := range f.Aliases {
			if !slices.Contains(wanted, alias) || !b.own(group, alias, event.Under(path, f.Name)) {
				continue
			}
			other := found[alias]
			if other == nil {
				found[alias] = f
				break // one field of the writer is at most one of ours
			}
			if other.Name != alias {
				ours := event.Field{Group: group, Name: alias}
				return nil, notTrackLayer(ours.Path(), "its schema has two fields that were once called so")
			}
		}
	}
	for name := range found {
		b.has[event.Under(group, name)] = true
	}
	return found, nil
}

// bindFields binds the fields of a record: those of its group in the order of our table,
// and those that aliases name.
func (b *binder) bindFields(at event.Place, t *avro.Type, sources map[string]*avro.Field) ([]binding, *Error) {
	var bs []binding
	for i := range event.Fields {
		f := &event.Fields[i]
		from, alias := b.source(f, at, t, sources)
		if from == nil {
			continue
		}
		bound, ok := bindField(f, from)
		bound.alias = alias
		switch {
		case ok:
			bs = append(bs, bound)
		case alias != nil:
			return nil, badAlias(alias, "its schema has %s at %s, which cannot be %s", bound.typ.WithArticle(), alias.From, f.Wants())
		case !f.Incidental:
			return nil, notTrackLayer(f.Path(), "its schema has %s there, which cannot be %s", bound.typ.WithArticle(), f.Wants())
		}
	}
	return bs, nil
}

// bindField returns false if no value of the writer's type can be what the field needs.
func bindField(f *event.Field, from *avro.Field) (b binding, ok bool) {
	b = binding{field: f, from: from.Name, doc: from.Doc, typ: from.Type}
	if f.Attributes == nil {
		b.set, ok = each(b.typ, func(t *avro.Type) setter { return setterOf(f, t) })
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
// none: it reads as absent. ok is false if a type that can hold more than null gets no
// function at all.
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

// bindGroup binds a record within another.
func (b *binder) bindGroup(v *view, from *avro.Field, at event.Place, alias *event.Alias) *Error {
	g := groupBinding{name: at.Path, alias: alias, from: from.Name, typ: from.Type, records: make(map[*avro.Type]*view)}
	if at.IsGroup {
		g.name = at.Group
	}
	for _, t := range g.typ.Alternatives() {
		if t.Kind != avro.Record {
			continue
		}
		inner, err := b.record(t, at)
		if err != nil {
			return err
		}
		g.records[t] = inner
	}
	switch {
	case len(g.records) > 0:
		v.groups = append(v.groups, g)
		return nil
	case alias != nil:
		return badAlias(alias, "its schema has %s at %s and no record", g.typ.WithArticle(), alias.From)
	}
	return notTrackLayer(g.name, "its schema has no record there")
}

func notTrackLayer(field, format string, args ...any) *Error {
	return &Error{Code: verdict.CodeNotTrackLayer, Field: field, Message: "it is not a TrackLayer event: " + fmt.Sprintf(format, args...)}
}
