package transform

import (
	"bytes"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
)

// speaks reports whether a ( or / has a meaning beyond that of punctuation, by
// what follows it: a zero in parentheses is dialled only inside the country, and
// a zero behind a slash begins a second number.
func speaks(c byte, rest string) bool {
	i := 0
	for i < len(rest) && rest[i] == ' ' {
		i++
	}
	if i == len(rest) || rest[i] != '0' {
		return false
	}
	if c == '/' {
		return true
	}
	for i++; i < len(rest) && rest[i] == ' '; i++ {
	}
	return i < len(rest) && rest[i] == ')'
}

// endsInZeros reports whether s ends in a point with nothing but zeros behind it.
func endsInZeros(s string) bool {
	i := len(s)
	for i > 0 && s[i-1] == '0' {
		i--
	}
	return i > 0 && i < len(s) && s[i-1] == '.'
}

// appendWritten appends a number whose text has more to it than digits and
// punctuation: characters that show nothing, digits of other scripts, labels,
// extensions, letters for digits, and what spreadsheets make of numbers. Of text
// that it does not understand nothing is taken.
func (d *dialing) appendWritten(dst []byte, s string, home *plan) (normal []byte, ok bool) {
	var buf [maxPhone]byte
	text, ok := cleanPhone(buf[:0], s)
	if !ok {
		return dst, false
	}
	text = cutLabel(bytes.Trim(text, ` "'`))
	if text, ok = cutExtension(text); !ok {
		return dst, false
	}
	whole := bytes.TrimRight(text, "0")
	if len(whole) == len(text) || len(whole) == 0 || whole[len(whole)-1] != '.' && whole[len(whole)-1] != ',' {
		return d.appendText(dst, string(text), home)
	}
	// A floating-point number has one zero behind its point, or two; a number in
	// groups can end in any, but hardly in a group of one digit.
	whole, zeros := whole[:len(whole)-1], len(text)-len(whole)
	if zeros == 1 && !bytes.ContainsAny(whole, ".,") || zeros == 2 && isWhole(whole) {
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

// isWhole reports whether text is what a program writes for a whole number.
func isWhole(text []byte) bool {
	text = bytes.TrimPrefix(text, []byte("+"))
	for _, c := range text {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(text) > 0 && text[0] != '0'
}

// cleanPhone appends s as ASCII where its characters have an equal there, without
// those that show nothing. Other letters stay. ok is false where s has
// characters that no number is written with, or more than one line.
func cleanPhone(dst []byte, s string) (clean []byte, ok bool) {
	for _, r := range s {
		switch {
		case r == utf8.RuneError, r != '\t' && unicode.IsControl(r):
			return dst, false
		case unicode.IsDigit(r):
			dst = append(dst, asciiDigit(r))
		case showsNothing(r):
		case unicode.IsSpace(r), r == '_', r == '·', r == '‧', r == '•':
			dst = append(dst, ' ')
		case r == '＋', r == '﹢', r == '➕':
			dst = append(dst, '+')
		case unicode.Is(unicode.Pd, r), r == '−', r == '⁃', r == 'ー':
			dst = append(dst, '-')
		case r == '[', r == '（', r == '［':
			dst = append(dst, '(')
		case r == ']', r == '）', r == '］':
			dst = append(dst, ')')
		case r == '．', r == '。', r == '․':
			dst = append(dst, '.')
		case r == '，', r == '٫', r == '٬', r == '،':
			dst = append(dst, ',')
		case r == '／', r == '\\':
			dst = append(dst, '/')
		case r == '’', r == '‘', r == '`':
			dst = append(dst, '\'')
		case r == '“', r == '”', r == '„', r == '«', r == '»':
			dst = append(dst, '"')
		case r == '：':
			dst = append(dst, ':')
		case r < utf8.RuneSelf, unicode.IsLetter(r):
			dst = utf8.AppendRune(dst, r)
		default:
			return dst, false
		}
	}
	return dst, true
}

// showsNothing reports whether a character only says how its neighbours are
// shown: marks of direction, joiners, the variants and the frame of an emoji.
func showsNothing(r rune) bool {
	return r >= utf8.RuneSelf && (unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Variation_Selector, r) ||
		unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) || r == '\u20e3')
}

// asciiDigit returns the digit of any script. Unicode keeps the ten digits of a
// script together and in order, and where scripts follow one another the runs do.
func asciiDigit(r rune) byte {
	if r < utf8.RuneSelf {
		return byte(r)
	}
	for _, run := range unicode.Digit.R16 {
		if rune(run.Lo) <= r && r <= rune(run.Hi) {
			return byte('0' + (r-rune(run.Lo))%10)
		}
	}
	for _, run := range unicode.Digit.R32 {
		if rune(run.Lo) <= r && r <= rune(run.Hi) {
			return byte('0' + (r-rune(run.Lo))%10)
		}
	}
	return '0'
}

// cutLabel cuts words before a number off, such as "Tel.:" or "p:".
func cutLabel(text []byte) []byte {
	first := bytes.IndexAny(text, "+0123456789")
	if first <= 0 {
		return text
	}
	last := 0
	for i := 0; i < first; {
		r, size := utf8.DecodeRune(text[i:])
		switch i += size; {
		case unicode.IsLetter(r):
			last = i
		case !strings.ContainsRune(" .:-/()&", r):
			return text
		}
	}
	if last == 0 {
		return text
	}
	return bytes.TrimLeft(text[last:], " .:-/)")
}

// cutExtension cuts off what is dialled once the call is connected, and the
// parameters of RFC 3966, of which a context comes in front.
func cutExtension(text []byte) (number []byte, ok bool) {
	plain := !bytes.ContainsFunc(text, func(r rune) bool {
		return r == ';' || r == '#' || r >= utf8.RuneSelf || isLetter(byte(r))
	})
	if plain {
		return text, true
	}
	if number, parameters, found := bytes.Cut(text, []byte(";")); found {
		var context []byte
		for _, p := range bytes.Split(parameters, []byte(";")) {
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

// appendText appends a number of ASCII digits, punctuation and letters.
func (d *dialing) appendText(dst []byte, text string, home *plan) (normal []byte, ok bool) {
	var buf [maxPhoneDigits]byte
	digits, letters, zero, plus := buf[:0], 0, -1, false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == ' ' || c == '-' || c == '.' || c == ')':
			continue
		case c == '+' && len(digits) == 0:
			plus = true
			continue
		case c == '/' && !speaks(c, text[i+1:]):
			continue
		case c == '(':
			if speaks(c, text[i+1:]) {
				if zero >= 0 {
					return dst, false
				}
				zero = len(digits)
			}
			continue
		case isLetter(c):
			c = keypad[c|0x20-'a']
			letters++
		case c < '0' || c > '9':
			return dst, false
		}
		if len(digits) == cap(digits) {
			return dst, false
		}
		digits = append(digits, c)
	}
	switch {
	case len(digits) == 0 || letters > 0 && !isVanity(digits, letters, plus, home):
		return dst, false
	case zero >= 0:
		return d.appendOptionalZero(dst, digits, zero, plus, home)
	}
	return d.append(dst, digits, plus, home)
}

// append appends the number of which only digits are known, and whether there
// was a + before them.
func (d *dialing) append(dst, digits []byte, plus bool, home *plan) (normal []byte, ok bool) {
	if plus {
		normal, ok = d.appendInternational(dst, digits)
	} else if home != nil {
		normal, ok = home.appendNational(dst, digits)
	}
	if ok {
		return normal, true
	}
	return d.appendUnclear(dst, digits, plus, home)
}

// keypad has the digit of each letter.
const keypad = "22233344455566677778889999"

// isVanity reports whether letters may be digits: in North America, where
// numbers are given out so, and all have ten digits. Elsewhere a word behind a
// number would become a part of it.
func isVanity(digits []byte, letters int, plus bool, home *plan) bool {
	const word = 3
	if letters < word || len(digits)-letters < word || !plus && (home == nil || home.code != "1") {
		return false
	}
	return len(digits) == 11 && digits[0] == '1' || len(digits) == 10 && !plus
}

// appendOptionalZero appends a number with a zero in parentheses, as written for
// readers abroad and at home: it is no part of the number, unless the country has
// no such prefix and its numbers begin with zeros.
func (d *dialing) appendOptionalZero(dst, digits []byte, zero int, plus bool, home *plan) (normal []byte, ok bool) {
	without := slices.Concat(digits[:zero], digits[zero+1:])
	abroad := plus
	if !plus && zero > 2 && digits[0] == '0' && digits[1] == '0' {
		digits, without, abroad = digits[2:], without[2:], true
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
