package redact

import (
	"strings"
)

// escapeStart is how escapes of any kind begin.
var escapeStart = lazily(`%[0-9a-fA-FuU]|\\[0-3uUx]|&[#a-zA-Z]|=[0-9a-fA-F]|\+[A/]|[uU]\+[0-9a-fA-F]`)

// leastGroups is how many groups of one length there are in what is joined again.
const leastGroups = 3

// span is where a word is in a text.
type span struct{ from, to int }

func (s span) len() int { return s.to - s.from }

// regrouped joins words of one length with blanks between them, where they are escapes of
// an identifier or a secret. Splitting it into groups cut the escapes in two, so none of
// them can be decoded before the words are joined.
func regrouped(s string) string {
	if !strings.ContainsAny(s, " \r\n") || !strings.ContainsAny(s, `%\&=+`) {
		return s
	}
	words := spans(s)
	var b strings.Builder
	written := 0
	for i := 0; i < len(words); {
		n := evenGroups(words[i:])
		// Beside the first and the last group may stand what delimits them.
		from, to := max(0, i-1), min(len(words), i+n+1)
		if n < leastGroups || !broken(s[words[from].from:words[to-1].to]) {
			i += n
			continue
		}
		for k := from + 1; k < to; k++ {
			if words[k-1].to > written {
				b.WriteString(s[written:words[k-1].to])
			}
			written = words[k].from
		}
		i = to
	}
	if written == 0 {
		return s
	}
	return b.String() + s[written:]
}

// spans returns the words of a text.
func spans(s string) (words []span) {
	from := -1
	for i := range len(s) + 1 {
		switch blank := i == len(s) || s[i] == ' ' || s[i] == '\n' || s[i] == '\r'; {
		case blank && from >= 0:
			words, from = append(words, span{from, i}), -1
		case !blank && from < 0:
			from = i
		}
	}
	return words
}

// evenGroups returns how many words at the beginning are of one length.
func evenGroups(words []span) (n int) {
	for n < len(words) && words[n].len() == words[0].len() {
		n++
	}
	return n
}

// broken reports whether text with escapes has an identifier or a secret in it when it is
// read without its blanks. That a part of it is found with them is not enough.
func broken(text string) bool {
	return escapeStart.MatchString(text) && reveals(strings.Join(strings.Fields(text), ""))
}

// reveals reports whether text without its escapes has an identifier or a secret.
func reveals(text string) bool {
	for range maxRounds {
		next := Line(unescape(fold(text)), inputLimit)
		if next == text {
			break
		}
		text = next
	}
	return decodedIdentifier.MatchString(text) || secrets.has(text)
}
