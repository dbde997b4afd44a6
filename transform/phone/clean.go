package phone

import (
	"unicode"
	"unicode/utf8"
)

// cleanPhone appends s with its characters replaced by their ASCII equivalents and without
// invisible ones. Other letters stay. ok is false if s has characters that no number is
// written with, or more than one line.
func cleanPhone(dst []byte, s string) (clean []byte, ok bool) {
	for _, r := range s {
		switch {
		case r == utf8.RuneError, r != '\t' && unicode.IsControl(r):
			return dst, false
		case unicode.IsDigit(r):
			dst = append(dst, asciiDigit(r))
		case showsNothing(r):
		case unicode.IsSpace(r):
			dst = append(dst, ' ')
		case r == '_', r == '·', r == '‧', r == '•':
			dst = append(dst, '_')
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

// showsNothing reports whether a character only affects how its neighbours are shown: marks
// of direction, joiners, the variants and the frame of an emoji.
func showsNothing(r rune) bool {
	return r >= utf8.RuneSelf && (unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Variation_Selector, r) ||
		unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) || r == '\u20e3')
}

// asciiDigit returns the ASCII digit for a digit of any script. Unicode keeps the ten digits
// of a script together and in order, and where scripts follow one another the runs do.
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
