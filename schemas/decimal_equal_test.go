package schemas

import (
	"math"
	"testing"
)

func TestDecimalEqual(t *testing.T) {
	huge, _ := ParseDecimal("92233720368547758079.250")
	hugeToo, _ := ParseDecimal("9223372036854775807925e-2")
	nan := DecimalFromFloat(math.NaN(), 64)
	for _, c := range []struct {
		a, b Decimal
		want bool
	}{
		{NewDecimal(10, 2), NewDecimal(1, 1), true},
		{NewDecimal(10, 2), NewDecimal(10, 2), true},
		{NewDecimal(10, 2), NewDecimal(10, 1), false},
		{NewDecimal(10, 2), NewDecimal(-10, 2), false},
		{NewDecimal(0, 2), NewDecimal(0, 0), true},
		{NewDecimal(0, 0), Decimal{}, false},
		{Decimal{}, Decimal{}, true},
		{nan, nan, true},
		{nan, Decimal{}, false},
		{huge, hugeToo, true},
		{huge, NewDecimal(1, 0), false},
		{NewDecimal(math.MaxInt64, -1), DecimalFromBytes([]byte{4, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xf6}, 0), true},
	} {
		if c.a.Equal(c.b) != c.want || c.b.Equal(c.a) != c.want {
			t.Errorf("%s equal to %s: want %v", c.a, c.b, c.want)
		}
	}
	if s := NewDecimal(math.MaxInt64, -1).String(); s != "92233720368547758070" {
		t.Errorf("a negative scale overflows: %s", s)
	}
}
