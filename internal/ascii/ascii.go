package ascii

// High is the bit of each byte of a Word that is set beyond ASCII.
const High = 0x80 * ones

const ones = 0x0101010101010101 // a byte times this is eight of it

// Only reports whether all bytes of s are ASCII.
func Only(s string) bool {
	n := len(s)
	if n < 8 {
		return short(s)&High == 0
	}
	// The last word overlaps the previous one if the length is not a multiple of eight, which is
	// cheaper than examining the rest byte by byte.
	seen := Word(s[n-8:])
	for i := 0; i+8 < n; i += 8 {
		seen |= Word(s[i:])
	}
	return seen&High == 0
}

// Within reports whether all bytes of s are from lo to hi, both ASCII.
func Within(s string, lo, hi byte) bool {
	// For an ASCII byte within the range, subtracting lo and adding 0x7f-hi both leave
	// the highest bit clear. Only a byte outside the range can borrow from or carry into
	// the next one, and then the answer is already no.
	less, more := uint64(lo)*ones, uint64(0x7f-hi)*ones
	n := len(s)
	if n < 8 {
		if n == 0 {
			return true
		}
		w := short(s)
		return (w|(w-less)|(w+more))&High == 0
	}
	w := Word(s[n-8:])
	seen := w | (w - less) | (w + more)
	for i := 0; i+8 < n; i += 8 {
		w := Word(s[i:])
		seen |= w | (w - less) | (w + more)
	}
	return seen&High == 0
}

// Quotable reports whether s between quotation marks is a JSON string: it is ASCII and has no
// control characters, quotation marks or backslashes.
func Quotable(s string) bool {
	n := len(s)
	if n < 8 {
		return n == 0 || needsCare(short(s))&High == 0
	}
	seen := needsCare(Word(s[n-8:]))
	for i := 0; i+8 < n; i += 8 {
		seen |= needsCare(Word(s[i:]))
	}
	return seen&High == 0
}

// needsCare sets the highest bit of the lowest byte that JSON must escape, and possibly those of
// bytes above it.
func needsCare(w uint64) uint64 {
	return w | (w - ' '*ones) | ((w ^ '"'*ones) - ones) | ((w ^ '\\'*ones) - ones)
}

// Word returns the first eight bytes of s, the first one lowest. The compiler makes one
// instruction of it.
func Word(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// short returns a word of all bytes of s and no others, in any order and with repetitions. s has
// less than eight bytes; if it is empty, the word is zero.
func short(s string) uint64 {
	switch n := len(s); {
	case n >= 4:
		return uint64(HalfWord(s)) | uint64(HalfWord(s[n-4:]))<<32
	case n > 0:
		// One, two or three bytes are the first, the middle and the last.
		w := uint64(s[0]) | uint64(s[n/2])<<8 | uint64(s[n-1])<<16
		w |= uint64(s[0]) << 24
		return w | w<<32
	}
	return 0
}

// HalfWord is Word for four bytes.
func HalfWord(s string) uint32 {
	_ = s[3]
	return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
}

// IsLetter reports whether c is an ASCII letter.
func IsLetter(c byte) bool { return c|0x20-'a' < 26 }
