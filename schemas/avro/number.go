package avro

import "encoding/binary"

// ReadLong reads a number and returns where the next value begins, or -1. Most
// numbers are one byte long.
func ReadLong(s string, pos int) (v int64, next int) {
	if pos < len(s) && s[pos] < 0x80 {
		b := s[pos]
		return int64(b>>1) ^ -int64(b&1), pos + 1
	}
	return readVarint(s, pos)
}

// readVarint is binary.Varint for a string.
func readVarint(s string, pos int) (v int64, next int) {
	var bits uint64
	for i := range binary.MaxVarintLen64 {
		if pos+i >= len(s) {
			return 0, -1
		}
		b := s[pos+i]
		if i == binary.MaxVarintLen64-1 && b > 1 {
			return 0, -1 // more than 64 bits
		}
		bits |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			return int64(bits>>1) ^ -int64(bits&1), pos + i + 1
		}
	}
	return 0, -1
}
