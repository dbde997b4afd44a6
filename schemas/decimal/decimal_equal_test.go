package decimal

import (
	"math"
	"testing"
)

func TestDecimalEqual(t *testing.T) {
	huge, _ := Parse("92233720368547758079.250")
	hugeToo, _ := Parse("9223372036854775807925e-2")
	nan := FromFloat(math.NaN(), 64)
	for _, c := range []struct {
		a, b Decimal
		want bool
	}{
		{New(10, 2), New(1, 1), true},
		{New(10, 2), New(10, 2), true},
		{New(10, 2), New(10, 1), false},
		{New(10, 2), New(-10, 2), false},
		{New(0, 2), New(0, 0), true},
		{New(0, 0), Decimal{}, false},
		{Decimal{}, Decimal{}, true},
		{nan, nan, true},
		{nan, Decimal{}, false},
		{huge, hugeToo, true},
		{huge, New(1, 0), false},
		{New(math.MaxInt64, -1), FromBytes([]byte{4, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xf6}, 0), true},
	} {
		if c.a.Equal(c.b) != c.want || c.b.Equal(c.a) != c.want {
			t.Errorf("%s equal to %s: want %v", c.a, c.b, c.want)
		}
	}
	if s := New(math.MaxInt64, -1).String(); s != "92233720368547758070" {
		t.Errorf("a negative scale overflows: %s", s)
	}
}
