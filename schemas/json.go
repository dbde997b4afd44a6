package schemas

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tracklayer/amazon-capi/internal/instant"
	"github.com/tracklayer/amazon-capi/internal/redact"
)

// EventFromJSON reads one event in the form that files and the publish command
// use: an object with the names of the schema, user_data, custom_data and
// consent within it, instants as ISO 8601 with an offset or as Unix milliseconds, the value as
// a number or as text with a number, exact either way. Null is absent.
//
// It is strict, because whoever writes such a file by hand wants to know about typing
// errors: unknown names, duplicate names and values of another type are errors, which
// name the field but not its value.
func EventFromJSON(data []byte) (*Event, error) {
	ev, _, err := EventFromJSONBy(nil, data)
	return ev, err
}

// EventFromJSONBy is EventFromJSON for events that may have fields where aliases say that
// producers have them. It returns those that the event has.
func EventFromJSONBy(aliases *Aliases, data []byte) (*Event, []Alias, error) {
	if !utf8.Valid(data) {
		return nil, nil, errors.New("the event is not valid UTF-8")
	}
	r := jsonReader{dec: json.NewDecoder(bytes.NewReader(data)), aliases: aliases, set: make(map[string]string)}
	r.dec.UseNumber()
	ev := new(Event)
	if err := r.record(place{isGroup: true}, ev); err != nil {
		return nil, nil, err
	}
	if _, err := r.dec.Token(); err != io.EOF {
		return nil, nil, errors.New("the event is followed by something else: want one JSON object")
	}
	return ev, r.followed, nil
}

type jsonReader struct {
	dec      *json.Decoder
	aliases  *Aliases
	set      map[string]string // where our fields were found, by their paths
	followed []Alias
}

// token returns the next token. The decoder's own errors quote the input.
func (r *jsonReader) token(path string) (json.Token, error) {
	tok, err := r.dec.Token()
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fmt.Errorf("%s: the JSON ends too early", name(path))
	case err != nil:
		return nil, fmt.Errorf("%s: not JSON at byte %d", name(path), r.dec.InputOffset())
	}
	return tok, nil
}

func name(path string) string {
	if path == "" {
		return "the event"
	}
	return path
}

// object reads an object and calls member for each of its names.
func (r *jsonReader) object(path string, member func(key string) error) error {
	tok, err := r.token(path)
	if err != nil {
		return err
	}
	if tok == nil && path != "" {
		return nil
	}
	if tok != json.Delim('{') {
		return fmt.Errorf("%s: want a JSON object", name(path))
	}
	for {
		tok, err := r.token(path)
		if err != nil {
			return err
		}
		key, ok := tok.(string)
		if !ok {
			return nil // the closing brace: nothing else may be here
		}
		if err := member(key); err != nil {
			return err
		}
	}
}

// record reads an object that is the event, one of our groups, or a producer's that
// aliases lead through.
func (r *jsonReader) record(at place, ev *Event) error {
	seen := make(map[string]bool)
	return r.object(at.path, func(key string) error {
		if seen[key] {
			return fmt.Errorf("%s: has the name %s twice", name(at.path), redact.Quote(key))
		}
		seen[key] = true
		path := under(at.path, key)
		ours := ""
		if a := r.aliases.from(path); a != nil {
			ours = a.To
			r.followed = append(r.followed, *a)
		} else if own := under(at.group, key); at.isGroup && (at.group == "" && isGroup(key) || fieldAt(own) != nil) {
			ours = own
		}
		switch {
		case isGroup(ours):
			return r.record(place{path, true, ours}, ev)
		case ours == "" && r.aliases.through(path):
			return r.record(place{path: path}, ev)
		case ours == "":
			return fmt.Errorf("unknown field %s: want one of %s", redact.Quote(path), strings.Join(r.namesIn(at), ", "))
		case r.set[ours] != "":
			return fmt.Errorf("%s: is there twice, as %s and %s", ours, r.set[ours], path)
		}
		r.set[ours] = path
		return r.field(fieldAt(ours), path, ev)
	})
}

func (r *jsonReader) field(f *field, path string, ev *Event) error {
	if f.attributes != nil {
		return r.attributes(f, ev)
	}
	tok, err := r.token(path)
	if err != nil || tok == nil {
		return err
	}
	if want := f.setJSON(ev, tok); want != "" {
		return fmt.Errorf("%s: want %s", path, want)
	}
	return nil
}

// namesIn lists what an object may have: our names, and those that aliases have for it.
func (r *jsonReader) namesIn(at place) (names []string) {
	if at.isGroup {
		names = namesIn(at.group)
	}
	for _, a := range r.aliases.All() {
		if rest, ok := strings.CutPrefix(a.From, at.prefix()); ok {
			step, _, _ := strings.Cut(rest, ".")
			names = append(names, step)
		}
	}
	return names
}

// namesIn lists what a group may have.
func namesIn(group string) []string {
	var names []string
	for i := range fields {
		if fields[i].group == group {
			names = append(names, fields[i].name)
		}
	}
	if group == "" {
		names = append(names, groups[1:]...)
	}
	return names
}

// setJSON sets the field, or returns what it wants instead of the token.
func (f *field) setJSON(ev *Event, tok json.Token) (want string) {
	s, isText := tok.(string)
	n, isNumber := tok.(json.Number)
	switch {
	case f.text != nil:
		if !isText {
			return "a JSON string"
		}
		*f.text(ev) = s
	case f.instant != nil:
		const want = "a time such as \"" + instant.Example + "\", or whole milliseconds since 1970"
		if isText {
			at, err := instant.Parse(s)
			if err != nil {
				return want + ": " + err.Error()
			}
			*f.instant(ev) = at.UnixMilli()
			return ""
		}
		ms, err := n.Int64()
		if !isNumber || err != nil {
			return want
		}
		*f.instant(ev) = ms
	case f.count != nil:
		v, err := n.Int64()
		if !isNumber || err != nil {
			return "a whole number"
		}
		*f.count(ev) = v
	case f.amount != nil:
		if isNumber {
			s = n.String()
		}
		d, err := ParseDecimal(s)
		if err != nil {
			return "a number such as 129.95, or the same as a string"
		}
		*f.amount(ev) = d
	}
	return ""
}

func (r *jsonReader) attributes(f *field, ev *Event) error {
	var attrs []Attribute
	err := r.object(f.path(), func(key string) error {
		tok, err := r.token(f.path())
		if err != nil {
			return err
		}
		s, ok := tok.(string)
		if !ok {
			return fmt.Errorf("%s: want JSON strings as its values", f.path())
		}
		attrs = append(attrs, Attribute{Key: key, Value: s})
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortFunc(attrs, func(a, b Attribute) int { return cmp.Compare(a.Key, b.Key) })
	for i := range attrs[min(1, len(attrs)):] {
		if attrs[i].Key == attrs[i+1].Key {
			return fmt.Errorf("%s: has a name twice", f.path())
		}
	}
	*f.attributes(ev) = attrs
	return nil
}

// EventJSON is the inverse of EventFromJSON, on one line and without absent fields. An
// amount that is not finite has no JSON and is left out as well. The result contains
// identifiers: it is for files, not for logs.
func EventJSON(ev *Event) []byte {
	dst := []byte{'{'}
	for _, group := range groups {
		inner := appendGroupJSON(nil, group, ev)
		if len(inner) == 0 {
			continue
		}
		if len(dst) > 1 {
			dst = append(dst, ',')
		}
		if group == "" {
			dst = append(dst, inner...)
			continue
		}
		dst = append(appendString(dst, group), ":{"...)
		dst = append(append(dst, inner...), '}')
	}
	return append(dst, '}')
}

func appendGroupJSON(dst []byte, group string, ev *Event) []byte {
	for i := range fields {
		f := &fields[i]
		if f.group != group || !f.isSet(ev) || f.amount != nil && !f.amount(ev).IsFinite() {
			continue
		}
		if len(dst) > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, f.name), ':')
		switch {
		case f.text != nil:
			dst = appendString(dst, *f.text(ev))
		case f.instant != nil:
			dst = appendInstant(dst, *f.instant(ev))
		case f.amount != nil:
			dst = f.amount(ev).Append(dst)
		case f.count != nil:
			dst = strconv.AppendInt(dst, *f.count(ev), 10)
		default:
			dst = appendAttributes(dst, *f.attributes(ev))
		}
	}
	return dst
}

func appendAttributes(dst []byte, attrs []Attribute) []byte {
	dst = append(dst, '{')
	for i, a := range attrs {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, a.Key), ':')
		dst = appendString(dst, a.Value)
	}
	return append(dst, '}')
}

// appendInstant appends RFC 3339, or milliseconds for years beyond its four digits.
func appendInstant(dst []byte, ms int64) []byte {
	t := time.UnixMilli(ms).UTC()
	if y := t.Year(); y < 0 || y > 9999 {
		return strconv.AppendInt(dst, ms, 10)
	}
	dst = append(dst, '"')
	dst = t.AppendFormat(dst, "2006-01-02T15:04:05.999Z07:00")
	return append(dst, '"')
}

func appendString(dst []byte, s string) []byte {
	quoted, err := json.Marshal(s)
	if err != nil { // not of a string
		return append(dst, `""`...)
	}
	return append(dst, quoted...)
}
