package avro

import (
	"encoding/binary"
	"fmt"

	"github.com/tracklayer/amazon-capi/internal/count"
)

// The Confluent wire format: a magic byte of 0, the schema's id as four bytes
// big-endian, then the Avro record.
const (
	magic      = 0
	HeaderSize = 5
)

// ParseHeader splits a record's value into the id of the schema that wrote it
// and the Avro bytes, which share value's memory.
func ParseHeader(value []byte) (id uint32, payload []byte, bad *Fault) {
	switch {
	case value == nil:
		return 0, nil, &Fault{Kind: Tombstone, Message: "the value is null: a tombstone carries no event"}
	case len(value) == 0:
		return 0, nil, &Fault{Kind: Empty, Message: "the value is empty"}
	case value[0] != magic:
		return 0, nil, &Fault{Kind: NoMagic, Message: fmt.Sprintf(
			"the value begins with byte 0x%02x and not with 0x00: it was not written in the Confluent wire format", value[0])}
	case len(value) < HeaderSize:
		return 0, nil, &Fault{Kind: Short, Message: fmt.Sprintf(
			"the value has %s, and the header with the schema id alone needs %d", count.Of(len(value), "byte"), HeaderSize)}
	}
	return binary.BigEndian.Uint32(value[1:]), value[HeaderSize:], nil
}

// AppendHeader appends the header that ParseHeader reads.
func AppendHeader(dst []byte, id uint32) []byte {
	return binary.BigEndian.AppendUint32(append(dst, magic), id)
}
