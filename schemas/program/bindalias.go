package program

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/event"
)

// binder binds one schema.
type binder struct {
	aliases *event.Aliases
	// By our paths: the aliases whose fields the schema has, and those that it lacks,
	// with what is missing.
	taken, missing map[string]*event.Alias
	why            map[string]string
	has            map[string]bool     // what it has by our own names
	met            map[*avro.Type]bool // the records that were bound
	// again counts what is bound repeatedly: records, fields and branches.
	again int
}

// maxAgain bounds that. Aliases may lead through unions of records that have unions of
// records, and so to many times as many as a schema may have parts. It is half as many,
// so that two schemas at both bounds fit in the cache.
const maxAgain = avro.MaxSchemaParts / 2

// spend counts a record that is bound; no schema is refused whose records are bound once.
func (b *binder) spend(t *avro.Type) *Error {
	if !b.met[t] {
		b.met[t] = true
		return nil
	}
	b.again += 1 + len(t.Fields)
	for i := range t.Fields {
		of := t.Fields[i].Type
		b.again += len(of.Branches)
		for _, a := range of.Alternatives() {
			if a.Kind == avro.Map { // of attributes
				b.again += len(a.Elem.Branches)
			}
		}
	}
	if b.again > maxAgain {
		return badSchema(fmt.Errorf("beside its own parts, the mapping's aliases lead to more than %d records, fields and branches in it", maxAgain))
	}
	return nil
}

// newBinder resolves the aliases in a schema.
func newBinder(root *avro.Type, aliases *event.Aliases) *binder {
	b := &binder{
		aliases: aliases, taken: make(map[string]*event.Alias), missing: make(map[string]*event.Alias), why: make(map[string]string), has: make(map[string]bool),
		met: make(map[*avro.Type]bool),
	}
	for a := range aliases.Each() {
		if lacks, ok := find(a, root); ok {
			b.taken[a.To] = a
		} else {
			b.missing[a.To], b.why[a.To] = a, lacks
		}
	}
	return b
}

// own reports whether a writer's field at a path is ours by its own name: no alias says
// that it is another one, that another one is ours, or that it is a record with something
// else in it.
func (b *binder) own(group, name, path string) bool {
	if b.taken[event.Under(group, name)] != nil {
		b.has[event.Under(group, name)] = true // and is skipped
		return false
	}
	if b.aliases == nil {
		return true
	}
	return b.aliases.From(path) == nil && (event.IsGroup(event.Under(group, name)) || b.leads(path) == nil)
}

// source returns the writer's field that is one of ours in a record, if there is one, and
// the alias that says so.
func (b *binder) source(f *event.Field, at event.Place, t *avro.Type, sources map[string]*avro.Field) (*avro.Field, *event.Alias) {
	if at.IsGroup && f.Group == at.Group && sources[f.Name] != nil {
		return sources[f.Name], nil
	}
	a := b.taken[f.Path()]
	if a == nil {
		return nil, nil
	}
	name, ok := strings.CutPrefix(a.From, at.Prefix())
	if !ok || strings.Contains(name, ".") {
		return nil, nil
	}
	for i := range t.Fields {
		if t.Fields[i].Name == name {
			return &t.Fields[i], a
		}
	}
	return nil, nil // it is in another record of a union
}

// followed binds the records of a record that aliases make groups of ours, or lead
// through, and that are not bound by their own names.
func (b *binder) followed(v *view, t *avro.Type, at event.Place, sources map[string]*avro.Field) *Error {
	if b.aliases == nil {
		return nil
	}
	for i := range t.Fields {
		f := &t.Fields[i]
		path := event.Under(at.Path, f.Name)
		own := false
		for _, name := range event.Groups[1:] {
			own = own || at.IsGroup && at.Group == "" && sources[name] == f && f.Type.Kind != avro.Null
		}
		if own {
			continue // its fields were looked for with its own
		}
		inner, alias := event.Place{Path: path}, b.leads(path)
		if a := b.aliases.From(path); a != nil && event.IsGroup(a.To) {
			inner.IsGroup, inner.Group, alias = true, a.To, a
		}
		if alias == nil || f.Type.Kind == avro.Null {
			continue
		}
		if err := b.bindGroup(v, f, inner, alias); err != nil {
			return err
		}
	}
	return nil
}

// leads returns an alias that leads through the record at a path to a field in the
// schema, or nil.
func (b *binder) leads(path string) *event.Alias {
	for a := range b.aliases.Each() {
		if event.Within(a.From, path) && b.taken[a.To] == a {
			return a
		}
	}
	return nil
}

// unbound refuses a schema that has neither an alias's field nor the field of ours by its
// own name: it is another schema than the mapping was written for, and what its events
// lose would go unnoticed.
func (b *binder) unbound() *Error {
	for a := range b.aliases.Each() {
		if b.missing[a.To] == a && !a.Optional && !b.has[a.To] {
			return badAlias(a, "its schema has %s, and no %s either", b.why[a.To], a.To)
		}
	}
	return nil
}

// badAlias says what is wrong with an alias for a schema.
func badAlias(a *event.Alias, format string, args ...any) *Error {
	return &Error{
		Code: verdict.CodeBadAlias, Field: a.To,
		Message: fmt.Sprintf(format, args...) + fmt.Sprintf(": %s says that %s is %s", a.Where, a.From, a.To),
	}
}

// followed returns the aliases that a view's records are read by, in the order of the
// mapping. A union may have the field of one in several records.
func followed(as *event.Aliases, v *view) (found []event.Alias) {
	used := make(map[*event.Alias]bool)
	v.note(used)
	for a := range as.Each() {
		if used[a] {
			found = append(found, *a)
		}
	}
	return found
}

func (v *view) note(used map[*event.Alias]bool) {
	for i := range v.fields {
		used[v.fields[i].alias] = true
	}
	for i := range v.groups {
		g := &v.groups[i]
		used[g.alias] = used[g.alias] || g.alias != nil && g.alias.To == g.name
		for _, r := range g.records {
			r.note(used)
		}
	}
}

// find looks for an alias's field in a schema, and says how far its path leads.
func find(a *event.Alias, root *avro.Type) (missing string, ok bool) {
	at := []*avro.Type{root}
	path := ""
	for step := range strings.SplitSeq(a.From, ".") {
		var next []*avro.Type
		for _, t := range at {
			if t = t.Field(step); t != nil && !slices.Contains(next, t) {
				next = append(next, t)
			}
		}
		path = strings.TrimPrefix(path+"."+step, ".")
		if next == nil {
			return "no field " + path, false
		}
		at = nil
		for _, t := range next {
			at = append(at, t.Alternatives()...)
		}
		if path != a.From && !slices.ContainsFunc(at, func(t *avro.Type) bool { return t.Kind == avro.Record }) {
			return fmt.Sprintf("%s at %s, which has no fields", next[0].WithArticle(), path), false
		}
	}
	return "", true
}
