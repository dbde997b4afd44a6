package transform

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// folding says what becomes of each byte of a text that is ASCII: its lower case
// in the low half, and above it whether that is kept or the text needs a closer
// look. A table and no comparisons, because which characters a name or an address
// is made of is what a processor cannot guess: each wrong guess costs as much as
// twenty bytes by the table.
type folding [256]uint16

const (
	foldKeeps = 1 << 8
	foldStops = 1 << 9
)

// newFolding makes a folding that keeps what keep says of lower-case characters.
// It does not do for texts with a character of stops, or one beyond ASCII.
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

// append appends what becomes of s. ok is false when the folding does not do for
// it; then dst is as it was.
func (f *folding) append(dst []byte, s string) (folded []byte, ok bool) {
	grown := slices.Grow(dst, len(s))[:len(dst)+len(s)]
	to := grown[len(dst):]
	kept, seen := 0, uint16(0)
	for i := range len(s) {
		b := f[s[i]]
		// Written even if it is not kept: then the next one takes its place.
		to[kept] = byte(b)
		kept += int(b / foldKeeps % 2)
		seen |= b
	}
	if seen&foldStops != 0 {
		return dst, false
	}
	return grown[:len(dst)+kept], true
}
