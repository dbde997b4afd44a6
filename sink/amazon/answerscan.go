package amazon

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
		// Nothing that it could say matters beside the lists, if its name means
		// nothing and it is no object or list with names of its own.
		return s.harmless(key)
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

// harmless passes over the value of a key that means nothing to us; false where it
// could.
func (s *scanner) harmless(key []byte) bool {
	// encoding/json takes a key also for one of other case.
	if bytes.EqualFold(key, indexKey) || bytes.EqualFold(key, locationKey) || meaningOf(string(key), nothing) != nothing {
		return false
	}
	v := s.value()
	return v != nil && v[0] != '{' && v[0] != '['
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
	from := blanks(s.b, s.i)
	i := skip(s.b, from, scanDepth-s.depth)
	if i < 0 {
		return nil
	}
	s.i = i
	return s.b[from:i]
}

func (s *scanner) space() { s.i = blanks(s.b, s.i) }

// text passes over a string and returns what is between its quotes.
func (s *scanner) text() ([]byte, bool) {
	from := blanks(s.b, s.i)
	i := skipText(s.b, from)
	if i < 0 {
		return nil, false
	}
	s.i = i
	return s.b[from+1 : i-1], true
}

// What follows passes over an echo: nearly all bytes of an answer. It is one loop,
// with its place in a register and its nesting in a word; by recursion through
// object and array it took half as long again. Each function returns where what it
// passes over ends, or -1 if that is no JSON.

// skip passes over a value with so many lists in each other at most, 64 or fewer. It is
// longer than other functions because it is that one loop.
func skip(b []byte, i, most int) int {
	var objects uint64 // bit n is set when the list at depth n+1 is an object
	depth := 0
	for {
		if i == len(b) {
			return -1
		}
		switch c := b[i]; c {
		case '"':
			i = skipText(b, i)
		case '{', '[':
			if depth == most {
				return -1
			}
			i = blanks(b, i+1)
			if i < len(b) && b[i] == c+2 { // its end, in ASCII
				i++
				break
			}
			objects &^= 1 << depth
			if c == '{' {
				objects |= 1 << depth
				if i = skipKey(b, i); i < 0 {
					return -1
				}
			}
			depth++
			continue
		case 't':
			i = skipWord(b, i, "true")
		case 'f':
			i = skipWord(b, i, "false")
		case 'n':
			i = skipWord(b, i, "null")
		default:
			i = skipNumber(b, i)
		}
		// After a value come the ends of the lists of which it is the last.
		for {
			if i < 0 || depth == 0 {
				return i
			}
			if i = blanks(b, i); i == len(b) {
				return -1
			}
			end := byte(']')
			object := objects>>(depth-1)&1 == 1
			if object {
				end = '}'
			}
			c := b[i]
			if c == end {
				i++
				depth--
				continue
			}
			if c != ',' {
				return -1
			}
			i = blanks(b, i+1)
			if object {
				i = skipKey(b, i)
			}
			break
		}
		if i < 0 {
			return -1
		}
	}
}

// skipKey passes over a key, its colon, and blanks.
func skipKey(b []byte, i int) int {
	if i = skipText(b, i); i < 0 {
		return -1
	}
	if i = blanks(b, i); i == len(b) || b[i] != ':' {
		return -1
	}
	return blanks(b, i+1)
}

// blanks returns where they end.
func blanks(b []byte, i int) int {
	if i < len(b) && b[i] > ' ' {
		return i // as nearly always
	}
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

func skipWord(b []byte, i int, w string) int {
	if len(b)-i < len(w) || string(b[i:i+len(w)]) != w {
		return -1
	}
	return i + len(w)
}

// skipText passes over a string. One with an escape is none: keys with escapes
// could be any key, and echoes have next to no strings with one.
func skipText(b []byte, i int) int {
	if i == len(b) || b[i] != '"' {
		return -1
	}
	i++
	// Eight bytes at a time, as most of an echo is hashes.
	for ; len(b)-i >= 8; i += 8 {
		if m := special(binary.LittleEndian.Uint64(b[i:])); m != 0 {
			if i += bits.TrailingZeros64(m) / 8; b[i] != '"' {
				return -1
			}
			return i + 1
		}
	}
	for ; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			return i + 1
		case c == '\\', c < ' ':
			return -1
		}
	}
	return -1
}

// special sets the high bit of the first byte in x that is a quote, a backslash
// or a control character; bits of bytes after that mean nothing.
func special(x uint64) uint64 {
	const each, high = 0x0101010101010101, 0x8080808080808080
	zero := func(x uint64) uint64 { return (x - each) &^ x }
	return ((x-each*' ')&^x | zero(x^each*'"') | zero(x^each*'\\')) & high
}

func skipDigits(b []byte, i int) int {
	for i < len(b) && '0' <= b[i] && b[i] <= '9' {
		i++
	}
	return i
}

func skipNumber(b []byte, i int) int {
	i = skipSign(b, i, '-', '-')
	from := i
	if i = skipDigits(b, i); i == from || i > from+1 && b[from] == '0' {
		return -1
	}
	if i < len(b) && b[i] == '.' {
		from = i + 1
		if i = skipDigits(b, from); i == from {
			return -1
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		from = skipSign(b, i+1, '-', '+')
		if i = skipDigits(b, from); i == from {
			return -1
		}
	}
	return i
}

func skipSign(b []byte, i int, x, y byte) int {
	if i < len(b) && (b[i] == x || b[i] == y) {
		i++
	}
	return i
}
