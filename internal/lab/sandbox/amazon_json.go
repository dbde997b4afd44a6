package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"
)

// document checks that b is one JSON value in UTF-8 and nothing else.
func document(b []byte) error {
	if !utf8.Valid(b) {
		return errors.New("the body is not UTF-8")
	}
	if !json.Valid(b) {
		var v json.RawMessage
		return fmt.Errorf("the body is not one JSON value: %w", json.Unmarshal(b, &v))
	}
	return nil
}

// What follows walks JSON that is known to be valid. Unmarshalling into structs
// would take a name in any case and forget that it repeats, and json.Decoder's
// tokens, which do neither, are several times slower than the pipeline that
// this sandbox is to keep up with.

// eachMember calls f for the members of an object in their order, with the
// bytes they were written with, and returns false if raw is not an object.
func eachMember(raw []byte, f func(name string, value []byte, again bool)) bool {
	if kind(raw) != '{' {
		return false
	}
	seen := make([]string, 0, 8)
	for i := next(raw, space(raw, 0)+1); raw[i] != '}'; {
		end := valueEnd(raw, i)
		name, _ := unquote(raw[i:end])
		i = next(raw, end)
		end = valueEnd(raw, i)
		f(name, raw[i:end], slices.Contains(seen, name))
		seen = append(seen, name)
		i = next(raw, end)
	}
	return true
}

// elements returns the elements of an array, with the bytes they were written
// with; ok is false if raw is not an array.
func elements(raw []byte) (out []json.RawMessage, ok bool) {
	if kind(raw) != '[' {
		return nil, false
	}
	for i := next(raw, space(raw, 0)+1); raw[i] != ']'; {
		end := valueEnd(raw, i)
		out = append(out, json.RawMessage(raw[i:end]))
		i = next(raw, end)
	}
	return out, true
}

// space returns where the white space from i on ends.
func space(raw []byte, i int) int {
	for i < len(raw) && (raw[i] == ' ' || raw[i] == '\n' || raw[i] == '\t' || raw[i] == '\r') {
		i++
	}
	return i
}

// next returns where the next name, value or closing bracket begins.
func next(raw []byte, i int) int {
	if i = space(raw, i); raw[i] == ',' || raw[i] == ':' {
		i = space(raw, i+1)
	}
	return i
}

// valueEnd returns where the value that begins at i ends.
func valueEnd(raw []byte, i int) int {
	depth := 0
	for ; i < len(raw); i++ {
		switch raw[i] {
		case '"':
			for i++; raw[i] != '"'; i++ {
				if raw[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			depth++
		case '}', ']':
			depth--
			if depth < 0 {
				return i // of what encloses the number or word that ends here
			}
		case ',', ':', ' ', '\n', '\t', '\r':
			if depth == 0 {
				return i
			}
			continue
		default:
			continue
		}
		if depth == 0 {
			return i + 1
		}
	}
	return i
}

// kind returns the first byte of a JSON value, which tells its type.
func kind(raw []byte) byte {
	if i := space(raw, 0); i < len(raw) {
		return raw[i]
	}
	return 0
}

func isNumber(raw []byte) bool {
	k := kind(raw)
	return k == '-' || k >= '0' && k <= '9'
}

// unquote reads a string; ok is false if raw is another type.
func unquote(raw []byte) (s string, ok bool) {
	if kind(raw) != '"' {
		return "", false
	}
	if !slices.Contains(raw, '\\') {
		return string(raw[1 : len(raw)-1]), true
	}
	return s, json.Unmarshal(raw, &s) == nil
}
