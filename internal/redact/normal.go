package redact

import (
	"encoding/base64"
	"encoding/binary"
	"html"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	// maxRounds is how many layers of escapes are taken off. Layers of one kind
	// count once, however many there are.
	maxRounds = 8
	// tooDeep stands for text that has more.
	tooDeep = "[masked]"
)

// normal returns s as a reader would understand it, so that one pattern finds an
// identifier in any spelling: without escapes (of URLs, JSON, HTML, one within
// another) and invisible characters, with compatibility forms such as ＠ folded
// and the digits of all scripts as 0 to 9. Secrets are masked before each layer is
// taken off, since what a secret looks like depends on the layer it is found in.
// whole is false for text of which only the beginning is returned.
func normal(s string) (text string, whole bool) {
	whole = len(s) <= inputLimit
	s = head(strings.ToValidUTF8(cut(s, 2*inputLimit), "\ufffd"), inputLimit)
	for range maxRounds {
		s = secrets.mask(s)
		next := unescape(regrouped(fold(s)))
		whole = whole && len(next) <= inputLimit // compatibility forms can be longer
		next = unbroken(squash(next, inputLimit, true))
		if next == s {
			return secrets.maskParts(secrets.mask(Line(s, inputLimit))), whole
		}
		s = next
	}
	return tooDeep, true
}

// softBreaks are where quoted-printable breaks a line, as it is and as JSON has it. What
// was encoded twice has the = of the inner breaks encoded before a break of its own.
var softBreaks = lazily(`=(?:(?:25)*3[dD])*[ \t]*(?:\r?\n|(?:\\+r)?\\+n)`)

// unbroken removes them. They may come to light only when another layer is taken off.
func unbroken(s string) string {
	if strings.IndexByte(s, '=') >= 0 && (strings.IndexByte(s, '\n') >= 0 || strings.Contains(s, `\n`)) {
		return softBreaks.ReplaceAllString(s, "")
	}
	return s
}

// fold removes what is not seen and gives characters one form each.
func fold(s string) string {
	if visibleASCII(s) {
		return s
	}
	if strings.Contains(s, "\x1b") {
		s = terminalSequences.ReplaceAllString(s, "")
	}
	if !norm.NFKC.IsNormalString(s) {
		s = norm.NFKC.String(s)
	}
	s = unbroken(s)
	var b strings.Builder
	b.Grow(len(s))
	last := 'a'
	for _, one := range s {
		r := seen(one)
		switch {
		case r < 0:
			continue
		case one == '\n', one == '\r':
			r = one // a line may be broken within what was encoded
		case unicode.Is(unicode.Me, r), unicode.Is(unicode.Mn, r) && last < utf8.RuneSelf:
			continue // a mark on a digit, as in keycaps, or on a sign
		case unicode.Is(unicode.Nd, r):
			r = digit(r)
		case unicode.Is(unicode.No, r):
			r = circled(r)
		case unicode.Is(unicode.Pd, r), r == '\u2212', r == '\u2043', r == '\u02d7':
			r = '-'
		case r == '\u2027', r == '\u2219', r == '\u22c5', r == '\u30fb':
			r = '·'
		}
		b.WriteRune(r)
		last = r
	}
	return b.String()
}

// visibleASCII reports whether s consists of visible ASCII and blanks.
func visibleASCII(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// seen returns the character to show for r: a blank for any white space, and -1
// for those that show nothing or could be anything: controls, format characters
// (bidirectional ones, tags), variation selectors, fillers, private use, and what
// stands for an object that is not there.
func seen(r rune) rune {
	switch {
	case r >= ' ' && r <= '~':
		return r
	case unicode.IsSpace(r), r == '\u2028', r == '\u2029', r == '\u2800':
		return ' '
	case r == '\ufffc', unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point):
		return -1
	}
	return r
}

// digit returns the ASCII digit of a decimal digit. Unicode encodes the digits of
// a script in order, so a range of them begins with a zero.
func digit(r rune) rune {
	if r < utf8.RuneSelf {
		return r
	}
	for _, t := range unicode.Nd.R16 {
		if uint16(r) >= t.Lo && rune(t.Hi) >= r {
			return '0' + (r-rune(t.Lo))%10
		}
	}
	for _, t := range unicode.Nd.R32 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return '0' + (r-rune(t.Lo))%10
		}
	}
	return r
}

// circledDigits are where runs of characters begin that stand for 1 to 9 and that
// Unicode neither counts among the decimal digits nor folds to them: in circles of
// several kinds, and the Ethiopic ones.
var circledDigits = [...]rune{'\u2776', '\u2780', '\u278a', '\u24f5', '\u1369'}

// circled returns the ASCII digit of a digit in a circle.
func circled(r rune) rune {
	switch r {
	case '\u24ff', '\U0001f10b', '\U0001f10c':
		return '0'
	}
	for _, one := range circledDigits {
		if one <= r && r < one+9 {
			return '1' + r - one
		}
	}
	return r
}

// unescape takes one layer of escapes off.
func unescape(s string) string {
	before := s
	s = unbroken(s)
	if strings.IndexByte(s, '%') >= 0 {
		s = unbroken(unescapePercent(s))
	}
	if strings.IndexByte(s, '\\') >= 0 {
		s = unbroken(unescapeBackslash(s))
	}
	if strings.IndexByte(s, '&') >= 0 {
		s = unbroken(html.UnescapeString(ampersands.ReplaceAllString(s, "&")))
	}
	if strings.IndexByte(s, '=') >= 0 {
		s = unbroken(printableWord.ReplaceAllStringFunc(s, printableText))
	}
	if strings.IndexByte(s, '-') >= 0 {
		s = utf7Word.ReplaceAllStringFunc(s, unescapeUTF7)
	}
	if strings.IndexByte(s, '<') >= 0 {
		s = inlineTags.ReplaceAllString(s, "")
	}
	// Last, since brackets around them may be escaped.
	if s == before && (strings.Contains(s, "U+") || strings.Contains(s, "u+")) {
		s = unbroken(unescapeCodePoints(s))
	}
	return strings.ToValidUTF8(s, "\ufffd")
}

// printableWord is a word that may be quoted-printable.
var printableWord = lazily(`[^\s<>"]*=[0-9a-fA-F]{2}[^\s<>"]*`)

// printableSigns are what quoted-printable is known by: an address, several
// characters in a row, or one beyond ASCII. Without them x=40 is an assignment more
// often than not.
var (
	printableSigns = lazily(`(?:=[0-9a-fA-F]{2}){3}|=[c-fC-F][0-9a-fA-F](?:=[89abAB][0-9a-fA-F])+|=25[0-9a-fA-F]{2}.*=25[0-9a-fA-F]{2}|=3[dD][0-9a-fA-F]{2}.*=3[dD][0-9a-fA-F]{2}`)
	printableEmail = lazily(`=(?:25|3[dD])*40(?:=00)*\+?[\pL\pN=-]+(?:\.|=(?:25|3[dD])*2[eE])[\pL\pN.=-]+|(?i:\batz[a-z]=(?:25|3d)*7c)`)
)

// printableText decodes a word if it is quoted-printable.
func printableText(word string) string {
	if !printableSigns.MatchString(word) && !printableEmail.MatchString(word) {
		return word
	}
	return unescapePrintable(word)
}

func unescapePrintable(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '=' {
			if r, ok := hexRune(s[i+1:], 2); ok {
				b.WriteByte(byte(r))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// utf7Word is what UTF-7 writes for characters that are not letters and digits, and
// mailboxes of IMAP with & for the +.
var utf7Word = lazily(`[+&][A-Za-z0-9+/,]{2,}-`)

// utf7Base64 is base64 whose unused last bits must be zero.
var utf7Base64 = base64.RawStdEncoding.Strict()

// unescapeUTF7 decodes what has a character of ASCII in it, in any form, or shows
// nothing: much else looks like UTF-7, such as a number behind a +.
func unescapeUTF7(word string) string {
	b, err := utf7Base64.DecodeString(strings.ReplaceAll(word[1:len(word)-1], ",", "/"))
	if err != nil || len(b)%2 != 0 {
		return word
	}
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.BigEndian.Uint16(b[2*i:])
	}
	runes := utf16.Decode(units)
	if !isUTF7(runes) {
		return word
	}
	return string(runes)
}

// isUTF7 reports whether characters are such as UTF-7 encodes in messages: those that
// are read as ASCII, or not seen, and letters beside ASCII itself.
func isUTF7(runes []rune) bool {
	folded, ascii, letters := true, false, true
	for _, r := range runes {
		ascii = ascii || r < utf8.RuneSelf
		if plain := fold(string(r)); r == utf8.RuneError || plain != "" && !visibleASCII(plain) && !unicode.IsSpace(r) {
			folded = false
			letters = letters && unicode.In(r, unicode.L, unicode.M) && r != utf8.RuneError
		}
	}
	return folded || ascii && letters
}

// unescapePercent decodes %40, %u0040 and, however often it was encoded again,
// %252540.
func unescapePercent(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b.WriteByte(s[i])
			continue
		}
		for strings.HasPrefix(s[i+1:], "25") {
			i += 2
		}
		if rest := s[i+1:]; len(rest) > 0 && (rest[0] == 'u' || rest[0] == 'U') {
			if r, ok := hexRune(rest[1:], 4); ok {
				b.WriteRune(r)
				i += 5
				continue
			}
		} else if r, ok := hexRune(rest, 2); ok {
			b.WriteByte(byte(r))
			i += 2
			continue
		}
		b.WriteByte('%')
	}
	return b.String()
}

// unescapeBackslash decodes the escapes of JSON and of programming languages.
// Several backslashes are one: each layer of escaping doubles them.
func unescapeBackslash(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			continue
		}
		for i+1 < len(s) && s[i+1] == '\\' {
			i++
		}
		if i+1 == len(s) {
			break
		}
		i += escaped(&b, s[i+1:])
	}
	return b.String()
}

// simpleEscapes are what single letters stand for.
var simpleEscapes = map[byte]string{'n': "\n", 'r': "\r", 't': " ", 'f': " ", 'v': " ", 'b': "", 'a': ""}

// escaped writes what the escape stands for that begins behind a backslash, and
// returns its length.
func escaped(b *strings.Builder, s string) int {
	c := s[0]
	if text, ok := simpleEscapes[c]; ok {
		b.WriteString(text)
		return 1
	}
	switch {
	case c == 'x':
		return escapedHex(b, s, 2)
	case c == 'u':
		return escapedHex(b, s, 4)
	case c == 'U':
		return escapedHex(b, s, 8)
	case c >= '0' && c <= '3' && len(s) >= 3:
		if n, err := strconv.ParseUint(s[:3], 8, 8); err == nil {
			b.WriteByte(byte(n))
			return 3
		}
	}
	if c >= utf8.RuneSelf || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' {
		return 0 // the backslash alone is left out
	}
	b.WriteByte(c)
	return 1
}

// escapedHex does so for x, u and U, with as many digits or with braces around them.
func escapedHex(b *strings.Builder, s string, digits int) int {
	if end := strings.IndexByte(s, '}'); digits < 8 && len(s) > 1 && s[1] == '{' && end > 2 && end <= 8 {
		if r, ok := hexRune(s[2:end], end-2); ok {
			b.WriteRune(r)
			return end + 1
		}
	}
	r, ok := hexRune(s[1:], digits)
	if !ok {
		return 0
	}
	n := 1 + digits
	switch {
	case digits == 2:
		b.WriteByte(byte(r)) // a byte of UTF-8, perhaps
		return n
	case r >= 0xd800 && r < 0xdc00 && len(s) >= 11 && s[5] == '\\' && s[6] == 'u':
		if low, ok := hexRune(s[7:], 4); ok && low >= 0xdc00 && low < 0xe000 {
			b.WriteRune(utf16.DecodeRune(r, low))
			return 11
		}
	}
	b.WriteRune(r)
	return n
}

// hexRune reads a number of hex digits.
func hexRune(s string, digits int) (rune, bool) {
	if len(s) < digits {
		return 0, false
	}
	n, err := strconv.ParseUint(s[:digits], 16, 32)
	if err != nil || n > unicode.MaxRune {
		return 0, false
	}
	return rune(n), true
}
