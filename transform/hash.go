package transform

import (
	"crypto/sha256"
	"encoding"
	"encoding/binary"
	"hash"
)

// hashOfNothing is the SHA-256 of no bytes. Sources that hash before they look
// send it for everybody without an address, and Amazon would take them all for
// one person.
const hashOfNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// hash sets h to the SHA-256 of b, which is not empty.
func (t *Transformer) hash(h *Hash, b []byte) {
	if t.oneBlock != nil && len(b) <= maxOneBlock {
		h.hex(t.oneBlock.sum(b))
		return
	}
	s := sha256.Sum256(b)
	h.hex(&s)
}

// oneBlock hashes what fits into one block together with its padding, as nearly
// every identifier does. To compress a block takes 35 ns, and what Sum256 does
// around it, buffering, padding and copying its state, 55 more: for two identifiers
// of each event, that is much. So the block is padded here, as FIPS 180-4 has it in
// 5.1.1, and the hash read from the digest's state once the block is in, which is
// what encoding.BinaryAppender is for.
type oneBlock struct {
	digest hash.Hash
	state  encoding.BinaryAppender // of the digest
	block  [sha256.BlockSize]byte
	text   []byte // of the state
}

const (
	// maxOneBlock leaves room for the bit that ends the text, and its length.
	maxOneBlock = sha256.BlockSize - 1 - 8
	// stateAt is where the state begins in its text. No document says so, so it is
	// not relied on where it turns out to be otherwise.
	stateAt = len("sha\x03")
)

// newOneBlock returns nil if hashes cannot be made so.
func newOneBlock() *oneBlock {
	digest := sha256.New()
	state, ok := digest.(encoding.BinaryAppender)
	if !ok {
		return nil
	}
	const sample = "jane@example.com"
	o := &oneBlock{digest: digest, state: state}
	if sum := o.sum([]byte(sample)); sum == nil || *sum != sha256.Sum256([]byte(sample)) {
		return nil
	}
	return o
}

// sum returns the hash, good until the next one is made; nil if it is not there.
func (o *oneBlock) sum(b []byte) *[sha256.Size]byte {
	n := copy(o.block[:maxOneBlock], b)
	o.block[n] = 0x80
	binary.BigEndian.PutUint64(o.block[sha256.BlockSize-8:], uint64(n)*8)
	o.digest.Reset()
	_, _ = o.digest.Write(o.block[:])            // a hash has no errors
	o.text, _ = o.state.AppendBinary(o.text[:0]) // nor has this one's state
	clear(o.block[:])                            // nobody's address is to lie about
	if len(o.text) < stateAt+sha256.Size {
		return nil
	}
	return (*[sha256.Size]byte)(o.text[stateAt:])
}

// hexPairs has the two digits of each byte, the first in the lower half.
var hexPairs = func() (t [256]uint16) {
	const digits = "0123456789abcdef"
	for i := range t {
		t[i] = uint16(digits[i>>4]) | uint16(digits[i&15])<<8
	}
	return t
}()

// hex sets h to a hash in lower-case hex, four bytes at a time: digit by digit it
// would take a third as long as the hashing does, and by arithmetic on eight digits
// at once, without a table, twice as long as this.
func (h *Hash) hex(sum *[sha256.Size]byte) {
	for i := 0; i < len(sum); i += 4 {
		binary.LittleEndian.PutUint64(h[2*i:], uint64(hexPairs[sum[i]])|uint64(hexPairs[sum[i+1]])<<16|
			uint64(hexPairs[sum[i+2]])<<32|uint64(hexPairs[sum[i+3]])<<48)
	}
}

// hexLower has the lower case of each hex digit, and zero for all other bytes. By
// comparisons, whether a digit is a letter would be a guess each time.
var hexLower = func() (t [256]byte) {
	for _, c := range []byte("0123456789abcdef") {
		t[c] = c
	}
	for _, c := range []byte("ABCDEF") {
		t[c] = c + ('a' - 'A')
	}
	return t
}()

// take sets h to s lower-cased when s is a SHA-256 in hex already. It reports
// false, and leaves h alone, for anything else and for the hash of nothing.
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
