package amazon

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"unicode/utf8"
)

// document is as much of an answer's body as could be read. Nothing in it is relied
// on: a field with an unexpected type counts as absent.
type document struct {
	kind docKind
	body []byte // without byte order mark and surrounding blanks
	// plain: apart from its lists, the body holds nothing that could be a sign.
	plain bool

	// Success is not nil if the body has such a list, even an empty one. What an
	// entry repeats of its event is skipped.
	Success []success `json:"success"`
	Error   errorList `json:"error"`
}

type success struct{ Index index }

// UnmarshalJSON never fails.
func (s *success) UnmarshalJSON(b []byte) error {
	*s = success{}
	var entry struct {
		Index index `json:"index"`
	}
	if json.Unmarshal(b, &entry) == nil && signsIn(b, expectation{taken: 1, echo: "event"}).failure == "" {
		s.Index = entry.Index // other signs that its event was not taken
	}
	return nil
}

type docKind uint8

const (
	empty      docKind = iota // no body, white space, or null
	object                    // a JSON object
	otherJSON                 // another JSON value
	brokenJSON                // begins like JSON but is invalid
	noJSON
)

// errorList is the list of refused items. Any other value called "error" is a sign.
type errorList struct {
	items  []itemError
	isList bool
}

// itemError is an entry of the error list.
type itemError struct {
	Index   index
	reasons []saying
}

// UnmarshalJSON never fails.
func (e *itemError) UnmarshalJSON(b []byte) error {
	var entry struct {
		Index index `json:"index"`
	}
	_ = json.Unmarshal(b, &entry) // one that is no object has no index
	*e = itemError{Index: entry.Index, reasons: reasonsIn(b, false)}
	return nil
}

func parseDocument(body []byte) document {
	var d document
	trimmed := bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\ufeff")))
	if len(trimmed) == 0 || string(trimmed) == "null" {
		return d
	}
	d, ok := scanDocument(trimmed)
	if d.plain = ok; !ok {
		d = decodeDocument(trimmed)
	}
	d.body = trimmed
	return d
}

// decodeDocument reads any document; trimmed must not be empty.
func decodeDocument(trimmed []byte) (d document) {
	// Values of unexpected types are skipped; the rest is still read.
	var wrongType *json.UnmarshalTypeError
	err := json.Unmarshal(trimmed, &d)
	switch c := trimmed[0]; {
	case err != nil && !errors.As(err, &wrongType):
		d = document{kind: noJSON}
		if c == '{' || c == '[' {
			d.kind = brokenJSON
		}
	case c == '{':
		d.kind = object
	default:
		d.kind = otherJSON
	}
	return d
}

// listed reports whether the body has a list of items.
func (d document) listed() bool { return d.Success != nil || d.Error.isList }

// reasons returns the body's reasons for the request as a whole.
func (d document) reasons() []saying {
	if d.kind != object && d.kind != otherJSON {
		return nil
	}
	return reasonsIn(d.body, true)
}

// hasCode reports whether the body gives a code of its own where Amazon puts it, not only a
// copy of the status. Gateways have codes deeper, under other names.
func (d document) hasCode(status int) bool {
	var top struct{ Code text }
	_ = json.Unmarshal(d.body, &top)
	return top.Code != "" && string(top.Code) != strconv.Itoa(status)
}

// said returns the body's reason for the request as a whole.
func (d document) said(r Response) (s Said) {
	reasons := d.reasons()
	if c := coded(reasons); len(c) > 0 {
		s = explain(c[0], reasons)
	}
	if s.message == "" && (d.kind == noJSON || d.kind == otherJSON) && !d.html(r) && isText(r.Body) {
		s.message, s.field = string(r.Body), fieldNamed(string(r.Body))
	}
	return s
}

// isText reports whether a body is readable text.
func isText(b []byte) bool {
	return utf8.Valid(b) && !bytes.ContainsFunc(b, func(r rune) bool { return r < ' ' && r != '\t' && r != '\r' && r != '\n' || r == 0x7f })
}

// UnmarshalJSON never fails.
func (l *errorList) UnmarshalJSON(b []byte) error {
	*l = errorList{}
	var wrongType *json.UnmarshalTypeError
	if b[0] == '[' {
		err := json.Unmarshal(b, &l.items)
		l.isList = err == nil || errors.As(err, &wrongType)
		return nil
	}
	return nil
}

// index is the position of an event in the request. Anything but a whole number is
// not ok; reading it as 0 would blame the first event.
type index struct {
	n  int
	ok bool
}

// UnmarshalJSON never fails.
func (i *index) UnmarshalJSON(b []byte) error {
	n, err := strconv.Atoi(string(bytes.Trim(b, `"`)))
	*i = index{n, err == nil}
	return nil
}

// text is a string, or the source text of another JSON value: details are a sentence
// in one answer and a list in the next.
type text string

// UnmarshalJSON never fails.
func (t *text) UnmarshalJSON(b []byte) error {
	var s string
	switch {
	case string(b) == "null":
		*t = ""
	case json.Unmarshal(b, &s) == nil:
		*t = text(s)
	default:
		*t = text(b)
	}
	return nil
}
