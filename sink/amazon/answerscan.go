package amazon

import (
	"bytes"
	"encoding/json"
	"strconv"

	"github.com/tracklayer/amazon-capi/sink/amazon/jsonskip"
)

// scanDocument reads the answer that a good batch gets: lists of successes and errors
// and nothing else. It skips the echoed events, nearly all of the body, in a tenth of
// the time that encoding/json takes; reading the echo would otherwise cost more than all
// previous work on the event. It returns not ok for any other shape and for anything
// that may be invalid JSON, which encoding/json then reads. Tests compare the two.
func scanDocument(body []byte) (d document, ok bool) {
	s := scanner{b: body}
	d.kind = object
	ok = s.object(func(key []byte) bool {
		switch {
		case string(key) == "success" && d.Success == nil:
			d.Success = []success{}
			return s.array(func() bool {
				at, ok := s.success()
				d.Success = append(d.Success, success{Index: at})
				return ok
			})
		case string(key) == "error" && !d.Error.isList:
			from := s.value()
			return from != nil && from[0] == '[' && json.Unmarshal(from, &d.Error) == nil
		}
		// A value beside the lists is irrelevant if its key has no meaning and it is
		// not an object or list with keys of its own.
		return s.harmless(key)
	})
	s.space()
	return d, ok && s.i == len(s.b)
}

// scanner reads JSON from i on. Its methods return false or nil for invalid input;
// the scanner must not be used after that.
type scanner struct {
	b     []byte
	i     int
	depth int
}

// scanDepth bounds nesting and thereby recursion.
const scanDepth = 64

var indexKey, locationKey = []byte("index"), []byte("fieldLocation")

// success reads an entry of the success list.
func (s *scanner) success() (at index, ok bool) {
	ok = s.object(func(key []byte) bool {
		if string(key) != "index" {
			if string(key) == "event" {
				return s.value() != nil
			}
			return s.harmless(key)
		}
		n, err := strconv.Atoi(string(s.value()))
		if err != nil || at.ok {
			return false
		}
		at = index{n, true}
		return true
	})
	return at, ok
}

// harmless skips the value of a key without meaning; it returns false if the key may
// have one.
func (s *scanner) harmless(key []byte) bool {
	// encoding/json also matches keys in another case.
	if bytes.EqualFold(key, indexKey) || bytes.EqualFold(key, locationKey) || meaningOf(string(key), nothing) != nothing {
		return false
	}
	v := s.value()
	return v != nil && v[0] != '{' && v[0] != '['
}

// object reads an object and calls f for each value.
func (s *scanner) object(f func(key []byte) bool) bool {
	return s.list('{', '}', func() bool {
		key, ok := s.text()
		if !ok {
			return false
		}
		if s.space(); s.i == len(s.b) || s.b[s.i] != ':' {
			return false
		}
		s.i++
		return f(key)
	})
}

// array reads an array and calls f for each element.
func (s *scanner) array(f func() bool) bool { return s.list('[', ']', f) }

func (s *scanner) list(begin, end byte, f func() bool) bool {
	if s.space(); s.i == len(s.b) || s.b[s.i] != begin || s.depth == scanDepth {
		return false
	}
	s.depth++
	s.i++
	if s.space(); s.i < len(s.b) && s.b[s.i] == end {
		s.i++
		s.depth--
		return true
	}
	for {
		if !f() {
			return false
		}
		if s.space(); s.i == len(s.b) {
			return false
		}
		switch s.b[s.i] {
		case ',':
			s.i++
		case end:
			s.i++
			s.depth--
			return true
		default:
			return false
		}
	}
}

// value skips any value and returns it.
func (s *scanner) value() []byte {
	from := jsonskip.Blanks(s.b, s.i)
	i := jsonskip.Value(s.b, from, scanDepth-s.depth)
	if i < 0 {
		return nil
	}
	s.i = i
	return s.b[from:i]
}

func (s *scanner) space() { s.i = jsonskip.Blanks(s.b, s.i) }

// text skips a string and returns the bytes between its quotes.
func (s *scanner) text() ([]byte, bool) {
	from := jsonskip.Blanks(s.b, s.i)
	i := jsonskip.Text(s.b, from)
	if i < 0 {
		return nil, false
	}
	s.i = i
	return s.b[from+1 : i-1], true
}
