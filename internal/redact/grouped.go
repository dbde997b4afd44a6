package redact

import (
	"encoding/base64"
	"unicode/utf8"
)

// groupedWords are words of base64's characters with a blank or another mark between
// them, as mail and screens have what is too long for a line. Every sentence is made of
// such words, too, so that only what they decode to counts.
var groupedWords = lazily(`[A-Za-z0-9+/_=-]+(?:(?:[ ,;.:|]| - |, )[A-Za-z0-9+/_=-]+)+`)

// maskGrouped masks base64 in groups of something that is masked.
func maskGrouped(s string, known func(string) bool) string {
	covered := coverGrouped(s, known, maxLayers)
	if covered == nil {
		return s
	}
	return maskCovered(s, covered, "[token]")
}

// coverGrouped marks it, nil if there is none.
func coverGrouped(s string, known func(string) bool, layers int) (covered []bool) {
	for _, at := range groupedWords.FindAllStringIndex(s, -1) {
		close, places := joined(s[at[0]:at[1]])
		for from := range min(4, max(0, len(close)-leastEncoded+1)) {
			found := findGrouped(close[from:], known, layers)
			if found == nil {
				continue
			}
			if covered == nil {
				covered = make([]bool, len(s))
			}
			for i := at[0] + places[from+found[0]]; i <= at[0]+places[from+found[1]-1]; i++ {
				covered[i] = true
			}
		}
	}
	return covered
}

// joined returns what base64 has of a text, in its standard alphabet, and where each
// byte of it was.
func joined(s string) (close string, at []int) {
	b := make([]byte, 0, len(s))
	at = make([]int, 0, len(s))
	for i := range len(s) {
		c := s[i]
		switch {
		case c == '-' && !(i > 0 && s[i-1] == ' '):
			c = '+'
		case c == '_':
			c = '/'
		case !isWord(c) && c != '+' && c != '/':
			continue
		}
		b, at = append(b, c), append(at, i)
	}
	return string(b), at
}

// findGrouped returns the first place in base64 of what is masked, with all that can be
// read around it.
func findGrouped(text string, known func(string) bool, layers int) []int {
	if len(text)%4 == 1 {
		text = text[:len(text)-1]
	}
	b, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	for from := 0; from < len(b); {
		to := from + textual(b[from:])
		if to-from >= 6 && tells(b[from:to], known, layers) {
			return []int{from * 4 / 3, min(len(text), (to*4+2)/3)}
		}
		from = max(to, from+1)
	}
	return nil
}

// textual is how many bytes of b begin it that are text, with the zeros of UTF-16 and with
// characters that are not seen.
func textual(b []byte) (n int) {
	for n < len(b) {
		r, size := utf8.DecodeRune(b[n:])
		latin := n > 0 && b[n-1] == 0 || n+1 < len(b) && b[n+1] == 0 // in UTF-16
		if r == utf8.RuneError && size == 1 && !latin || r != 0 && r < utf8.RuneSelf && seen(r) < 0 {
			return n
		}
		n += size
	}
	return n
}
