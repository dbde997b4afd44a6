package event

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/tracklayer/amazon-capi/internal/redact"
)

// Alias says where producers with other schemas keep a field of ours. It is resolved when
// a schema is bound, so that records of schemas without it, and all records if there are
// no aliases, cost nothing.
type Alias struct {
	// From is the path of a field in the producer's schema, such as order.total.
	From string
	// To is the path of our field, or of a group such as user_data.
	To string
	// Optional aliases may be missing from a schema. Others must be present, unless the
	// schema has To under its own name.
	Optional bool
	// Where names the line of the mapping.
	Where string
}

// String describes the alias, for people.
func (a Alias) String() string {
	return fmt.Sprintf("%s is read from %s, by %s", a.To, a.From, a.Where)
}

// maxAliasDepth bounds the records that a path leads through.
const maxAliasDepth = 10

// Aliases are those of a mapping. They are immutable; nil means none.
type Aliases struct{ list []Alias }

// NewAliases returns the aliases of a list, or what is wrong with them: an error for each
// wrong one, by its index, nil for the others.
func NewAliases(list []Alias) (_ *Aliases, wrong []error) {
	wrong = make([]error, len(list))
	faults := 0
	for i := range list {
		a := &list[i]
		if wrong[i] = a.check(); wrong[i] == nil {
			wrong[i] = a.besides(list[:i])
		}
		if wrong[i] != nil {
			faults++
		}
	}
	if faults > 0 {
		return nil, wrong
	}
	if len(list) == 0 {
		return nil, nil
	}
	return &Aliases{slices.Clone(list)}, nil
}

// check checks an alias alone.
func (a *Alias) check() error {
	steps := strings.Split(a.From, ".")
	for _, s := range steps {
		if !isAvroName(s) {
			return fmt.Errorf("%s is not a field of an Avro schema: want a name, or names of records and a field in them joined by points, such as order.total", redact.Quote(a.From))
		}
	}
	if len(steps) > maxAliasDepth {
		return fmt.Errorf("%s leads through %d records: want %d at most", redact.Quote(a.From), len(steps)-1, maxAliasDepth-1)
	}
	if a.From == a.To {
		return fmt.Errorf("%s is what it is called already: want a name of the producer's", a.From)
	}
	if IsGroup(a.To) || FieldAt(a.To) != nil {
		return nil
	}
	group, _, found := strings.Cut(a.To, ".")
	if !found || !IsGroup(group) {
		return fmt.Errorf("%s is not a field of an event: want one of %s, or a field of one of the last three such as custom_data.value", redact.Quote(a.To), strings.Join(NamesIn(""), ", "))
	}
	return fmt.Errorf("%s is not a field of an event: want one of %s in %s", redact.Quote(a.To), strings.Join(NamesIn(group), ", "), group)
}

// besides checks an alias against those before it.
func (a *Alias) besides(others []Alias) error {
	for i := range others {
		b := &others[i]
		switch {
		case a.To == b.To:
			return fmt.Errorf("%s is read from %s already, by %s: want one field for each", a.To, redact.Quote(b.From), b.Where)
		case a.From == b.From:
			return fmt.Errorf("%s is %s already, by %s: want one field of ours for each", redact.Quote(a.From), b.To, b.Where)
		case !IsGroup(a.To) && Within(b.From, a.From):
			return fmt.Errorf("%s cannot be %s, since a field in it is another by %s: want the path of a field", redact.Quote(a.From), a.To, b.Where)
		case !IsGroup(b.To) && Within(a.From, b.From):
			return fmt.Errorf("%s is in what is %s by %s, and so no field: want the path of a field", redact.Quote(a.From), b.To, b.Where)
		}
	}
	return nil
}

// Within reports whether a path leads through another.
func Within(path, through string) bool { return strings.HasPrefix(path, through+".") }

func isAvroName(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// All returns the aliases in the order of the mapping.
func (as *Aliases) All() []Alias {
	if as == nil {
		return nil
	}
	return slices.Clone(as.list)
}

// Each yields the aliases themselves, in the order of the mapping: they are told apart by
// their addresses. None may be changed.
func (as *Aliases) Each() iter.Seq[*Alias] {
	return func(yield func(*Alias) bool) {
		if as == nil {
			return
		}
		for i := range as.list {
			if !yield(&as.list[i]) {
				return
			}
		}
	}
}

// From returns the alias of the producer's field at a path, or nil.
func (as *Aliases) From(path string) *Alias {
	for a := range as.Each() {
		if a.From == path {
			return a
		}
	}
	return nil
}

// Through reports whether an alias leads through the producer's record at a path.
func (as *Aliases) Through(path string) bool {
	return as != nil && slices.ContainsFunc(as.list, func(a Alias) bool { return Within(a.From, path) })
}

// Place is the position of a record.
type Place struct {
	Path    string // the producer's
	IsGroup bool   // of ours; group is its name
	Group   string
}

// Prefix is what the paths of the record's fields begin with.
func (p Place) Prefix() string {
	if p.Path == "" {
		return ""
	}
	return p.Path + "."
}
