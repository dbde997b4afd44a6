package transform

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tracklayer/amazon-capi/internal/ascii"
)

// isBlank reports whether a character is invisible: white space of any script, and the
// zero-width and direction marks that survive copying from a web page.
func isBlank(r rune) bool {
	if r < utf8.RuneSelf {
		return r == ' ' || r >= '\t' && r <= '\r'
	}
	return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r)
}

// trim removes blanks from both ends. A string that is empty afterwards counts as blank in
// this package.
func trim(s string) string {
	// This much is inlined: half of an event's twenty values are absent.
	if s == "" {
		return s
	}
	return trimText(s)
}

func trimText(s string) string {
	// TrimFunc decodes runes, which the many values that begin and end with a plain ASCII
	// character do not need.
	if isVisible(s[0]) && isVisible(s[len(s)-1]) {
		return s
	}
	return strings.TrimFunc(s, isBlank)
}

func isVisible(c byte) bool { return c-'!' <= '~'-'!' }

// printable reports whether s is valid UTF-8 without control, format or private characters.
// Those would be replaced or escaped in JSON and headers, and the receiver would get
// something other than what was sent.
func printable(s string) bool {
	if ascii.Within(s, ' ', '~') {
		return true
	}
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

// longerThan reports whether s has more than limit characters. It compares bytes first, to
// avoid counting the characters of a megabyte.
func longerThan(s string, limit int) bool {
	if len(s) <= limit {
		return false
	}
	return len(s) > limit*utf8.UTFMax || utf8.RuneCountInString(s) > limit
}

const (
	quotedMax       = 24 // characters of a value shown in a message
	quotedMaxDigits = 4
)

// quote formats the value of an enumeration (a name, a type, a currency, a country) for a
// message. Producers put values into the wrong field, so it never shows what could be an
// email, a phone, a hash or a device id: only letters, a few digits and word separators.
func quote(s string) string {
	chars, digits, cut := 0, 0, len(s)
	for i, r := range s {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case r == ' ' || r == '_' || r == '-':
		case r != utf8.RuneError && unicode.IsLetter(r):
		default:
			return "the value given"
		}
		if digits > quotedMaxDigits {
			return "the value given"
		}
		if chars++; chars == quotedMax+1 {
			cut = i
		}
	}
	if cut < len(s) {
		return strconv.Quote(s[:cut]) + "…"
	}
	return strconv.Quote(s)
}
