package redact

import (
	"encoding/base32"
	"encoding/base64"
	"strings"
)

// plain reports whether EventID leaves an id as it is, as nearly all are: receipts
// name every event, and that must not cost a copy each.
//
//nolint:gocyclo // one rule a branch, in the order in which they are asked, for the id of each event
func plain(id string) bool {
	if len(id) >= 64 {
		return false
	}
	sum := uint64(0)
	for i := range len(id) {
		sum += idCounts[id[i]]
	}
	digits, upper, lower := countIn(sum, countDigit), countIn(sum, countUpper), countIn(sum, countLower)
	hexes, separators := countIn(sum, countHex), len(id)-digits-upper-lower
	switch {
	case countIn(sum, countSpecial) > 0:
		return false
	case digits >= 10 && upper == 0 && lower == 0:
		return false
	case countIn(sum, countDash) >= 4 && len(id) >= 36:
		return false // a UUID, perhaps
	case hexes >= 32 && hexRun(id) >= 32:
		return false
	case hexes+separators == len(id) && hexes >= leastHex && (upper+lower > 0 && hexes >= 32 || (upper+lower > 0 || separators > 4) && readable(id)):
		return false // a digest in groups, or hex of a text
	case countIn(sum, countDot) > 0 && strings.Contains(id, "amzn1."):
		return false
	case upper > 0 && lower > 0 && len(id) >= leastEncoded && kindChanges(id) >= 4:
		return (separators < 3 || kindChanges(id) < 8) && !suspect(id) // it may be base64 in groups
	case separators == 0 && upper+lower > 0 && (digits > 0 || lower == 0) && len(id) >= leastEncoded32:
		return !suspect32(id)
	}
	return true
}

// leastEncoded32 is how long base32 of the shortest address and number is.
const leastEncoded32 = 13

// suspect32 reports whether an id may be base32 of a text: its first five bytes are
// visible ASCII then. It is cheap, as suspect is.
func suspect32(id string) bool {
	var text, decoded [8]byte
	for i := range text {
		text[i] = id[i] &^ ((id[i] & 0x40) >> 1) // in capitals
	}
next:
	for _, enc := range []*base32.Encoding{base32Std, base32Hex} {
		n, err := enc.Decode(decoded[:], text[:])
		if err != nil {
			continue
		}
		for _, c := range decoded[:n] {
			if c <= ' ' || c > '~' {
				continue next
			}
		}
		return true
	}
	return false
}

// The bytes of an id are counted by class in eight bits each of one word: ids of 64
// bytes and more are not plain.
const (
	countDigit = 8 * iota
	countUpper
	countLower
	countHex
	countDash
	countDot
	countSpecial
)

func countIn(sum uint64, class int) int { return int(sum >> class & 0xff) }

// idCounts is what each byte adds to the counts.
var idCounts = func() (t [256]uint64) {
	for c, class := range idClasses {
		for bit, count := range map[byte]int{idDigit: countDigit, idUpper: countUpper, idLower: countLower, idHex: countHex, idSpecial: countSpecial} {
			if class&bit != 0 {
				t[c] |= 1 << count
			}
		}
	}
	t['-'] |= 1 << countDash
	t['.'] |= 1 << countDot
	return t
}()

// hexRun returns the length of the longest row of hex digits.
func hexRun(id string) (longest int) {
	n := 0
	for i := range len(id) {
		if n++; idClasses[id[i]]&idHex == 0 {
			n = 0
		}
		longest = max(longest, n)
	}
	return longest
}

// kindChanges counts how often digits, capitals and small letters follow one another,
// separators aside.
func kindChanges(id string) (n int) {
	var last byte
	for i := range len(id) {
		if kind := idClasses[id[i]] & idKinds; kind != 0 && kind != last {
			n, last = n+1, kind
		}
	}
	return n
}

// leastHex is how long hex of an address is at least.
const leastHex = 12

// readable reports whether an id is hex of visible characters, whatever stands between
// their bytes.
func readable(id string) bool {
	n := 0
	for i := range len(id) {
		c := id[i]
		if idClasses[c]&idKinds == 0 {
			continue
		}
		// 2 to 7 is what they begin with.
		if n%2 == 0 && (c < '2' || c > '7') || idClasses[c]&idHex == 0 {
			return false
		}
		n++
	}
	return n%2 == 0
}

const (
	idDigit byte = 1 << iota
	idUpper
	idLower
	idHex
	// idSpecial marks characters that need a closer look: escapes, signs of addresses
	// and numbers, and what is not visible ASCII.
	idSpecial
	idKinds = idDigit | idUpper | idLower
)

var idClasses = func() (t [256]byte) {
	for c := range t {
		switch b := byte(c); {
		case b >= '0' && b <= '9':
			t[c] = idDigit | idHex
		case b >= 'a' && b <= 'f':
			t[c] = idLower | idHex
		case b >= 'A' && b <= 'F':
			t[c] = idUpper | idHex
		case b >= 'g' && b <= 'z':
			t[c] = idLower
		case b >= 'G' && b <= 'Z':
			t[c] = idUpper
		case b <= ' ' || b > '~' || strings.IndexByte(`@%&\+=|`, b) >= 0:
			t[c] = idSpecial
		}
	}
	return t
}()

// suspect reports whether an id that looks like base64 may be that of a digest or
// hide something. It is cheap, and wrong only in suspecting too much.
func suspect(id string) bool {
	switch len(id) {
	case 22, 27, 43:
		return true
	}
	var text, decoded [64]byte
	for i := range len(id) {
		switch c := id[i]; c {
		case '-':
			text[i] = '+'
		case '_':
			text[i] = '/'
		default:
			text[i] = c
		}
	}
	for from := range 4 {
		n, _ := base64.RawStdEncoding.Decode(decoded[:], text[from:len(id)])
		run := 0
		for _, c := range decoded[:n] {
			if c == '@' {
				return true
			}
			if c < '0' || c > '9' {
				run = 0
			} else if run++; run == 4 {
				return true
			}
		}
	}
	return strings.HasPrefix(id, "eyJ")
}
