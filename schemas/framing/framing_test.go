package framing

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/schemas/avro"
)

var uuid = [16]byte{0x5e, 0x7f, 0x40, 0xce, 0xba, 0x13, 0x83, 0x94, 0xab, 0x4a, 0xc4, 0xe8, 0x2c, 0x0e, 0xde, 0xdd}

func header(key string, value ...byte) []kgo.RecordHeader {
	return []kgo.RecordHeader{{Key: "traceparent", Value: []byte("00-1")}, {Key: key, Value: value}, {Key: "amazon-capi.redrives", Value: []byte("1")}}
}

func find(s Set, value []byte, headers []kgo.RecordHeader) (f Found, fault *avro.Fault) {
	fault = s.Find(value, headers, &f)
	return f, fault
}

func TestWhatIsWrittenIsFound(t *testing.T) {
	payload := []byte("\x02e\x02n and more of it, and more of it, and more of it")
	for name, c := range map[string]struct {
		ref              Ref
		header, compress bool
		framing          Set
	}{
		"id":                   {RefID(7), false, false, ConfluentPrefix},
		"largest id":           {RefID(1<<31 - 1), false, false, ConfluentPrefix},
		"id in a header":       {RefID(7), true, false, ConfluentHeader},
		"GUID":                 {RefUUID(GUID, uuid), true, false, ConfluentHeader},
		"Apicurio":             {RefNumber(ApicurioID, 7), false, false, ApicurioPrefix},
		"Apicurio, a large id": {RefNumber(ApicurioID, 1<<32-1), false, false, ApicurioPrefix},
		"Apicurio global id":   {RefNumber(ApicurioGlobalID, 1<<40), true, false, ApicurioHeader},
		"Apicurio content id":  {RefNumber(ApicurioContentID, 7), true, false, ApicurioHeader},
		"Glue":                 {RefUUID(GlueVersion, uuid), false, false, Glue},
		"Glue, zlib":           {RefUUID(GlueVersion, uuid), false, true, Glue},
	} {
		value, headers := Write(c.ref, payload, c.header, c.compress)
		for _, s := range []Set{All, c.framing} {
			f, fault := find(s, value, headers)
			if fault != nil || f.Ref != c.ref || f.Framing != c.framing || f.Zlib != c.compress {
				t.Errorf("%s by %s: %+v, %v", name, s, f, fault)
				continue
			}
			got := f.Payload
			if f.Zlib {
				if got, fault = Inflate(got); fault != nil {
					t.Errorf("%s: %v", name, fault)
				}
			}
			if !bytes.Equal(got, payload) {
				t.Errorf("%s: payload %q", name, got)
			}
		}
		if f, fault := find(All&^c.framing, value, headers); fault == nil && f.Ref == c.ref {
			t.Errorf("%s is found though it is not looked for", name)
		}
	}
}

func TestWhatNamesNoSchema(t *testing.T) {
	guid := append([]byte{1}, uuid[:]...)
	for name, c := range map[string]struct {
		set     Set
		value   []byte
		headers []kgo.RecordHeader
		kind    avro.FaultKind
		says    string
	}{
		"tombstone with a header":    {All, nil, header(HeaderConfluent, guid...), avro.Tombstone, "tombstone"},
		"empty with a header":        {All, []byte{}, header(HeaderConfluent, guid...), avro.Empty, "empty"},
		"JSON":                       {All, []byte(`{"a":1}`), nil, avro.NoMagic, "byte 0x7b"},
		"what was tried":             {All, []byte(`{"a":1}`), nil, avro.NoMagic, "__value_schema_id; Confluent's prefix, 0x00 and 4 bytes; Apicurio's headers apicurio.value.globalId and .contentId; Apicurio's prefix, 0x00 and 8 bytes; AWS Glue's prefix, 0x03"},
		"a GUID before the value":    {All, guid, nil, avro.NoMagic, "0x01"},
		"only magic":                 {All, []byte{0}, nil, avro.Short, "needs 5"},
		"half an id":                 {All, []byte{0, 0, 0, 1}, nil, avro.Short, "needs 5"},
		"half, Apicurio alone":       {ApicurioPrefix, []byte{0, 1, 2, 3, 4}, nil, avro.Short, "needs 9"},
		"Glue's version alone":       {All, []byte{3}, nil, avro.Short, "needs 18"},
		"Glue, half a UUID":          {All, append([]byte{3, 0}, uuid[:15]...), nil, avro.Short, "needs 18"},
		"Glue, another compression":  {All, append([]byte{3, 7}, uuid[:]...), nil, avro.NoMagic, "0x03 0x07"},
		"0x03, Glue not looked for":  {ConfluentPrefix, append([]byte{3, 0}, uuid[:]...), nil, avro.NoMagic, "0x03"},
		"0x00, none of it looked at": {Glue, []byte{0, 0, 0, 0, 1}, nil, avro.NoMagic, "0x00"},
		"header of no bytes":         {All, []byte{0, 0, 0, 0, 1}, header(HeaderConfluent), avro.BadHeader, "0 bytes"},
		"header of 16 bytes":         {All, []byte("x"), header(HeaderConfluent, guid[:16]...), avro.BadHeader, "has 16 bytes"},
		"header of 18 bytes":         {All, []byte("x"), header(HeaderConfluent, append(guid, 0)...), avro.BadHeader, "has 18 bytes"},
		"header, half an id":         {All, []byte("x"), header(HeaderConfluent, 0, 1, 2, 3), avro.BadHeader, "has 4 bytes"},
		"header, another version":    {All, []byte("x"), header(HeaderConfluent, append([]byte{2}, uuid[:]...)...), avro.BadHeader, "byte 0x02"},
		"header of text":             {All, []byte("x"), header(HeaderConfluent, []byte("5e7f40ce-ba13")...), avro.BadHeader, "byte 0x35"},
		"Apicurio header, 4 bytes":   {All, []byte("x"), header(HeaderApicurioGlobal, 0, 0, 0, 1), avro.BadHeader, "globalId has 4 bytes"},
		"Apicurio header, 9 bytes":   {All, []byte("x"), header(HeaderApicurioContent, make([]byte, 9)...), avro.BadHeader, "contentId has 9 bytes"},
		"Apicurio, JSON": {All, []byte("{}"), append(header(HeaderApicurioGlobal, 0, 0, 0, 0, 0, 0, 0, 1),
			kgo.RecordHeader{Key: headerApicurioEncoding, Value: []byte("JSON")}), avro.Foreign, "JSON"},
	} {
		f, fault := find(c.set, c.value, c.headers)
		if fault == nil || fault.Kind != c.kind || !strings.Contains(fault.Message, c.says) {
			t.Errorf("%s: %v %v, want kind %d with %q", name, f, fault, c.kind, c.says)
		}
	}
}

// TestWhichComesFirst: a header before a prefix, Confluent's before Apicurio's, the
// last of several.
func TestWhichComesFirst(t *testing.T) {
	prefixed := avro.AppendHeader(nil, 9)
	both := append(header(HeaderApicurioGlobal, 0, 0, 0, 0, 0, 0, 0, 3), header(HeaderConfluent, 0, 0, 0, 0, 4)...)
	twice := append(header(HeaderConfluent, 0, 0, 0, 0, 5), header(HeaderConfluent, 0, 0, 0, 0, 6)...)
	for _, c := range []struct {
		set     Set
		headers []kgo.RecordHeader
		want    Ref
	}{
		{All, header(HeaderConfluent, 0, 0, 0, 0, 4), RefID(4)},
		{All, both, RefID(4)},
		{All &^ ConfluentHeader, both, RefNumber(ApicurioGlobalID, 3)},
		{All, twice, RefID(6)},
		{ConfluentPrefix, both, RefID(9)},
		{All, header("__key_schema_id", 0, 0, 0, 0, 4), RefID(9)},
		{All, append(header(HeaderApicurioContent, 0, 0, 0, 0, 0, 0, 0, 2), header(HeaderApicurioGlobal, 0, 0, 0, 0, 0, 0, 0, 3)...), RefNumber(ApicurioGlobalID, 3)},
	} {
		if f, fault := find(c.set, prefixed, c.headers); fault != nil || f.Ref != c.want {
			t.Errorf("%s: %v, %v, want %v", c.set, f.Ref, fault, c.want)
		}
	}
	// Without Apicurio an id of 0 is one, which its registry does not know.
	if f, fault := find(ConfluentPrefix, make([]byte, 9), nil); fault != nil || f.Ref != RefID(0) {
		t.Errorf("%v, %v", f, fault)
	}
}

func TestInflateIsBounded(t *testing.T) {
	deflated := func(n int) []byte {
		v, _ := Write(RefUUID(GlueVersion, uuid), make([]byte, n), false, true)
		return v[glueSize:]
	}
	if b, fault := Inflate(deflated(MaxInflated)); fault != nil || len(b) != MaxInflated {
		t.Errorf("%d bytes, %v", len(b), fault)
	}
	good := deflated(100)
	for name, payload := range map[string][]byte{
		"one byte more":    deflated(MaxInflated + 1),
		"a bomb":           deflated(100 << 20),
		"nothing":          {},
		"no zlib":          []byte("hello, world"),
		"cut off":          good[:len(good)-5],
		"without its sum":  good[:len(good)-1],
		"a wrong sum":      append(slices.Clone(good[:len(good)-1]), good[len(good)-1]+1),
		"something behind": append(slices.Clone(good), 0),
	} {
		if b, fault := Inflate(payload); fault == nil || fault.Kind != avro.BadZlib || b != nil {
			t.Errorf("%s: %d bytes, %v", name, len(b), fault)
		}
		if b, fault := Inflate(good); fault != nil || len(b) != 100 {
			t.Fatalf("after %s: %d bytes, %v", name, len(b), fault)
		}
	}
}

// TestAppendPrefix: what it appends is what Write puts before a payload.
func TestAppendPrefix(t *testing.T) {
	for _, ref := range []Ref{RefID(7), RefUUID(GlueVersion, uuid)} {
		value, headers := Write(ref, []byte("payload"), false, false)
		if got := append(AppendPrefix(nil, ref), "payload"...); !bytes.Equal(got, value) || headers != nil {
			t.Errorf("%s: %x, want %x", ref, got, value)
		}
	}
}

func TestParse(t *testing.T) {
	for text, want := range map[string]Set{
		"auto": All, "glue": Glue, "confluent-header, confluent-prefix": ConfluentHeader | ConfluentPrefix, "auto,glue": All,
	} {
		if s, err := Parse(strings.Split(text, ",")); err != nil || s != want {
			t.Errorf("%s: %v, %v", text, s, err)
		}
	}
	for _, text := range []string{"", "glu", "confluent", "auto,x"} {
		if s, err := Parse(strings.Split(text, ",")); err == nil || !strings.Contains(err.Error(), "confluent-header, confluent-prefix, apicurio-header, apicurio-prefix, glue") {
			t.Errorf("%q: %v, %v", text, s, err)
		}
	}
	for _, s := range []Set{All, Glue, ConfluentHeader | ApicurioPrefix} {
		if again, err := Parse(strings.Split(s.String(), ",")); err != nil || again != s {
			t.Errorf("%v: %v, %v", s, again, err)
		}
	}
}

func TestUUIDsAreNotShownWhole(t *testing.T) {
	for _, k := range []Kind{GUID, GlueVersion} {
		ref := RefUUID(k, uuid)
		if ref.UUID() != "5e7f40ce-ba13-8394-ab4a-c4e82c0ededd" || !strings.Contains(ref.Full(), ref.UUID()) {
			t.Errorf("%s, %s", ref.UUID(), ref.Full())
		}
		if s := ref.String(); !strings.HasSuffix(s, " 5e7f40...") {
			t.Errorf("%q", s)
		}
	}
	if s := RefID(7); s.String() != "schema id 7" || s.Full() != s.String() {
		t.Errorf("%q, %q", s.String(), s.Full())
	}
}

// FuzzFind: what is found is what was written, and nothing else is.
func FuzzFind(f *testing.F) {
	for _, c := range []Ref{RefID(1), RefUUID(GUID, uuid), RefNumber(ApicurioID, 1), RefNumber(ApicurioGlobalID, 2), RefNumber(ApicurioContentID, 2), RefUUID(GlueVersion, uuid)} {
		for _, zlib := range []bool{false, true} {
			value, headers := Write(c, []byte("payload"), zlib, zlib)
			key, text := "", []byte(nil)
			for _, h := range headers {
				key, text = h.Key, h.Value
			}
			f.Add(byte(All), value, key, text)
		}
	}
	f.Add(byte(All), []byte(`{}`), HeaderConfluent, []byte{2})
	f.Fuzz(func(t *testing.T, set byte, value []byte, key string, text []byte) {
		s := Set(set) & All
		found, fault := find(s, value, []kgo.RecordHeader{{Key: "a"}, {Key: key, Value: text}})
		if fault != nil {
			if fault.Message == "" {
				t.Fatal("a fault without words")
			}
			return
		}
		if found.Framing&s != found.Framing || strings.Contains(found.Framing.String(), ",") || found.Ref.Kind == None {
			t.Fatalf("%+v of %s", found, s)
		}
		inHeader := found.Framing&headers != 0
		if inHeader && !slices.Equal(Naming([]kgo.RecordHeader{{Key: "a"}, {Key: key, Value: text}}), []int{1}) {
			t.Fatalf("%+v in the header %q", found, key)
		}
		if found.Zlib {
			if b, fault := Inflate(found.Payload); fault == nil && len(b) > MaxInflated {
				t.Fatalf("%d bytes", len(b))
			}
			binary.BigEndian.PutUint16(value, 0x0300) // as it is without
		}
		again, list := Write(found.Ref, found.Payload, inHeader, false)
		if !bytes.Equal(again, value) || inHeader && (list[0].Key != key || !bytes.Equal(list[0].Value, text)) {
			t.Fatalf("%x with %q=%x was read as %+v, which is %x with %v", value, key, text, found, again, list)
		}
	})
}
