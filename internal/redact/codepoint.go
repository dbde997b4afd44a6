package redact

import (
	"strings"
)

// codePoint is U+0040 or <U+0040>, as R and log viewers write what they cannot show, and
// codePoints several of them.
var (
	codePoint  = lazily(`(?:<[Uu]\+([0-9A-Fa-f]{4,6})>|[Uu]\+(10[0-9A-Fa-f]{4}|[1-9A-Fa-f][0-9A-Fa-f]{4}|[0-9A-Fa-f]{4}))`)
	codePoints = lazily(`(?:` + codePoint.String() + `[ ,]?)*` + codePoint.String())
	// spacedAt is one that stands between the two parts of an address.
	spacedAt = lazily(`(\S) ?<?[Uu]\+0040>? ?([\pL\pN-]+(?:\.|<?[Uu]\+002[Ee]>?)[\pL\pN])`)
)

// unescapeCodePoints puts the characters themselves in place of their numbers. One
// that stands alone is what the sentence is about: "invalid character U+0040".
func unescapeCodePoints(s string) string {
	s = spacedAt.ReplaceAllString(s, "$1@$2")
	var b strings.Builder
	from := 0
	for _, at := range codePoints.FindAllStringIndex(s, -1) {
		run := s[at[0]:at[1]]
		numbers := codePoint.FindAllStringSubmatch(run, -1)
		within := at[0] > 0 && isAddress(s[at[0]-1]) || at[1] < len(s) && isAddress(s[at[1]])
		if len(numbers) == 1 && !within {
			continue
		}
		b.WriteString(s[from:at[0]])
		from = at[1]
		for _, n := range numbers {
			digits := n[1] + n[2]
			if r, ok := hexRune(digits, len(digits)); ok {
				b.WriteRune(r)
			}
		}
	}
	if from == 0 {
		return s
	}
	return b.String() + s[from:]
}

// isAddress reports whether c may be next to an escape in an address, a number or a
// token.
func isAddress(c byte) bool { return isToken(c) || c >= 0x80 || c == '@' || c == '%' }
