package address

import (
	"unicode"
	"unicode/utf8"
)

// Append appends the normalised form of an address in a country, given as two capitals
// of ISO 3166-1. The result may be empty: most other scripts leave nothing.
func Append(dst []byte, s, country string) []byte {
	t := tables()
	w := t[country]
	if w == nil {
		w = t[everywhere]
	}
	for i := 0; i < len(s); {
		start, begin := len(dst), i
		for i < len(s) && plain[s[i]] != 0 {
			dst = append(dst, plain[s[i]])
			i++
		}
		switch {
		case i == len(s) || s[i] == ' ':
			dst = w.replaced(dst, start)
		case w.simple && isPoint(s[i]):
			if dst = w.replaced(dst, start); s[i] == '#' {
				dst = append(dst, "number"...)
			}
			i++
			continue
		default:
			// The word is read again, more carefully.
			i += wordEnd(s[i:])
			dst = w.appendOdd(dst[:start], s[begin:i])
		}
		for i < len(s) {
			r, size := utf8.DecodeRuneInString(s[i:])
			if !isSpace(r) {
				break
			}
			i += size
		}
	}
	return dst
}

// isPoint reports whether step 3 replaces a character.
func isPoint(c byte) bool {
	switch c {
	case ',', '.', '[', ']', '/', '-', '#':
		return true
	}
	return false
}

// plain maps an ASCII character that is kept to its lower case, and others to 0.
var plain = func() (t [256]byte) {
	for c := byte('0'); c <= '9'; c++ {
		t[c] = c
	}
	for c := byte('a'); c <= 'z'; c++ {
		t[c], t[c-'a'+'A'] = c, c
	}
	return t
}()

// isSpace reports whether a character ends a word.
func isSpace(r rune) bool { return unicode.IsSpace(r) || r == '\ufeff' }

// wordEnd returns the end of the word at the beginning of s.
func wordEnd(s string) int {
	for i, r := range s {
		if isSpace(r) {
			return i
		}
	}
	return len(s)
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// replaced replaces a plain word, which begins at start, by its normalised form.
func (w *words) replaced(dst []byte, start int) []byte {
	word := dst[start:]
	if !w.mayHave(word) {
		return dst
	}
	if becomes, ok := w.whole[string(word)]; ok {
		return append(dst[:start], becomes...)
	}
	return dst
}

// appendOdd appends the normalised form of a word with characters that are not plain.
func (w *words) appendOdd(dst []byte, s string) []byte {
	var buf [64]byte
	word := buf[:0]
	for _, r := range s {
		if r < utf8.RuneSelf {
			word = append(word, lower(byte(r)))
		} else {
			word = utf8.AppendRune(word, unicode.ToLower(r))
		}
	}
	if becomes, ok := w.whole[string(word)]; ok {
		return append(dst, becomes...)
	}
	start := 0
	for i, c := range word {
		if !isPoint(c) {
			continue
		}
		if dst = w.appendPart(dst, word[start:i]); c == '#' {
			dst = append(dst, "number"...)
		}
		start = i + 1
	}
	return w.appendPart(dst, word[start:])
}

// appendPart appends the normalised form of a part of a word after step 3.
func (w *words) appendPart(dst, part []byte) []byte {
	if becomes, ok := w.last[string(part)]; ok {
		return append(dst, becomes...)
	}
	var buf [64]byte
	word := buf[:0]
	for i := 0; i < len(part); {
		r, size := utf8.DecodeRune(part[i:])
		if as, ok := w.letters[r]; ok {
			word = append(word, as...)
		} else {
			word = append(word, part[i:i+size]...)
		}
		i += size
	}
	if becomes, ok := w.again[string(word)]; ok {
		return append(dst, becomes...)
	}
	return appendKept(dst, word)
}

// appendKept is step 7.
func appendKept(dst, s []byte) []byte {
	for _, c := range s {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
			dst = append(dst, c)
		}
	}
	return dst
}
