package redact

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// What a word decodes to is searched for a few layers only. Below them only the form can
// tell: a word that decodes to text was encoded by somebody, and nobody misses it in a
// message. One random word in 100,000 has that much text in it by chance.
const (
	// leastText is how many bytes of ASCII a word decodes to.
	leastText = 12
	// leastLooseText is how many bytes of text beyond ASCII count, which random bytes are
	// more often.
	leastLooseText = 20
)

// maskTextual masks words that are base64, base32 or hex of text, whatever the text is.
func maskTextual(s string) string {
	s = encodedWord.ReplaceAllStringFunc(s, func(word string) string {
		if isTextual(word) {
			return "[token]"
		}
		return word
	})
	if covered := coverTextual(s); covered != nil {
		return maskCovered(s, covered, "[token]")
	}
	return s
}

// isTextual reports whether a word decodes to text in one of its alphabets. Something may
// stand before or behind what was encoded.
func isTextual(word string) bool {
	word = strings.TrimRight(word, "=")
	if len(word) < leastText*4/3 {
		return false
	}
	std := strings.NewReplacer("-", "+", "_", "/").Replace(word)
	for from := range 4 {
		text := std[from:]
		if len(text)%4 == 1 {
			text = text[:len(text)-1]
		}
		if b, err := base64.RawStdEncoding.DecodeString(text); err == nil && hasText(b) {
			return true
		}
	}
	if b, err := hex.DecodeString(word[:len(word)&^1]); err == nil && hasText(b) {
		return true
	}
	return isTextual32(word)
}

// isTextual32 is isTextual for base32, which is of letters of one case.
func isTextual32(word string) bool {
	if mixed(word) {
		return false
	}
	word = strings.ToUpper(word)
	for from := 0; from < 8 && len(word)-from >= leastText*8/5; from++ {
		text := word[from:]
		switch len(text) % 8 { // no text is so long
		case 1, 3, 6:
			text = text[:len(text)-1]
		}
		for _, enc := range []*base32.Encoding{base32Std, base32Hex} {
			if b, err := enc.DecodeString(text); err == nil && hasText(b) {
				return true
			}
		}
	}
	return false
}

// hasText reports whether there is text in b.
func hasText(b []byte) bool {
	ascii := 0
	for from := 0; from < len(b); {
		n := textual(b[from:])
		if n >= leastLooseText {
			return true
		}
		for _, c := range b[from : from+n] {
			if ascii++; c < ' ' || c > '~' {
				ascii = 0
			}
			if ascii >= leastText {
				return true
			}
		}
		ascii = 0
		from += max(1, n)
	}
	return false
}

const (
	// leastEven is how many groups of one length there are in what is read without the
	// marks between them, and leastGroup how long they are.
	leastEven, leastGroup = 3, 3
	groupMarks            = " ,;.:|-"
)

// groupWords are words with one mark between them.
var groupWords = lazily(`[A-Za-z0-9+/_]{3,}(?:[ ,;.:|-][A-Za-z0-9+/_]{1,}){2,}=*`)

// coverTextual marks groups of one length, and the rest behind them, that are textual or
// random without their marks; nil if there are none.
func coverTextual(s string) (covered []bool) {
	for _, at := range groupWords.FindAllStringIndex(s, -1) {
		for from := at[0]; from < at[1]; {
			n, groups := evenly(s[from:at[1]])
			if groups >= leastEven && isGrouped(s[from:from+n]) {
				if covered == nil {
					covered = make([]bool, len(s))
				}
				for i := from; i < from+n; i++ {
					covered[i] = true
				}
			}
			from += n + 1
		}
	}
	return covered
}

// isGrouped reports whether words are, without the marks between them, of text or as no
// word is. Addresses of IPv6 are groups of hex digits. One word again and again encodes no
// identifier.
func isGrouped(words string) bool {
	close := strings.Map(func(r rune) rune {
		if strings.ContainsRune(groupMarks, r) {
			return -1
		}
		return r
	}, words)
	if strings.ReplaceAll(close, words[:word(words)], "") == "" {
		return false
	}
	return isTextual(close) || !isNumbered(words) && looksRandom(close) && strings.Trim(close, "0123456789abcdefABCDEF") != ""
}

// isNumbered reports whether words are one name with different numbers, such as kafka1,kafka2.
func isNumbered(words string) bool {
	stem := ""
	for _, w := range strings.FieldsFunc(words, func(r rune) bool { return strings.ContainsRune(groupMarks, r) }) {
		s := strings.TrimRight(w, "0123456789")
		if s == "" || stem != "" && s != stem {
			return false
		}
		stem = s
	}
	return true
}

// evenly returns how many bytes at the beginning of s are words of the first one's length,
// with a shorter one at the end, and how many have that length; 0 if it is short.
func evenly(s string) (end, groups int) {
	size := word(s)
	for end < len(s) {
		n := word(s[end:])
		if n > size {
			return end - 1, groups
		}
		end += n
		if n < size {
			break
		}
		groups++
		if end == len(s) {
			break
		}
		end++ // the mark
	}
	if size < leastGroup {
		groups = 0
	}
	return end, groups
}

// word returns how many bytes of s are in front of the first mark.
func word(s string) int {
	if n := strings.IndexAny(s, groupMarks); n >= 0 {
		return n
	}
	return len(s)
}
