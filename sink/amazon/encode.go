package amazon

import (
	"unicode/utf8"

	"github.com/tracklayer/amazon-capi/internal/ascii"
)

const hexDigits = "0123456789abcdef"

// appendString appends s as a JSON string with the same bytes as encoding/json without
// HTML escaping; a fuzz test compares the two. Like encoding/json, it replaces invalid
// UTF-8 with U+FFFD.
//
// It is our own because encoding/json has nothing that appends: an Encoder takes five times
// as long and allocates once per string (BenchmarkString), and an event has twenty.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	if ascii.Quotable(s) {
		return append(append(dst, s...), '"')
	}
	return appendEscaped(dst, s)
}

// appendEscaped appends the rest of a string that has, or may have, characters to
// escape.
func appendEscaped(dst []byte, s string) []byte {
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c >= ' ' && c != '"' && c != '\\' {
				i++
				continue
			}
			dst = append(dst, s[start:i]...)
			dst = appendEscape(dst, c)
			i++
			start = i
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			dst = append(dst, s[start:i]...)
			dst = append(dst, `\ufffd`...)
		case r == '\u2028' || r == '\u2029': // line ends in JavaScript
			dst = append(dst, s[start:i]...)
			dst = append(dst, `\u202`...)
			dst = append(dst, hexDigits[r&0xf])
		default:
			i += size
			continue
		}
		i += size
		start = i
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\b':
		return append(dst, '\\', 'b')
	case '\f':
		return append(dst, '\\', 'f')
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
}

// escapedToo adds the JSON spelling of values that differ in JSON, because an answer
// that is not JSON may quote either.
func escapedToo(values ...string) []string {
	out := make([]string, 0, len(values))
	for _, v := range values {
		if v == "" {
			continue
		}
		out = append(out, v)
		if e := appendString(nil, v); string(e[1:len(e)-1]) != v {
			out = append(out, string(e[1:len(e)-1]))
		}
	}
	return out
}
