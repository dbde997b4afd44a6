package redact

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// plainLetters has letters of other scripts that look like those of digests and of
// Amazon's ids, and the digits of Chinese.
var plainLetters = strings.NewReplacer(
	"а", "a", "с", "c", "ԁ", "d", "е", "e", "һ", "h", "і", "i", "ј", "j", "к", "k", "ӏ", "l", "о", "o", "р", "p", "ѕ", "s", "у", "y", "х", "x", "ѵ", "v",
	"А", "A", "В", "B", "С", "C", "Е", "E", "Н", "H", "І", "I", "Ј", "J", "К", "K", "М", "M", "О", "O", "Р", "P", "Ѕ", "S", "Т", "T", "Х", "X",
	"α", "a", "ο", "o", "ν", "v", "Α", "A", "Β", "B", "Ε", "E", "Ζ", "Z", "Η", "H", "Ι", "I", "Κ", "K", "Μ", "M", "Ν", "N", "Ο", "O", "Ρ", "P", "Τ", "T", "Χ", "X",
	"〇", "0", "零", "0", "一", "1", "二", "2", "三", "3", "四", "4", "五", "5", "六", "6", "七", "7", "八", "8", "九", "9",
)

// unadorned returns text without the accents of its letters and with plain ones for
// those that only look like them. It changes words, and is for looking what is
// hidden behind such letters.
func unadorned(s string) string {
	if visibleASCII(s) {
		return s
	}
	s = strings.Map(func(r rune) rune {
		if r >= utf8.RuneSelf && unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFD.String(s))
	return norm.NFC.String(plainLetters.Replace(s))
}

// inlineTags are those of HTML that may stand within a word: a page highlights part
// of it, or says where it may be broken. The marks of other tags are left alone.
var inlineTags = lazily(`(?is)<!--.*?-->|</?(?:a|b|i|q|s|u|em|tt|abbr|bdi|bdo|big|cite|code|data|del|dfn|font|ins|kbd|mark|nobr|samp|small|span|strong|sub|sup|time|var|wbr)(?:\s[^<>]*)?/?>`)

// leastApart is how long a secret or identifier is that is looked for with blanks in
// it.
const leastApart = 10

// squeeze returns text without blanks, and where each of its bytes was; nil if it has
// none. A + beside a blank is one of a URL.
func squeeze(s string) (close string, at []int) {
	if strings.IndexByte(s, ' ') < 0 {
		return s, nil
	}
	b := make([]byte, 0, len(s))
	at = make([]int, 0, len(s))
	for i := range len(s) {
		if s[i] != ' ' && !(s[i] == '+' && (i > 0 && s[i-1] == ' ' || i+1 < len(s) && s[i+1] == ' ')) {
			b, at = append(b, s[i]), append(at, i)
		}
	}
	return string(b), at
}

// spread marks in text of n bytes what was found in it without blanks, and the blanks
// between.
func spread(covered, inside []bool, at []int, n int) []bool {
	if inside != nil && covered == nil {
		covered = make([]bool, n)
	}
	for i, found := range inside {
		if !found {
			continue
		}
		covered[at[i]] = true
		if i > 0 && inside[i-1] {
			for j := at[i-1]; j < at[i]; j++ {
				covered[j] = true
			}
		}
	}
	return covered
}
