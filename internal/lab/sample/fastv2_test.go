package sample

import (
	"bytes"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/tracklayer/amazon-capi/schemas"
)

// anyEvent draws an event of whatever fields there are, also those that come
// with a later version.
func anyEvent(t *rapid.T) *schemas.Event {
	ev := new(schemas.Event)
	draw(t, reflect.ValueOf(ev).Elem())
	return ev
}

// unusual tells, one time in eight: what versions do not have is rare, or hardly
// any event could be written.
func unusual(t *rapid.T) bool { return rapid.IntRange(0, 7).Draw(t, "unusual") == 0 }

func draw(t *rapid.T, v reflect.Value) {
	for i := range v.NumField() {
		name, f := v.Type().Field(i).Name, v.Field(i)
		switch p := f.Addr().Interface().(type) {
		case *string:
			if rapid.Bool().Draw(t, name) && (carried[name] || unusual(t)) {
				*p = rapid.String().Draw(t, name)
			}
		case *int64:
			if rapid.Bool().Draw(t, name) {
				*p = rapid.Int64().Draw(t, name)
			}
		case *schemas.Decimal:
			if rapid.Bool().Draw(t, name) {
				*p = schemas.DecimalFromBytes(rapid.SliceOfN(rapid.Byte(), 0, 10).Draw(t, name), rapid.IntRange(0, 12).Draw(t, "scale"))
			}
		case *[]schemas.Attribute:
			for range rapid.IntRange(0, 1).Draw(t, name) { // goavro leaves the order of more to chance
				*p = append(*p, schemas.Attribute{Key: rapid.String().Draw(t, "key"), Value: rapid.String().Draw(t, "value")})
			}
		default:
			draw(t, f)
		}
	}
}

// carried are the texts that version 2 has.
var carried = map[string]bool{
	"EventID": true, "ProfileID": true, "EventName": true, "EventType": true, "ActionSource": true, "ClickID": true,
	"Email": true, "Phone": true, "HashedEmail": true, "HashedPhone": true, "MADID": true, "FirstName": true, "LastName": true,
	"City": true, "State": true, "CountryCode": true, "PostalCode": true, "Currency": true, "OrderReference": true,
	"AdStorage": true, "AdUserData": true, "TCF": true, "GPP": true,
}

// TestFastEncodingIsGoavros: byte for byte where it encodes at all, and it does
// not where goavro refuses.
func TestFastEncodingIsGoavros(t *testing.T) {
	e, err := schemas.NewEncoder()
	if err != nil {
		t.Fatal(err)
	}
	took := 0
	rapid.Check(t, func(t *rapid.T) {
		ev := anyEvent(t)
		got, ok := appendV2(nil, ev)
		want, err := e.Encode(schemas.V2, ev)
		switch {
		case !ok:
			return
		case err != nil:
			t.Fatalf("encoded, where goavro says %v", err)
		case !bytes.Equal(got, want):
			t.Fatalf("got  %x\nwant %x", got, want)
		}
		took++
	})
	if took == 0 {
		t.Error("nothing was encoded")
	}
	for _, n := range []int64{0, 1, 127, 128, 255, 256, 32767, 32768, 1<<63 - 1} {
		ev := &schemas.Event{}
		ev.Custom.Value = schemas.NewDecimal(n, scaleV2)
		got, ok := appendV2(nil, ev)
		want, err := e.Encode(schemas.V2, ev)
		if err != nil || !ok || !bytes.Equal(got, want) {
			t.Errorf("%d: %v, got %x, want %x (%v)", n, ok, got, want, err)
		}
	}
}

// TestGeneratedEventsAreEncodedFast: all of them but odd amounts.
func TestGeneratedEventsAreEncodedFast(t *testing.T) {
	e, err := NewEncoder()
	if err != nil {
		t.Fatal(err)
	}
	ids := LocalIDs()
	for _, o := range []GeneratorOptions{{}, {Full: true}} {
		slow, large := 0, 0
		for _, s := range take(t, 1, o, 2000) {
			want, err := e.events.EncodeWire(ids.Versions[schemas.V2], schemas.V2, s.Event)
			if err != nil {
				t.Fatal(err)
			}
			got, err := e.Value(ids, &s)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: got %x, want %x (%v)", s.EventID(), got, want, err)
			}
			if _, ok := appendV2(nil, s.Event); !ok {
				slow++
			}
			if len(got) > usualSize {
				large++
			}
		}
		if slow > 20 || large > 100 {
			t.Errorf("of 2000, %d are left to goavro, and %d have more than %d bytes", slow, large, usualSize)
		}
	}
}

// TestFastEncodingIsUsed: a record is its only allocation, where goavro's maps
// take dozens.
func TestFastEncodingIsUsed(t *testing.T) {
	e, err := NewEncoder()
	if err != nil {
		t.Fatal(err)
	}
	s, ids := take(t, 1, GeneratorOptions{Full: true}, 1)[0], LocalIDs()
	if n := testing.AllocsPerRun(100, func() { _, _ = e.Value(ids, &s) }); n > 1 {
		t.Errorf("%v allocations a record", n)
	}
	s.Event.Custom.Attributes = []schemas.Attribute{{Key: "k", Value: "1"}, {Key: "k", Value: "2"}}
	if _, err := e.Value(ids, &s); err == nil {
		t.Error("a map has a key twice: want goavro to refuse it")
	}
}
