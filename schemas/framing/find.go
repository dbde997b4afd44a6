package framing

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/schemas/avro"
)

// The headers that name a schema, and the first bytes of values that do.
const (
	HeaderConfluent       = "__value_schema_id"
	HeaderApicurioGlobal  = "apicurio.value.globalId"
	HeaderApicurioContent = "apicurio.value.contentId"

	headerApicurioEncoding = "apicurio.value.encoding"

	magic     = 0x00 // of Confluent and Apicurio, and of a header with an id
	magicGUID = 0x01 // of a header with a GUID
	magicGlue = 0x03
	glueBare  = 0x00 // the Avro follows as it is
	glueZlib  = 0x05 // the Avro follows in zlib

	idSize       = 1 + 4
	guidSize     = 1 + 16
	longSize     = 8
	apicurioSize = 1 + longSize
	glueSize     = 2 + 16
)

// Found is what a record says about its schema.
type Found struct {
	Ref Ref
	// Framing is the one that was found.
	Framing Set
	// Zlib says that the payload is compressed; see Inflate.
	Zlib bool
	// Payload is the Avro, which shares the value's memory.
	Payload []byte
}

// maxHeader is longer than any header that Find believes.
const maxHeader = 64

// Naming returns the indexes of the headers that name a record's schema, which are at
// most four, and short.
func Naming(list []kgo.RecordHeader) (at []int) {
	for i, h := range list {
		switch h.Key {
		case HeaderConfluent, HeaderApicurioGlobal, HeaderApicurioContent, headerApicurioEncoding:
		default:
			continue
		}
		at = slices.DeleteFunc(at, func(k int) bool { return list[k].Key == h.Key }) // the last one is used
		if len(h.Value) <= maxHeader {
			at = append(at, i)
		}
	}
	return at
}

// InHeader reports whether the framing is in a header.
func (s Set) InHeader() bool { return s&headers != 0 }

// Find looks for the framings of s, in the headers first, then in the value, and fills f,
// which must be empty. A header is believed, and the value is then bare Avro.
func (s Set) Find(value []byte, list []kgo.RecordHeader, f *Found) *avro.Fault {
	if len(value) == 0 {
		return blank(value)
	}
	if len(list) > 0 && s&headers != 0 {
		if fault := s.inHeaders(list, f); fault != nil || f.Ref.Kind != None {
			f.Payload = value
			return fault
		}
	}
	return s.InValue(value, f)
}

func blank(value []byte) *avro.Fault {
	if value == nil {
		return &avro.Fault{Kind: avro.Tombstone, Message: "the value is null: a tombstone carries no event"}
	}
	return &avro.Fault{Kind: avro.Empty, Message: "the value is empty"}
}

// inHeaders leaves f without a Ref if no header names a schema. Of several headers with
// one key the last one is used, as by Confluent's and Apicurio's own deserialisers.
func (s Set) inHeaders(list []kgo.RecordHeader, f *Found) *avro.Fault {
	var h named
	for i := range list {
		// The keys that are looked for have 17 bytes and more; most others have fewer.
		if len(list[i].Key) >= len(HeaderConfluent) {
			h.see(&list[i])
		}
	}
	if h.confluent != nil && s&ConfluentHeader != 0 {
		f.Framing = ConfluentHeader
		return f.confluent(h.confluent.Value)
	}
	if s&ApicurioHeader == 0 || h.global == nil && h.content == nil {
		return nil
	}
	f.Framing = ApicurioHeader
	// The encoding distinguishes JSON from Avro; the schema is an Avro one either way.
	if h.encoding != nil && string(h.encoding.Value) == "JSON" {
		return &avro.Fault{Kind: avro.Foreign, Message: "the header " + headerApicurioEncoding + " says JSON: want BINARY"}
	}
	kind, id := ApicurioGlobalID, h.global
	if id == nil {
		kind, id = ApicurioContentID, h.content
	}
	if len(id.Value) != longSize {
		return badHeader("the header %s has %s: want %d", id.Key, count.Of(len(id.Value), "byte"), longSize)
	}
	f.Ref = RefNumber(kind, binary.BigEndian.Uint64(id.Value))
	return nil
}

// named are the headers of a record that name its schema.
type named struct{ confluent, global, content, encoding *kgo.RecordHeader }

func (n *named) see(h *kgo.RecordHeader) {
	switch h.Key {
	case HeaderConfluent:
		n.confluent = h
	case HeaderApicurioGlobal:
		n.global = h
	case HeaderApicurioContent:
		n.content = h
	case headerApicurioEncoding:
		n.encoding = h
	}
}

func (f *Found) confluent(b []byte) *avro.Fault {
	switch {
	case len(b) == guidSize && b[0] == magicGUID:
		f.Ref = RefUUID(GUID, [16]byte(b[1:]))
		return nil
	case len(b) == idSize && b[0] == magic:
		f.Ref = RefID(binary.BigEndian.Uint32(b[1:]))
		return nil
	case len(b) == 0 || b[0] == magic || b[0] == magicGUID:
		return badHeader("the header %s has %s: want %d with a GUID, behind 0x01, or %d with an id, behind 0x00", HeaderConfluent, count.Of(len(b), "byte"), guidSize, idSize)
	}
	return badHeader("the header %s begins with byte 0x%02x: want 0x01 and the schema's GUID, or 0x00 and its id", HeaderConfluent, b[0])
}

func badHeader(format string, args ...any) *avro.Fault {
	return &avro.Fault{Kind: avro.BadHeader, Message: fmt.Sprintf(format, args...)}
}

// InValue looks for the framings of s only in the value, which must not be empty.
//
// Confluent's and Apicurio's prefixes begin alike. No registry assigns the id 0, and no
// Apicurio has assigned four billion ids, so four zero bytes are the upper half of one of
// Apicurio's.
func (s Set) InValue(value []byte, f *Found) *avro.Fault {
	switch {
	case value[0] == magic && s&ConfluentPrefix != 0:
		if len(value) < idSize {
			return short(value, "Confluent's prefix", idSize)
		}
		if id := binary.BigEndian.Uint32(value[1:]); id != 0 || len(value) < apicurioSize || s&ApicurioPrefix == 0 {
			f.Ref, f.Framing, f.Payload = RefID(id), ConfluentPrefix, value[idSize:]
			return nil
		}
		return f.apicurio(value)
	case value[0] == magic && s&ApicurioPrefix != 0:
		return f.apicurio(value)
	case value[0] == magicGlue && s&Glue != 0:
		return s.glue(value, f)
	}
	return s.noMagic(fmt.Sprintf("the value begins with byte 0x%02x", value[0]))
}

func (f *Found) apicurio(value []byte) *avro.Fault {
	if len(value) < apicurioSize {
		return short(value, "Apicurio's prefix", apicurioSize)
	}
	f.Ref = RefNumber(ApicurioID, binary.BigEndian.Uint64(value[1:]))
	f.Framing, f.Payload = ApicurioPrefix, value[apicurioSize:]
	return nil
}

func (s Set) glue(value []byte, f *Found) *avro.Fault {
	if len(value) < 2 {
		return short(value, "AWS Glue's prefix", glueSize)
	}
	if c := value[1]; c != glueBare && c != glueZlib {
		return s.noMagic(fmt.Sprintf("the value begins with bytes 0x03 0x%02x; behind AWS Glue's 0x03 comes 0x00 (as it is) or 0x05 (zlib)", c))
	}
	if len(value) < glueSize {
		return short(value, "AWS Glue's prefix", glueSize)
	}
	f.Ref, f.Framing = RefUUID(GlueVersion, [16]byte(value[2:])), Glue
	f.Zlib, f.Payload = value[1] == glueZlib, value[glueSize:]
	return nil
}

func (s Set) noMagic(what string) *avro.Fault {
	return &avro.Fault{Kind: avro.NoMagic, Message: what + ", and nothing names its schema; looked for: " + s.Tried()}
}

func short(value []byte, what string, size int) *avro.Fault {
	return &avro.Fault{Kind: avro.Short, Message: fmt.Sprintf("the value has %s, and %s alone needs %d", count.Of(len(value), "byte"), what, size)}
}
