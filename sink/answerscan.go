package sink

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math/bits"
	"strconv"
)

// scanDocument reads the answer that a good batch gets: lists of successes and
// of errors, and nothing else. It passes over what the successes echo of their
// events, which is nearly all of it, at a tenth of what encoding/json takes;
// reading the echo would otherwise cost more than everything done for the event
// before. Whatever is of another shape, or not quite JSON, is not ok, and left to
// encoding/json. Tests hold the two together.
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
		return false
	})
	s.space()
	return d, ok && s.i == len(s.b)
}

// scanner reads JSON from i on. Its methods return false, or nil, for what is
// none; nothing of the scanner can be used after that.
type scanner struct {
	b     []byte
	i     int
	depth int
}

// scanDepth bounds nesting, and with it recursion.
const scanDepth = 64

var indexKey = []byte("index")

// success reads an entry of the success list.
func (s *scanner) success() (at index, ok bool) {
	ok = s.object(func(key []byte) bool {
		if string(key) != "index" {
			// encoding/json takes a key also for one of other case.
			return !bytes.EqualFold(key, indexKey) && s.value() != nil
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

// object reads an object, and calls f to read each value.
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

// array reads an array, and calls f to read each element.
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

// value passes over any value and returns it.
func (s *scanner) value() []byte {
	if s.space(); s.i == len(s.b) {
		return nil
	}
	from, ok := s.i, false
	switch c := s.b[s.i]; {
	case c == '"':
		_, ok = s.text()
	case c == '{':
		ok = s.object(func([]byte) bool { return s.value() != nil })
	case c == '[':
		ok = s.array(func() bool { return s.value() != nil })
	case c == 't':
		ok = s.word("true")
	case c == 'f':
		ok = s.word("false")
	case c == 'n':
		ok = s.word("null")
	default:
		ok = s.number()
	}
	if !ok {
		return nil
	}
	return s.b[from:s.i]
}

func (s *scanner) space() {
	for s.i < len(s.b) && (s.b[s.i] == ' ' || s.b[s.i] == '\n' || s.b[s.i] == '\t' || s.b[s.i] == '\r') {
		s.i++
	}
}

func (s *scanner) word(w string) bool {
	if len(s.b)-s.i < len(w) || string(s.b[s.i:s.i+len(w)]) != w {
		return false
	}
	s.i += len(w)
	return true
}

// text passes over a string and returns what is between its quotes. One with an
// escape is none: keys with escapes could be any key, and echoes have next to no
// strings with one.
func (s *scanner) text() ([]byte, bool) {
	if s.space(); s.i == len(s.b) || s.b[s.i] != '"' {
		return nil, false
	}
	s.i++
	from, i := s.i, s.i
	// Eight bytes at a time, as most of an echo is hashes.
	for ; len(s.b)-i >= 8; i += 8 {
		if m := special(binary.LittleEndian.Uint64(s.b[i:])); m != 0 {
			i += bits.TrailingZeros64(m) / 8
			break
		}
	}
	for ; i < len(s.b); i++ {
		switch c := s.b[i]; {
		case c == '"':
			s.i = i + 1
			return s.b[from:i], true
		case c == '\\', c < ' ':
			return nil, false
		}
	}
	return nil, false
}

// special sets the high bit of the first byte in x that is a quote, a backslash
// or a control character; bits of bytes after that mean nothing.
func special(x uint64) uint64 {
	const each, high = 0x0101010101010101, 0x8080808080808080
	zero := func(x uint64) uint64 { return (x - each) &^ x }
	return ((x-each*' ')&^x | zero(x^each*'"') | zero(x^each*'\\')) & high
}

func (s *scanner) digits() (n int) {
	for s.i < len(s.b) && '0' <= s.b[s.i] && s.b[s.i] <= '9' {
		s.i++
		n++
	}
	return n
}

func (s *scanner) number() bool {
	s.sign('-', '-')
	from := s.i
	if n := s.digits(); n == 0 || n > 1 && s.b[from] == '0' {
		return false
	}
	if s.i < len(s.b) && s.b[s.i] == '.' {
		s.i++
		if s.digits() == 0 {
			return false
		}
	}
	if s.i < len(s.b) && s.b[s.i]|0x20 == 'e' {
		s.i++
		s.sign('-', '+')
		return s.digits() > 0
	}
	return true
}

func (s *scanner) sign(a, b byte) {
	if s.i < len(s.b) && (s.b[s.i] == a || s.b[s.i] == b) {
		s.i++
	}
}
