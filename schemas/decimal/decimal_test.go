package decimal

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

func TestDecimalKeepsAmountsExact(t *testing.T) {
	for in, want := range map[string]string{
		"129.95":                  "129.95",
		"0.10":                    "0.1",
		"1e-7":                    "0.0000001",
		"10000000000000.01":       "10000000000000.01",
		"-0.50":                   "-0.5",
		"0.00":                    "0",
		"-0":                      "0",
		"100":                     "100",
		"1.5e3":                   "1500",
		"+7":                      "7",
		"92233720368547758079.25": "92233720368547758079.25",
	} {
		d, err := Parse(in)
		if err != nil {
			t.Errorf("Parse(%q): %v", in, err)
			continue
		}
		if got := d.String(); got != want {
			t.Errorf("Parse(%q) = %s, want %s", in, got, want)
		}
	}
	for _, in := range []string{"", ".", "1.", ".5", "-", "1,5", "0x10", "NaN", "1e", "1e99999", "--1", "-+1", "1 "} {
		if d, err := Parse(in); err == nil {
			t.Errorf("Parse(%q) = %s, want an error", in, d)
		}
	}
}

func TestDecimalNotFinite(t *testing.T) {
	for _, f := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		d := FromFloat(f, 64)
		if !d.IsSet() || d.IsFinite() {
			t.Errorf("FromFloat(%v): set %v, finite %v; want set and not finite", f, d.IsSet(), d.IsFinite())
		}
	}
	if d := FromFloat(129.95, 64); d.String() != "129.95" {
		t.Errorf("FromFloat(129.95) = %s", d)
	}
	if d := FromFloat(float64(float32(0.1)), 32); d.String() != "0.1" {
		t.Errorf("FromFloat(float32 0.1) = %s", d)
	}
}

// TestDecimalFormsAgree holds the ways an amount arrives (Avro bytes, text) to
// one result, which must be JSON and equal in value.
func TestDecimalFormsAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "bytes")
		scale := rapid.IntRange(0, 30).Draw(t, "scale")
		d := FromBytes(b, scale)

		i := new(big.Int).SetBytes(b)
		if len(b) > 0 && b[0]&0x80 != 0 {
			i.Sub(i, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
		}
		want := new(big.Rat).SetFrac(i, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil))

		got, ok := new(big.Rat).SetString(d.String())
		if !ok || got.Cmp(want) != 0 {
			t.Fatalf("FromBytes(%x, %d) = %s, want %s", b, scale, d, want.FloatString(scale))
		}
		if !json.Valid([]byte(d.String())) {
			t.Fatalf("%s is not a JSON number", d)
		}
		parsed, err := Parse(d.String())
		if err != nil || parsed.String() != d.String() {
			t.Fatalf("Parse(%s) = %s, %v", d, parsed, err)
		}
		if n := len(d.String()); n > d.Len() {
			t.Fatalf("Len(%s) = %d, but it is written in %d bytes", d, d.Len(), n)
		}
		if d.Sign() != want.Sign() {
			t.Fatalf("Sign(%s) = %d, want %d", d, d.Sign(), want.Sign())
		}
	})
}

func TestDecimals(t *testing.T) {
	for s, want := range map[string]int{
		"0": 0, "129": 0, "129.95": 2, "129.9500000000": 2, "-0.005": 3, "100": 0, "0.0": 0, "1000.000": 0, "1e-7": 7,
		"9999999999999999999999999999.9900": 2, "9999999999999999999999999999.999": 3, "9999999999999999999999999999.00": 0,
	} {
		d, err := Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		if got := d.Decimals(); got != want {
			t.Errorf("%s has %d decimals, want %d", s, got, want)
		}
	}
	if n := (Decimal{}).Decimals(); n != 0 {
		t.Errorf("nothing has %d decimals", n)
	}
}

func TestDecimalUnscaled(t *testing.T) {
	huge, _ := Parse("92233720368547758079.25")
	for _, c := range []struct {
		d     Decimal
		scale int
		want  int64
		ok    bool
	}{
		{New(12995, 2), 10, 1299500000000, true},
		{New(12995, 2), 2, 12995, true},
		{New(-129500, 3), 1, -1295, true},
		{New(12995, 2), 1, 0, false},
		{New(0, 12), 0, 0, true},
		{New(922337203685477580, 1), 2, 9223372036854775800, true},
		{New(922337203685477581, 1), 2, 0, false},
		{New(-922337203685477581, 1), 2, 0, false},
		{huge, 2, 0, false},
		{Decimal{}, 2, 0, false},
		{FromFloat(math.NaN(), 64), 2, 0, false},
	} {
		if got, ok := c.d.Unscaled(c.scale); ok != c.ok || ok && got != c.want {
			t.Errorf("%s with %d decimals: %d, %v; want %d, %v", c.d, c.scale, got, ok, c.want, c.ok)
		}
	}
}

// TestDecimalsAtTheEdgeOf64Bits: amounts of 17 to 21 digits, where some fit an int64 and
// some do not, are the same number whichever way they came and are written.
func TestDecimalsAtTheEdgeOf64Bits(t *testing.T) {
	near := []string{
		"9223372036854775806", "9223372036854775807", "9223372036854775808", "9223372036854775809", // the largest int64 and its neighbours
		"999999999999999999", "1000000000000000000", "9999999999999999999", "1234567890123456789", "18446744073709551616", "922337203685477580", "922337203685477581",
	}
	digits := rapid.OneOf(rapid.SampledFrom(near), rapid.StringMatching(`[1-9][0-9]{13,20}`))
	rapid.Check(t, func(t *rapid.T) {
		text := digits.Draw(t, "digits")
		if point := rapid.IntRange(0, len(text)-1).Draw(t, "point"); point > 0 {
			text = text[:point] + "." + text[point:]
		}
		exp := rapid.IntRange(-3, 6).Draw(t, "exponent")
		text = rapid.SampledFrom([]string{"", "-"}).Draw(t, "sign") + text
		want, ok := new(big.Rat).SetString(fmt.Sprintf("%se%d", text, exp))
		if !ok {
			t.Fatal(text)
		}
		d, err := Parse(fmt.Sprintf("%se%d", text, exp))
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := new(big.Rat).SetString(d.String()); !ok || got.Cmp(want) != 0 {
			t.Fatalf("%se%d is written %s", text, exp, d)
		}
		if d.Sign() != want.Sign() || len(d.String()) > d.Len() {
			t.Fatalf("%s: sign %d, length %d", d, d.Sign(), d.Len())
		}
		scaled := new(big.Rat).Mul(want, new(big.Rat).SetInt(pow10(4)))
		n, ok := d.Unscaled(4)
		if fits := scaled.IsInt() && scaled.Num().IsInt64() && d.big == nil; ok != fits || ok && n != scaled.Num().Int64() {
			t.Fatalf("%s with 4 decimals: %d, %v, want %s, %v", d, n, ok, scaled.RatString(), fits)
		}
		if plain, err := Parse(d.String()); err != nil || !plain.Equal(d) || plain.Decimals() != d.Decimals() {
			t.Fatalf("%s is read back as %v, %v", d, plain, err)
		}
		// As a column of Avro's decimals would hold it.
		if unscaled := new(big.Rat).Mul(want, new(big.Rat).SetInt(pow10(30))); unscaled.IsInt() {
			if column := FromBytes(twosComplement(unscaled.Num()), 30); !column.Equal(d) || column.Decimals() != d.Decimals() {
				t.Fatalf("%s is %s as a column of scale 30", d, column)
			}
		}
	})
}

// twosComplement is how Avro writes the unscaled number of a decimal.
func twosComplement(i *big.Int) []byte {
	n := i.BitLen()/8 + 1
	if i.Sign() < 0 {
		i = new(big.Int).Add(i, new(big.Int).Lsh(big.NewInt(1), uint(8*n)))
	}
	return i.FillBytes(make([]byte, n))
}

// TestCompare holds Compare to rational numbers.
func TestCompare(t *testing.T) {
	amount := rapid.Custom(func(t *rapid.T) Decimal {
		d, err := Parse(rapid.StringMatching(`-?[0-9]{1,25}(\.[0-9]{1,25})?`).Draw(t, "amount"))
		if err != nil {
			t.Fatal(err)
		}
		return d
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := amount.Draw(t, "a"), amount.Draw(t, "b")
		if got, ok := a.Compare(b); !ok || got != a.Rat().Cmp(b.Rat()) {
			t.Errorf("%v and %v: %d %t", a, b, got, ok)
		}
	})
	one := New(1, 0)
	for _, d := range []Decimal{{}, FromFloat(math.NaN(), 64), FromBytes(make([]byte, 1000), 900), FromFloat(1e200, 64)} {
		if _, ok := d.Compare(one); ok {
			t.Errorf("%v is compared", d)
		}
		if _, ok := one.Compare(d); ok {
			t.Errorf("%v is compared", d)
		}
	}
	if c, ok := New(math.MinInt64, 0).Compare(New(math.MinInt64, 1)); !ok || c != -1 {
		t.Errorf("the least: %d %t", c, ok)
	}
}
