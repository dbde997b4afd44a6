package framing

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/schemas/avro"
)

// Write frames Avro with the framing of its Ref's kind: by a header for a GUID and for
// ids that Apicurio's headers have, and before the value for others. An id is written
// into a header if header is set; zlib compresses, which only Glue knows.
func Write(ref Ref, payload []byte, header, compress bool) (value []byte, headers []kgo.RecordHeader) {
	uuid := ref.bytes()
	long := binary.BigEndian.AppendUint64(nil, ref.Lo)
	switch ref.Kind {
	case GUID:
		return payload, []kgo.RecordHeader{{Key: HeaderConfluent, Value: append([]byte{magicGUID}, uuid[:]...)}}
	case ApicurioGlobalID:
		return payload, []kgo.RecordHeader{{Key: HeaderApicurioGlobal, Value: long}}
	case ApicurioContentID:
		return payload, []kgo.RecordHeader{{Key: HeaderApicurioContent, Value: long}}
	case ApicurioID:
		return append(append([]byte{magic}, long...), payload...), nil
	case GlueVersion:
		return glueValue(uuid, payload, compress), nil
	}
	prefix := avro.AppendHeader(nil, uint32(ref.Lo))
	if header {
		return payload, []kgo.RecordHeader{{Key: HeaderConfluent, Value: prefix}}
	}
	return append(prefix, payload...), nil
}

// AppendPrefix appends what goes before bare Avro for an id, or a version of Glue.
func AppendPrefix(dst []byte, ref Ref) []byte {
	if ref.Kind == GlueVersion {
		uuid := ref.bytes()
		return append(append(dst, magicGlue, glueBare), uuid[:]...)
	}
	return avro.AppendHeader(dst, uint32(ref.Lo))
}

func glueValue(uuid [16]byte, payload []byte, compress bool) []byte {
	value := append([]byte{magicGlue, glueBare}, uuid[:]...)
	if !compress {
		return append(value, payload...)
	}
	value[1] = glueZlib
	b := bytes.NewBuffer(value)
	z := zlib.NewWriter(b)
	// Writes to memory do not fail.
	_, _ = z.Write(payload)
	_ = z.Close()
	return b.Bytes()
}
