package redact

import (
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	// leastEncoded is how long a word is that is decoded, to look what is in it:
	// the shortest address there is has six bytes.
	leastEncoded = 8
	// leastRandom is how long a word is that is masked for its looks.
	leastRandom = 20
	// maxLayers is how often something may be encoded to be found for sure. What
	// was encoded more often is long, and masked for its looks.
	maxLayers = 3
)

// encodedWord is a run of what base64 and hex are written in.
var encodedWord = lazily(`[A-Za-z0-9+/_-]{8,}={0,2}`)

// hexBytes are bytes in hex with something between them, or between some of them, as
// dumps have it.
var (
	hexBytes  = lazily(`(?:0[xX])?(?:[0-9a-fA-F]{2}){1,8}(?:[ :,.;_-]{1,2}(?:0[xX])?(?:[0-9a-fA-F]{2}){1,8}){2,}`)
	byteMarks = strings.NewReplacer("0x", "", "0X", "", " ", "", ":", "", ",", "", ".", "", ";", "", "_", "", "-", "")
)

// maskEncoded masks words that are base64 or hex of something that is masked, or
// that look like a digest or a token. known reports whether a text has what must
// not be shown beside what patterns find.
func maskEncoded(s string, known func(string) bool) string {
	s = maskGrouped(maskDumps(s, known), known)
	return maskTextual(encodedWord.ReplaceAllStringFunc(s, func(word string) string {
		if looksRandom(word) || hides(word, known, maxLayers) || strings.Count(word, "+") > 1 && hides(strings.ReplaceAll(word, "+", ""), known, maxLayers) {
			return "[token]" // a + may be the blank between two groups
		}
		return word
	}))
}

// maskDumps masks bytes in hex of something that is masked.
func maskDumps(s string, known func(string) bool) string {
	return hexBytes.ReplaceAllStringFunc(s, func(dump string) string {
		if hides(byteMarks.Replace(dump), known, maxLayers) {
			return "[token]"
		}
		return dump
	})
}

// digestLengths are those of MD5, SHA-1, SHA-256, SHA-384 and SHA-512 in base64
// without padding.
var digestLengths = [...]int{22, 27, 43, 64, 86}

// looksRandom reports whether a word is made as no word of a message is: a digest's
// length and letters of both cases, or kinds of characters that change as often as
// in random text, three times in five, while names in camel case change at most
// once in three.
func looksRandom(word string) bool {
	bare := strings.TrimRight(word, "=")
	if len(bare) < len(word) && len(bare) >= 12 && len(word)%4 == 0 {
		return true
	}
	if len(bare) < leastRandom || isCamelCase(bare) {
		return false
	}
	upper := strings.ContainsFunc(bare, func(r rune) bool { return r >= 'A' && r <= 'Z' })
	lower := strings.ContainsFunc(bare, func(r rune) bool { return r >= 'a' && r <= 'z' })
	if upper && lower && isDigest(bare) || upper != lower && isDigest32(bare) {
		return true
	}
	const window, least = leastRandom, 8
	var changed [window]bool // whether the kind changed at a place, modulo window
	changes, last := 0, byte(0)
	for i := range len(bare) {
		at := i % window
		if changed[at] {
			changes--
		}
		k := kindOfByte(bare[i])
		changed[at] = k != 0 && last != 0 && k != last
		if changed[at] {
			changes++
		}
		if k != 0 {
			last = k
		}
		if changes >= least {
			return true
		}
	}
	return false
}

// shortWords may stand in a name in camel case.
var shortWords = map[string]bool{
	"As": true, "At": true, "By": true, "Do": true, "Fn": true, "Go": true, "Id": true, "If": true, "In": true, "Is": true, "Ms": true,
	"No": true, "Of": true, "Ok": true, "On": true, "Or": true, "To": true, "Up": true,
}

// isCamelCase reports whether a word is several, each with a capital and two small letters
// at least, but for one abbreviation: as one digest in ten thousand is that has no decimal
// digit, and few have none.
func isCamelCase(word string) bool {
	abbreviations := 0
	for i := 0; i < len(word); {
		from := i
		for i < len(word) && kindOfByte(word[i]) == 'u' {
			i++
		}
		small := i
		for i < len(word) && kindOfByte(word[i]) == 'l' {
			i++
		}
		capitals, atEnd := small-from, i == len(word)
		if capitals > 1 {
			abbreviations++
		}
		switch {
		case i == from, capitals > 5, abbreviations > 1:
			return false
		case i-small < 2 && !(capitals > 1 && atEnd) && !shortWords[word[from:i]]:
			return false
		}
	}
	return true
}

// isDigest reports whether a word is as long as a digest in base64 and ends as one:
// its last character has bits that are always zero.
func isDigest(bare string) bool {
	for _, n := range digestLengths {
		if len(bare) == n {
			_, err := base64.RawURLEncoding.Strict().DecodeString(strings.NewReplacer("+", "-", "/", "_").Replace(bare))
			return err == nil
		}
	}
	return false
}

// isDigest32 reports whether a word is as long as a digest in base32 and has its
// characters, of which three in sixteen are digits.
func isDigest32(bare string) bool {
	switch len(bare) {
	case 26, 32, 52, 77, 103:
	default:
		return false
	}
	digits := 0
	for i := range len(bare) {
		switch c := bare[i]; {
		case c >= '2' && c <= '7':
			digits++
		case kindOfByte(c) != 'u' && kindOfByte(c) != 'l':
			return false
		}
	}
	return digits >= 2 && digits*2 < len(bare)
}

// kindOfByte is 0 for what separates.
func kindOfByte(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return 'd'
	case c >= 'a' && c <= 'z':
		return 'l'
	case c >= 'A' && c <= 'Z':
		return 'u'
	}
	return 0
}

// hides reports whether a word decodes to what is masked. Something may stand
// before what was encoded, so base64 is read from each place among its groups.
func hides(word string, known func(string) bool, layers int) bool {
	bare := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(word, "="))
	var buf [256]byte
	for from := range 4 {
		if len(bare)-from < leastEncoded {
			break
		}
		text := bare[from:]
		if len(text)%4 == 1 {
			text = text[:len(text)-1]
		}
		b := buf[:0]
		b, err := base64.RawStdEncoding.AppendDecode(b, []byte(text))
		if err == nil && tells(b, known, layers) {
			return true
		}
	}
	for from := range min(2, len(word)) { // a word of nothing but + has none left
		text := word[from:]
		text = text[:len(text)&^1]
		if b, err := hex.DecodeString(text); err == nil && len(b) >= 6 && tells(b, known, layers) {
			return true
		}
	}
	return hidesBase32(bare, known, layers)
}

// Base32 has two alphabets.
var (
	base32Std = base32.StdEncoding.WithPadding(base32.NoPadding)
	base32Hex = base32.HexEncoding.WithPadding(base32.NoPadding)
)

// hidesBase32 is hides for base32, whose groups are of eight.
func hidesBase32(word string, known func(string) bool, layers int) bool {
	word = strings.ToUpper(word)
	for from := 0; from < 8 && len(word)-from >= 10; from++ {
		text := word[from:]
		switch len(text) % 8 { // no text is so long
		case 1, 3, 6:
			text = text[:len(text)-1]
		}
		for _, enc := range []*base32.Encoding{base32Std, base32Hex} {
			if b, err := enc.DecodeString(text); err == nil && tells(b, known, layers) {
				return true
			}
		}
	}
	return false
}

// decodedIdentifier is what is looked for in what a word decodes to. It is stricter
// than the rules for text, since most words decode to noise.
var decodedIdentifier = lazily(`[\pL\pN._+-]+[ +]?@[ +]?[\pL\pN-]+(\.[\pL\pN-]+)+` +
	`|\+?\d([ ()+.-]{0,2}\d){8,}|[0-9a-fA-F]{32}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|(?i:amzn1\.[a-z]|\batz[a-z]\|)`)

// tells reports whether decoded bytes have what is masked.
func tells(b []byte, known func(string) bool, layers int) bool {
	wide := isWide(b)
	if layers == 0 || !wide && !printable(b) && bytes.IndexByte(b, 0) < 0 {
		return false
	}
	text := decodedText(b, wide)
	for range maxRounds {
		if next := unescape(fold(text)); next != text {
			text = next
			continue
		}
		break
	}
	text = Line(text, inputLimit) // words may be on lines of their own
	if decodedIdentifier.MatchString(text) || secrets.has(text) || known != nil && (known(text) || known(strings.ReplaceAll(text, " ", ""))) {
		return true
	}
	for _, dump := range hexBytes.FindAllString(text, -1) {
		if hides(byteMarks.Replace(dump), known, layers-1) {
			return true
		}
	}
	if layers > 1 && coverGrouped(text, known, layers-1) != nil {
		return true
	}
	for _, word := range encodedWord.FindAllString(text, -1) {
		bare := strings.TrimRight(word, "=")
		if isDigest(bare) && mixed(bare) || hides(word, known, layers-1) {
			return true
		}
	}
	return false
}

// decodedText returns decoded bytes as text, whether they are UTF-8 or UTF-16, which may be
// without some of its zeros.
func decodedText(b []byte, wide bool) string {
	zeros := bytes.Count(b, []byte{0})
	switch {
	case wide, zeros*3 >= len(b):
		return utf16Text(b)
	case zeros > 0:
		return strings.ReplaceAll(string(b), "\x00", "")
	}
	return string(b)
}

// isWide reports whether b is UTF-16 of Latin characters, some of which are of full width:
// every other byte is 0 or 0xff.
func isWide(b []byte) bool {
	odd, even := upperHalves(b)
	return len(b) >= 12 && max(odd, even) >= len(b)/2-1
}

// upperHalves counts the bytes that can be the upper half of a Latin character in UTF-16,
// at odd and at even places.
func upperHalves(b []byte) (odd, even int) {
	for i, c := range b {
		switch {
		case c != 0 && c != 0xff:
		case i%2 == 1:
			odd++
		default:
			even++
		}
	}
	return odd, even
}

// utf16Text reads UTF-16 in either order of bytes: the upper halves of Latin text say
// which, and whether a byte is missing at the beginning.
func utf16Text(b []byte) string {
	if odd, even := upperHalves(b); odd < even {
		b = b[min(1, len(b)):] // the first byte is the upper half of a character
	}
	units := make([]uint16, 0, len(b)/2+1)
	for i := 0; i < len(b); i += 2 {
		u := uint16(b[i])
		if i+1 < len(b) {
			u |= uint16(b[i+1]) << 8
		}
		units = append(units, u)
	}
	return string(utf16.Decode(units))
}

// printable reports whether b begins or ends with text, not noise alone.
func printable(b []byte) bool {
	good := 0
	for i := 0; i < len(b); {
		r, size := utf8.DecodeRune(b[i:])
		switch {
		case r != utf8.RuneError && seen(r) >= 0:
			if good += size; good >= 6 {
				return true
			}
		case size == 1: // what is not seen may stand between letters
			good = 0
		}
		i += size
	}
	return false
}
