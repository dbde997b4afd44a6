package transform

import (
	"crypto/sha256"
	"encoding/hex"
)

// hashOfNothing is the SHA-256 of no bytes. Sources that hash before they look
// send it for everybody without an address, and Amazon would take them all for
// one person.
const hashOfNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// sum sets h to the SHA-256 of b, which is not empty.
func (h *Hash) sum(b []byte) {
	s := sha256.Sum256(b)
	hex.Encode(h[:], s[:])
}

// take sets h to s lower-cased when s is a SHA-256 in hex already. It reports
// false, and leaves h alone, for anything else and for the hash of nothing.
func (h *Hash) take(s string) bool {
	if len(s) != len(h) {
		return false
	}
	var lower Hash
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'f':
			lower[i] = c
		case c >= 'A' && c <= 'F':
			lower[i] = c + ('a' - 'A')
		default:
			return false
		}
	}
	if string(lower[:]) == hashOfNothing {
		return false
	}
	*h = lower
	return true
}
