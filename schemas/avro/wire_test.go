package avro

import (
	"bytes"
	"testing"
)

func TestParseHeader(t *testing.T) {
	for name, c := range map[string]struct {
		value []byte
		bad   *Fault
	}{
		"tombstone":       {nil, &Fault{Kind: Tombstone}},
		"empty":           {[]byte{}, &Fault{Kind: Empty}},
		"JSON":            {[]byte(`{"event_id":"e"}`), &Fault{Kind: NoMagic}},
		"other magic":     {[]byte{1, 0, 0, 0, 1}, &Fault{Kind: NoMagic}},
		"only magic":      {[]byte{0}, &Fault{Kind: Short}},
		"half an id":      {[]byte{0, 0, 0, 1}, &Fault{Kind: Short}},
		"no payload":      {[]byte{0, 0, 0, 0, 9}, nil},
		"id of all bytes": {[]byte{0, 1, 2, 3, 4, 5}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			id, payload, err := ParseHeader(c.value)
			if c.bad != nil {
				if err == nil || err.Kind != c.bad.Kind || err.Message == "" {
					t.Errorf("fault %v, want one of kind %d", err, c.bad.Kind)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if back := append(AppendHeader(nil, id), payload...); !bytes.Equal(back, c.value) {
				t.Errorf("id %d and payload %x are not those of %x", id, payload, c.value)
			}
		})
	}
	if id, _, _ := ParseHeader([]byte{0, 1, 2, 3, 4}); id != 0x01020304 {
		t.Errorf("id %#x, want 0x01020304: the id is big-endian", id)
	}
}

func FuzzWireHeader(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0, 0, 0, 0, 1})
	f.Add([]byte{0, 0xff, 0xff, 0xff, 0xff, 1, 2})
	f.Add([]byte(`{"event_id":"e"}`))
	f.Fuzz(func(t *testing.T, value []byte) {
		id, payload, err := ParseHeader(value)
		if err != nil {
			if len(value) >= HeaderSize && value[0] == magic {
				t.Fatalf("a whole header is refused: %v", err)
			}
			return
		}
		if back := append(AppendHeader(nil, id), payload...); !bytes.Equal(back, value) {
			t.Fatalf("%x reads as id %d and %x", value, id, payload)
		}
	})
}
