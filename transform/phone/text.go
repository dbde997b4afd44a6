package phone

import (
	"bytes"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"

	"github.com/tracklayer/amazon-capi/internal/ascii"
)

// optionalZero reports whether rest, which follows a (, is a zero in parentheses: one that is
// dialled only inside the country.
func optionalZero(rest string) bool {
	i := 0
	for i < len(rest) && rest[i] == ' ' {
		i++
	}
	if i == len(rest) || rest[i] != '0' {
		return false
	}
	for i++; i < len(rest) && rest[i] == ' '; i++ {
	}
	return i < len(rest) && rest[i] == ')'
}

// secondNumber reports whether rest, which follows a /, begins with a zero, as only another
// number does.
func secondNumber(rest string) bool {
	return strings.HasPrefix(strings.TrimLeft(rest, " "), "0")
}

// endsInZeros reports whether s ends in a point followed only by zeros.
func endsInZeros(s string) bool {
	before := strings.TrimRight(s, "0")
	return before != s && strings.HasSuffix(strings.TrimRight(before, " "), ".")
}

// appendWritten appends a number whose text has more than digits and punctuation: invisible
// characters, digits of other scripts, labels, extensions, letters for digits, and what
// spreadsheets make of numbers. It refuses text that it does not understand.
func (d *Plans) appendWritten(dst []byte, s string, home *plan) (normal []byte, ok bool) {
	var buf [maxText]byte
	text, ok := cleanPhone(buf[:0], s)
	if !ok {
		return dst, false
	}
	if text = bytes.Trim(text, ` "'`); isMasked(text) {
		return dst, false
	}
	if text, ok = cutExtension(cutLabel(text)); !ok {
		return dst, false
	}
	text = bytes.TrimRight(text, " .-")
	whole := bytes.TrimRight(bytes.TrimRight(text, "0"), " ")
	if len(whole) == len(text) || len(whole) == 0 || whole[len(whole)-1] != '.' && whole[len(whole)-1] != ',' {
		return d.appendText(dst, string(text), home)
	}
	// A floating-point number has one or two zeros after its point; a number in groups can end
	// in any, but hardly in a group of one digit.
	zeros := len(text) - len(bytes.TrimRight(text, "0"))
	whole = bytes.TrimRight(whole[:len(whole)-1], " ")
	const local = 7 // digits of a number without groups
	if zeros == 1 && !bytes.ContainsAny(whole, ".,") || (zeros == 2 || len(whole) >= local) && isWhole(whole) {
		return d.appendText(dst, string(whole), home)
	}
	var group [maxPhoneDigits + 4]byte
	_, grouped := d.appendText(group[:0], string(text), home)
	normal, ok = d.appendText(dst, string(whole), home)
	switch {
	case !grouped:
		return normal, ok
	case ok || zeros == 1:
		return dst, false
	}
	return d.appendText(dst, string(text), home)
}

// isMasked reports whether text repeats a punctuation character, which stands for hidden
// digits. The rest is a different number.
func isMasked(text []byte) bool {
	run := 1
	for i := 1; i < len(text); i++ {
		if run++; text[i] != text[i-1] {
			run = 1
		}
		if c := text[i]; run >= 3 && (c == '.' || c == '-') || run >= 2 && c == '_' {
			return true
		}
	}
	return false
}

// isWhole reports whether text is a whole number as a program writes it.
func isWhole(text []byte) bool {
	text = bytes.TrimPrefix(text, []byte("+"))
	for _, c := range text {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(text) > 0 && text[0] != '0'
}

// cutLabel removes words before a number, such as "Tel.:" or "p:". What is adjacent to the digits
// is not a label: an O for a zero, an x for a masked digit, the country of a national number.
func cutLabel(text []byte) []byte {
	first := bytes.IndexAny(text, "+0123456789")
	if first <= 0 {
		return text
	}
	if before, _ := utf8.DecodeLastRune(text[:first]); text[first] != '+' && unicode.In(before, unicode.Latin, unicode.Cyrillic, unicode.Greek) {
		return text
	}
	if only := strings.ToLower(string(bytes.Trim(text[:first], " .:-/()&"))); only != "" && strings.Trim(only, "x") == "" || only == "o" || only == "l" || only == "i" {
		return text
	}
	last := 0
	for i := 0; i < first; {
		r, size := utf8.DecodeRune(text[i:])
		switch i += size; {
		case unicode.IsLetter(r):
			last = i
		case !strings.ContainsRune(" _.:-/()&", r):
			return text
		}
	}
	if last == 0 {
		return text
	}
	return bytes.TrimLeft(text[last:], " _.:-/)")
}

// cutExtension removes an extension, and the parameters of RFC 3966, of which it puts a
// phone-context in front.
func cutExtension(text []byte) (number []byte, ok bool) {
	plain := !bytes.ContainsFunc(text, func(r rune) bool {
		return r == ';' || r == '#' || r >= utf8.RuneSelf || ascii.IsLetter(byte(r))
	})
	if plain {
		return text, true
	}
	if number, parameters, found := bytes.Cut(text, []byte(";")); found {
		var context []byte
		for p := range bytes.SplitSeq(parameters, []byte(";")) {
			name, value, _ := bytes.Cut(p, []byte("="))
			switch strings.ToLower(string(name)) {
			case "ext", "isub":
			case "phone-context":
				if context != nil {
					return text, false
				}
				if context = value; !bytes.HasPrefix(value, []byte("+")) {
					context = []byte{} // a domain, or the beginning of a local number
				}
			default:
				return text, false
			}
		}
		if len(context) > 0 && !bytes.HasPrefix(number, []byte("+")) {
			number = slices.Concat(context, []byte(" "), number)
		}
		return number, true
	}
	before, extension := phonenumbers.MaybeSeparateExtensionFromPhone(string(text))
	if extension == "" {
		return text, true
	}
	return []byte(before), true
}

// written is what the text of a number says beyond its digits. Positions are counted in digits.
type written struct {
	plus    bool
	zero    int // position of a zero in parentheses; -1 without one
	slash   int // position of the first slash after digits; 0 without one
	bracket int // position of the last parenthesis
	letters int
	word    bool // the letters are one word at the end, and not all the same
}

// appendText appends a number of ASCII digits, punctuation and letters.
func (d *Plans) appendText(dst []byte, text string, home *plan) (normal []byte, ok bool) {
	var buf [maxPhoneDigits]byte
	digits, w, ok := scanText(buf[:0], text)
	switch {
	case strings.HasPrefix(text, zeroTwice):
		return dst, false
	case !ok || len(digits) == 0 || w.letters > 0 && !isVanity(digits, w, home):
		return dst, false
	case w.bracket > 0 && text[len(text)-1] == ')': // an extension
		return dst, false
	case w.slash > 0 && d.isSecond(digits[:w.slash], w.plus, home):
		return dst, false
	case !w.plus && home != nil && d.isTwofold(digits, text, home):
		return dst, false
	case w.zero >= 0:
		return d.appendOptionalZero(dst, digits, w.zero, w.plus, home)
	}
	return d.append(dst, digits, w.plus, home)
}

// scanText appends the digits of text to dst, and letters as the digits they stand for.
//
//nolint:gocyclo // a kind of character per branch, for each character of each number
func scanText(dst []byte, text string) (digits []byte, w written, ok bool) {
	w.zero, w.word = -1, true
	var letter byte
	same := true
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == ' ' || c == '_' || c == '-' || c == '.' || c == ')':
			continue
		case c == '+' && len(dst) == 0:
			w.plus = true
			continue
		case c == '/' && !secondNumber(text[i+1:]):
			if w.slash == 0 {
				w.slash = len(dst)
			}
			continue
		case c == '(':
			w.bracket = len(dst)
			if optionalZero(text[i+1:]) {
				if w.zero >= 0 {
					return dst, w, false
				}
				w.zero = len(dst)
			}
			continue
		case ascii.IsLetter(c):
			same = same && (w.letters == 0 || letter == c|0x20)
			letter = c | 0x20
			c = keypad[letter-'a']
			w.letters++
		case c < '0' || c > '9':
			return dst, w, false
		case w.letters > 0:
			w.word = false
		}
		if len(dst) == cap(dst) {
			return dst, w, false
		}
		dst = append(dst, c)
	}
	w.word = w.word && !same
	return dst, w, true
}

// isSecond reports whether the digits before a slash are a number without those after it: what
// follows is a second number, the end of one, or an extension. Otherwise the digits before the
// slash are an area code.
func (d *Plans) isSecond(before []byte, plus bool, home *plan) bool {
	const local = 7
	if !plus && home == nil {
		return len(before) >= local
	}
	var buf [maxPhoneDigits + 4]byte
	alone, ok := d.append(buf[:0], before, plus, home)
	return ok && isAssigned("+"+string(alone), "")
}

// append appends the number made of digits, which had a + before them if plus.
func (d *Plans) append(dst, digits []byte, plus bool, home *plan) (normal []byte, ok bool) {
	if plus {
		normal, ok = d.appendInternational(dst, digits)
	} else if home != nil {
		normal, ok = d.appendNational(dst, digits, home)
	}
	if ok {
		return normal, true
	}
	return d.appendUnclear(dst, digits, plus, home)
}

// keypad has the digit of each letter.
const keypad = "22233344455566677778889999"

// isVanity reports whether letters may be digits: in North America, where numbers are advertised
// that way, and all have ten digits. Elsewhere a word after a number would become a part of it.
// Single letters are misread digits, and a row of the same letter hides them.
func isVanity(digits []byte, w written, home *plan) bool {
	const word, area = 4, 3
	if !w.word || w.letters < word || len(digits)-w.letters < area || !w.plus && (home == nil || home.code != "1") {
		return false
	}
	return len(digits) == 11 && digits[0] == '1' || len(digits) == 10 && !w.plus
}

// appendOptionalZero appends a number with a zero in parentheses, as written for readers abroad
// and at home. The zero is not part of the number unless the country has no such prefix and its
// numbers begin with zeros.
func (d *Plans) appendOptionalZero(dst, digits []byte, zero int, plus bool, home *plan) (normal []byte, ok bool) {
	without := slices.Concat(digits[:zero], digits[zero+1:])
	abroad := plus
	if !plus {
		switch n := d.abroadBefore(digits, zero, home); {
		case n < 0:
			return dst, false
		case n > 0:
			digits, without, abroad = digits[n:], without[n:], true
		default:
			abroad = d.isCode(digits[:zero])
		}
	}
	p, with, rest := home, digits, without
	if abroad {
		if p, with = d.split(digits); p != nil {
			p = p.main
			rest = without[len(without)-len(with)+1:]
		}
	}
	if p == nil || len(with) == 0 {
		return dst, false
	}
	if p.trunk.match(with) == 0 {
		if !abroad && p.trunk != nil {
			return dst, false // dialled with something else here
		}
		yes, no := p.assigned().all(with), p.assigned().all(rest)
		if yes == no {
			yes, no = p.main.lengths.has(len(with)) && !p.strayZero(with), p.main.lengths.has(len(rest))
		}
		if yes == no {
			return dst, false
		}
		if yes {
			without = digits
		}
	} else if !abroad {
		without = digits
	}
	if abroad {
		return d.appendAbroad(dst, without)
	}
	return d.append(dst, without, false, home)
}
