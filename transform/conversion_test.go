package transform

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

// TestNothingOfAnEarlierEventStays: one conversion goes from transformer to
// transformer, wide and not, and each finds nothing in it of the one before.
func TestNothingOfAnEarlierEventStays(t *testing.T) {
	all := eachTransformer(t)
	rapid.Check(t, func(t *rapid.T) {
		var reused Conversion
		for _, ev := range rapid.SliceOfN(genEvent(), 2, 6).Draw(t, "events") {
			tr := rapid.SampledFrom(all).Draw(t, "transformer")
			var fresh Conversion
			_, want := tr.Transform(ev, now, &fresh)
			if _, ok := tr.Transform(ev, now, &reused); ok != want || reused != fresh {
				t.Fatalf("a conversion that was used before differs from a new one")
			}
		}
	})
}

// TestResetForgetsNoField sets every field there is, also those that somebody
// adds, before it looks whether reset clears them.
func TestResetForgetsNoField(t *testing.T) {
	v := reflect.ValueOf(Conversion{})
	for i := range v.NumField() {
		var c Conversion
		f := reflect.ValueOf(&c).Elem().Field(i)
		switch name := v.Type().Field(i).Name; name {
		case "Wide":
			c.filled, c.RampID, c.LastName = true, "r", sha("x")
			c.Attributes.n = 1
		default:
			setAny(t, name, f)
		}
		if c == (Conversion{}) {
			t.Fatalf("%s: nothing was set", v.Type().Field(i).Name)
		}
		if c.reset(); c != (Conversion{}) {
			t.Errorf("reset leaves %s", v.Type().Field(i).Name)
		}
	}
}

// setAny gives a value, or the first exported field of it, something to be seen.
func setAny(t *testing.T, name string, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.String:
		v.SetString("x")
	case reflect.Int64:
		v.SetInt(1)
	case reflect.Uint32:
		v.SetUint(1)
	case reflect.Uint8:
		v.SetUint('f')
	case reflect.Array:
		setAny(t, name, v.Index(0))
	case reflect.Struct:
		if name == "Amount" {
			v.Set(reflect.ValueOf(newEvent().Custom.Value))
			return
		}
		setAny(t, name, v.Field(0))
	default:
		t.Fatalf("%s is of kind %s: this test does not know how to set it", name, v.Kind())
	}
}
