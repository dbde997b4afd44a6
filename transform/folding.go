package transform

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// folding maps each byte of an ASCII text to its lower case, in the low half, with flags
// above it: the byte is kept, or the text needs a closer look. It is a table because a
// processor cannot predict the characters of a name or an address, and each misprediction
// costs as much as looking up twenty bytes.
type folding [256]uint16

const (
	foldKeeps = 1 << 8
	foldStops = 1 << 9
)

// newFolding makes a folding that keeps the lower-case characters for which keep is true. It
// does not handle texts with a character of stops or beyond ASCII.
func newFolding(keep func(byte) bool, stops string) *folding {
	var f folding
	for c := range f {
		lower := byte(c)
		if lower-'A' < 26 {
			lower += 'a' - 'A'
		}
		f[c] = uint16(lower)
		switch {
		case lower >= utf8.RuneSelf || strings.IndexByte(stops, lower) >= 0:
			f[c] |= foldStops
		case keep(lower):
			f[c] |= foldKeeps
		}
	}
	return &f
}

// append appends s, folded. ok is false, and dst unchanged, when the folding does not
// handle s.
func (f *folding) append(dst []byte, s string) (folded []byte, ok bool) {
	grown := slices.Grow(dst, len(s))[:len(dst)+len(s)]
	to := grown[len(dst):]
	kept, seen := 0, uint16(0)
	for i := range len(s) {
		b := f[s[i]]
		// Written even if it is not kept: the next one then overwrites it.
		to[kept] = byte(b)
		kept += int(b / foldKeeps % 2)
		seen |= b
	}
	if seen&foldStops != 0 {
		return dst, false
	}
	return grown[:len(dst)+kept], true
}
