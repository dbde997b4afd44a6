package amazon

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math/bits"
	"strconv"
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
	from := blanks(s.b, s.i)
	i := skip(s.b, from, scanDepth-s.depth)
	if i < 0 {
		return nil
	}
	s.i = i
	return s.b[from:i]
}

func (s *scanner) space() { s.i = blanks(s.b, s.i) }

// text skips a string and returns the bytes between its quotes.
func (s *scanner) text() ([]byte, bool) {
	from := blanks(s.b, s.i)
	i := skipText(s.b, from)
	if i < 0 {
		return nil, false
	}
	s.i = i
	return s.b[from+1 : i-1], true
}

// The functions below skip an echo, nearly all bytes of an answer. They use one loop
// with its position in a register and its nesting in a word: recursion through object
// and array took 50 % longer. Each returns the end of what it skips, or -1 for invalid
// JSON.

// skip skips a value nested at most that many levels deep, 64 or fewer. It is longer than other
// functions because it is that one loop.
//
//nolint:gocyclo // for that reason
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
		// A value may be the last of one or several lists.
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

// skipKey skips a key, its colon, and blanks.
func skipKey(b []byte, i int) int {
	if i = skipText(b, i); i < 0 {
		return -1
	}
	if i = blanks(b, i); i == len(b) || b[i] != ':' {
		return -1
	}
	return blanks(b, i+1)
}

// blanks returns the end of the blanks.
func blanks(b []byte, i int) int {
	if i < len(b) && b[i] > ' ' {
		return i // the usual case
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

// skipText skips a string. It gives up at an escape: an escaped key could spell any
// key, and echoes hardly ever have strings with escapes.
func skipText(b []byte, i int) int {
	if i == len(b) || b[i] != '"' {
		return -1
	}
	i++
	// Eight bytes at a time, because most of an echo is hashes.
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
// or a control character; later bytes of the result mean nothing.
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
