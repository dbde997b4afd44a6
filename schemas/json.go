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
	"github.com/tracklayer/amazon-capi/schemas/decimal"
	"github.com/tracklayer/amazon-capi/schemas/event"
)

// EventFromJSON reads one event in the form that files and the publish command
// use: an object with the names of the schema, user_data, custom_data and
// consent within it, instants as ISO 8601 with an offset or as Unix milliseconds, the value as
// a number or as text with a number, exact either way. Null is absent.
//
// It is strict, because somebody who writes such a file by hand wants to know about typing
// errors: unknown names, duplicate names and values of another type are errors, which
// name the field but not its value.
func EventFromJSON(data []byte) (*event.Event, error) {
	ev, _, err := EventFromJSONBy(nil, data)
	return ev, err
}

// EventFromJSONBy is EventFromJSON for events that may have fields where aliases say that
// producers have them. It returns those that the event has.
func EventFromJSONBy(aliases *event.Aliases, data []byte) (*event.Event, []event.Alias, error) {
	if !utf8.Valid(data) {
		return nil, nil, errors.New("the event is not valid UTF-8")
	}
	r := jsonReader{dec: json.NewDecoder(bytes.NewReader(data)), aliases: aliases, set: make(map[string]string)}
	r.dec.UseNumber()
	ev := new(event.Event)
	if err := r.record(event.Place{IsGroup: true}, ev); err != nil {
		return nil, nil, err
	}
	if _, err := r.dec.Token(); err != io.EOF {
		return nil, nil, errors.New("the event is followed by something else: want one JSON object")
	}
	return ev, r.followed, nil
}

type jsonReader struct {
	dec      *json.Decoder
	aliases  *event.Aliases
	set      map[string]string // where our fields were found, by their paths
	followed []event.Alias
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
func (r *jsonReader) record(at event.Place, ev *event.Event) error {
	seen := make(map[string]bool)
	return r.object(at.Path, func(key string) error {
		if seen[key] {
			return fmt.Errorf("%s: has the name %s twice", name(at.Path), redact.Quote(key))
		}
		seen[key] = true
		path := event.Under(at.Path, key)
		ours := ""
		if a := r.aliases.From(path); a != nil {
			ours = a.To
			r.followed = append(r.followed, *a)
		} else if own := event.Under(at.Group, key); at.IsGroup && (at.Group == "" && event.IsGroup(key) || event.FieldAt(own) != nil) {
			ours = own
		}
		switch {
		case event.IsGroup(ours):
			return r.record(event.Place{Path: path, IsGroup: true, Group: ours}, ev)
		case ours == "" && r.aliases.Through(path):
			return r.record(event.Place{Path: path}, ev)
		case ours == "":
			return fmt.Errorf("unknown field %s: want one of %s", redact.Quote(path), strings.Join(r.namesIn(at), ", "))
		case r.set[ours] != "":
			return fmt.Errorf("%s: is there twice, as %s and %s", ours, r.set[ours], path)
		}
		r.set[ours] = path
		return r.field(event.FieldAt(ours), path, ev)
	})
}

func (r *jsonReader) field(f *event.Field, path string, ev *event.Event) error {
	if f.Attributes != nil {
		return r.attributes(f, ev)
	}
	tok, err := r.token(path)
	if err != nil || tok == nil {
		return err
	}
	if want := setJSON(f, ev, tok); want != "" {
		return fmt.Errorf("%s: want %s", path, want)
	}
	return nil
}

// namesIn lists what an object may have: our names, and those that aliases have for it.
func (r *jsonReader) namesIn(at event.Place) (names []string) {
	if at.IsGroup {
		names = event.NamesIn(at.Group)
	}
	for _, a := range r.aliases.All() {
		if rest, ok := strings.CutPrefix(a.From, at.Prefix()); ok {
			step, _, _ := strings.Cut(rest, ".")
			names = append(names, step)
		}
	}
	return names
}

// setJSON sets a field, or returns what it wants instead of the token.
func setJSON(f *event.Field, ev *event.Event, tok json.Token) (want string) {
	s, isText := tok.(string)
	n, isNumber := tok.(json.Number)
	switch {
	case f.Text != nil:
		if !isText {
			return "a JSON string"
		}
		*f.Text(ev) = s
	case f.Instant != nil:
		const want = "a time such as \"" + instant.Example + "\", or whole milliseconds since 1970"
		if isText {
			at, err := instant.Parse(s)
			if err != nil {
				return want + ": " + err.Error()
			}
			*f.Instant(ev) = at.UnixMilli()
			return ""
		}
		ms, err := n.Int64()
		if !isNumber || err != nil {
			return want
		}
		*f.Instant(ev) = ms
	case f.Count != nil:
		v, err := n.Int64()
		if !isNumber || err != nil {
			return "a whole number"
		}
		*f.Count(ev) = v
	case f.Amount != nil:
		if isNumber {
			s = n.String()
		}
		d, err := decimal.Parse(s)
		if err != nil {
			return "a number such as 129.95, or the same as a string"
		}
		*f.Amount(ev) = d
	}
	return ""
}

func (r *jsonReader) attributes(f *event.Field, ev *event.Event) error {
	var attrs []event.Attribute
	err := r.object(f.Path(), func(key string) error {
		tok, err := r.token(f.Path())
		if err != nil {
			return err
		}
		s, ok := tok.(string)
		if !ok {
			return fmt.Errorf("%s: want JSON strings as its values", f.Path())
		}
		attrs = append(attrs, event.Attribute{Key: key, Value: s})
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortFunc(attrs, func(a, b event.Attribute) int { return cmp.Compare(a.Key, b.Key) })
	for i := range attrs[min(1, len(attrs)):] {
		if attrs[i].Key == attrs[i+1].Key {
			return fmt.Errorf("%s: has a name twice", f.Path())
		}
	}
	*f.Attributes(ev) = attrs
	return nil
}

// EventJSON is the inverse of EventFromJSON, on one line and without absent fields. An
// amount that is not finite has no JSON and is left out as well. The result contains
// identifiers: it is for files, not for logs.
func EventJSON(ev *event.Event) []byte {
	dst := []byte{'{'}
	for _, group := range event.Groups {
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

func appendGroupJSON(dst []byte, group string, ev *event.Event) []byte {
	for i := range event.Fields {
		f := &event.Fields[i]
		if f.Group != group || !f.IsSet(ev) || f.Amount != nil && !f.Amount(ev).IsFinite() {
			continue
		}
		if len(dst) > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, f.Name), ':')
		switch {
		case f.Text != nil:
			dst = appendString(dst, *f.Text(ev))
		case f.Instant != nil:
			dst = appendInstant(dst, *f.Instant(ev))
		case f.Amount != nil:
			dst = f.Amount(ev).Append(dst)
		case f.Count != nil:
			dst = strconv.AppendInt(dst, *f.Count(ev), 10)
		default:
			dst = appendAttributes(dst, *f.Attributes(ev))
		}
	}
	return dst
}

func appendAttributes(dst []byte, attrs []event.Attribute) []byte {
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
