package jsonskip

import (
	"encoding/binary"
	"math/bits"
)

// Value skips a value nested at most that many levels deep, 64 or fewer, and returns its
// end, or -1 for invalid JSON, as the functions below do. It is longer than other functions
// because it is one loop, with its position in a register and its nesting in a word:
// recursion through object and array took 50 % longer, and an echo is nearly all bytes of an
// answer.
//
//nolint:gocyclo // for that reason
func Value(b []byte, i, most int) int {
	var objects uint64 // bit n is set when the list at depth n+1 is an object
	depth := 0
	for {
		if i == len(b) {
			return -1
		}
		switch c := b[i]; c {
		case '"':
			i = Text(b, i)
		case '{', '[':
			if depth == most {
				return -1
			}
			i = Blanks(b, i+1)
			if i < len(b) && b[i] == c+2 { // its end, in ASCII
				i++
				break
			}
			objects &^= 1 << depth
			if c == '{' {
				objects |= 1 << depth
				if i = key(b, i); i < 0 {
					return -1
				}
			}
			depth++
			continue
		case 't':
			i = word(b, i, "true")
		case 'f':
			i = word(b, i, "false")
		case 'n':
			i = word(b, i, "null")
		default:
			i = number(b, i)
		}
		// A value may be the last of one or several lists.
		for {
			if i < 0 || depth == 0 {
				return i
			}
			if i = Blanks(b, i); i == len(b) {
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
			i = Blanks(b, i+1)
			if object {
				i = key(b, i)
			}
			break
		}
		if i < 0 {
			return -1
		}
	}
}

// key skips a key, its colon, and blanks.
func key(b []byte, i int) int {
	if i = Text(b, i); i < 0 {
		return -1
	}
	if i = Blanks(b, i); i == len(b) || b[i] != ':' {
		return -1
	}
	return Blanks(b, i+1)
}

// Blanks returns the end of the blanks.
func Blanks(b []byte, i int) int {
	if i < len(b) && b[i] > ' ' {
		return i // the usual case
	}
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

func word(b []byte, i int, w string) int {
	if len(b)-i < len(w) || string(b[i:i+len(w)]) != w {
		return -1
	}
	return i + len(w)
}

// Text skips a string. It gives up at an escape: an escaped key could spell any
// key, and echoes hardly ever have strings with escapes.
func Text(b []byte, i int) int {
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

func digits(b []byte, i int) int {
	for i < len(b) && '0' <= b[i] && b[i] <= '9' {
		i++
	}
	return i
}

func number(b []byte, i int) int {
	i = sign(b, i, '-', '-')
	from := i
	if i = digits(b, i); i == from || i > from+1 && b[from] == '0' {
		return -1
	}
	if i < len(b) && b[i] == '.' {
		from = i + 1
		if i = digits(b, from); i == from {
			return -1
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		from = sign(b, i+1, '-', '+')
		if i = digits(b, from); i == from {
			return -1
		}
	}
	return i
}

func sign(b []byte, i int, x, y byte) int {
	if i < len(b) && (b[i] == x || b[i] == y) {
		i++
	}
	return i
}
