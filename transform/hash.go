package transform

import (
	"crypto/sha256"
	"encoding/binary"
)

// hashOfNothing is the SHA-256 of no bytes. Sources that hash without checking send it for
// everybody without an address, and Amazon would take them all for one person.
const hashOfNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// set makes h the SHA-256 of b, which is not empty.
func (h *Hash) set(b []byte) {
	sum := sha256.Sum256(b)
	h.hex(&sum)
}

// hexPairs holds the two digits of each byte, the first in the low half.
var hexPairs = func() (t [256]uint16) {
	const digits = "0123456789abcdef"
	for i := range t {
		t[i] = uint16(digits[i>>4]) | uint16(digits[i&15])<<8
	}
	return t
}()

// hex sets h to a hash in lower-case hex, four bytes at a time. Digit by digit would take a
// third of the time of the hashing itself; arithmetic on eight digits at once, without a
// table, takes twice as long as this.
func (h *Hash) hex(sum *[sha256.Size]byte) {
	for i := 0; i < len(sum); i += 4 {
		binary.LittleEndian.PutUint64(h[2*i:], uint64(hexPairs[sum[i]])|uint64(hexPairs[sum[i+1]])<<16|
			uint64(hexPairs[sum[i+2]])<<32|uint64(hexPairs[sum[i+3]])<<48)
	}
}

// hexLower maps each hex digit to its lower case and all other bytes to zero. With
// comparisons, the processor would mispredict whether a digit is a letter.
var hexLower = func() (t [256]byte) {
	for _, c := range []byte("0123456789abcdef") {
		t[c] = c
	}
	for _, c := range []byte("ABCDEF") {
		t[c] = c + ('a' - 'A')
	}
	return t
}()

// take sets h to s in lower case if s is a SHA-256 in hex. Otherwise, and for the hash of
// nothing, it returns false and leaves h unchanged.
func (h *Hash) take(s string) bool {
	if len(s) != len(h) {
		return false
	}
	var lower Hash
	bad := byte(0)
	for i := range lower {
		lower[i] = hexLower[s[i]]
		bad |= lower[i] - 1 // 0xff of a zero
	}
	if bad >= 0x80 {
		return false
	}
	if string(lower[:]) == hashOfNothing {
		return false
	}
	*h = lower
	return true
}
