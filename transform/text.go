package transform

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tracklayer/amazon-capi/internal/ascii"
)

// isBlank reports whether a character shows nothing: white space of any script,
// and the zero-width and direction marks that survive copying from a web page.
func isBlank(r rune) bool {
	if r < utf8.RuneSelf {
		return r == ' ' || r >= '\t' && r <= '\r'
	}
	return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r)
}

// trim cuts blanks off both ends. A string of blanks is empty afterwards, which
// is what "blank" means everywhere in this package.
func trim(s string) string {
	// This much is inlined, and half of an event's twenty values are absent.
	if s == "" {
		return s
	}
	return trimText(s)
}

func trimText(s string) string {
	// TrimFunc decodes runes; nearly every value begins and ends with a plain
	// ASCII character and is done here.
	if isVisible(s[0]) && isVisible(s[len(s)-1]) {
		return s
	}
	return strings.TrimFunc(s, isBlank)
}

func isVisible(c byte) bool { return c-'!' <= '~'-'!' }

// printable reports whether s is valid UTF-8 without control, format or private
// characters. What is not would be replaced or escaped on its way through JSON
// and headers, and would arrive as something else than what was sent.
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

// longerThan reports whether s has more than limit characters. Bytes are compared
// first, so that a megabyte of text is not counted to find out.
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

// quote shows the value of an enumeration (a name, a type, a currency, a
// country) in a message. Producers put values into the wrong field, so a value
// that could be an email, a phone, a hash or a device id is described and not
// shown: only letters, a few digits and word separators ever are.
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
