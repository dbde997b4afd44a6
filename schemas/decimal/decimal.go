package decimal

import (
	"bytes"
	"cmp"
	"errors"
	"math"
	"math/big"
	"math/bits"
	"strconv"
	"strings"

	"github.com/tracklayer/amazon-capi/schemas/avro"
)

// Decimal is an exact amount: an integer divided by a power of ten. With it, money
// leaves as it came: 129.95 in Kafka is 129.95 in JSON, and no float in between can
// turn it into 129.94999999999999. The zero value means absent. Amounts whose digits
// fit an int64, which are all that a shop ever sees, need no allocation.
type Decimal struct {
	form     form
	scale    int32 // at least 0
	unscaled int64
	big      *big.Int // instead of unscaled where that is too small
}

type form uint8

const (
	formAbsent form = iota
	formFinite
	formNotFinite
)

// maxInt64Digits is how many decimal digits always fit an int64.
const maxInt64Digits = 18

var (
	errDecimalSyntax = errors.New("not a decimal number")
	errDecimalRange  = errors.New("more digits than an amount can have")
)

// New returns unscaled / 10^scale.
func New(unscaled int64, scale int) Decimal {
	if scale < 0 {
		return fromBig(new(big.Int).Mul(big.NewInt(unscaled), pow10(-scale)), 0)
	}
	return Decimal{form: formFinite, scale: int32(scale), unscaled: unscaled}
}

func pow10(n int) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
}

// FromBytes reads the Avro form of a decimal: a big-endian two's
// complement integer of any length, and the scale of its schema.
func FromBytes(b []byte, scale int) Decimal {
	if len(b) <= 8 {
		var v int64
		if len(b) > 0 && b[0]&0x80 != 0 {
			v = -1
		}
		for _, c := range b {
			v = v<<8 | int64(c)
		}
		return New(v, scale)
	}
	i := new(big.Int).SetBytes(b)
	if b[0]&0x80 != 0 {
		i.Sub(i, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	if scale < 0 {
		i.Mul(i, pow10(-scale))
		scale = 0
	}
	return fromBig(i, scale)
}

// FromFloat returns the shortest decimal that reads back as f, which is what
// the writer of a float meant. NaN and infinities are kept for the validation to
// refuse.
func FromFloat(f float64, bits int) Decimal {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return Decimal{form: formNotFinite}
	}
	var buf [32]byte
	d, err := Parse(string(strconv.AppendFloat(buf[:0], f, 'e', -1, bits)))
	if err != nil {
		return Decimal{form: formNotFinite}
	}
	return d
}

// Parse reads a decimal number with an optional sign, fraction and
// exponent: "129.95", "-3", "1e-7".
func Parse(s string) (Decimal, error) {
	mantissa, exp := s, 0
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		e, err := strconv.Atoi(s[i+1:])
		if err != nil {
			return Decimal{}, errDecimalSyntax
		}
		mantissa, exp = s[:i], e
	}
	whole, frac, point := strings.Cut(mantissa, ".")
	neg := strings.HasPrefix(whole, "-")
	whole = strings.TrimPrefix(strings.TrimPrefix(whole, "-"), "+")
	if neg && strings.HasPrefix(mantissa, "-+") || point && frac == "" || whole == "" {
		return Decimal{}, errDecimalSyntax
	}
	n, v := len(whole)+len(frac), int64(0)
	for _, part := range [...]string{whole, frac} {
		for i := range len(part) {
			if part[i] < '0' || part[i] > '9' {
				return Decimal{}, errDecimalSyntax
			}
			if n <= maxInt64Digits {
				v = v*10 + int64(part[i]-'0')
			}
		}
	}
	scale := len(frac) - exp
	if n > avro.MaxScale || scale > avro.MaxScale || scale < -avro.MaxScale {
		return Decimal{}, errDecimalRange
	}
	if n-min(scale, 0) <= maxInt64Digits {
		// The amounts of shops take this path and need no allocation.
		for ; scale < 0; scale++ {
			v *= 10
		}
		if neg {
			v = -v
		}
		return Decimal{form: formFinite, scale: int32(scale), unscaled: v}, nil
	}
	return parseLong(whole+frac, scale, neg)
}

// parseLong makes a decimal of digits that do not fit in 64 bits, or hardly.
func parseLong(digits string, scale int, neg bool) (Decimal, error) {
	if scale < 0 {
		digits += strings.Repeat("0", -scale)
		scale = 0
	}
	if neg {
		digits = "-" + digits
	}
	if v, err := strconv.ParseInt(digits, 10, 64); err == nil {
		return Decimal{form: formFinite, scale: int32(scale), unscaled: v}, nil
	}
	i, ok := new(big.Int).SetString(digits, 10)
	if !ok {
		return Decimal{}, errDecimalSyntax
	}
	return fromBig(i, scale), nil
}

func fromBig(i *big.Int, scale int) Decimal {
	if i.IsInt64() {
		return Decimal{form: formFinite, scale: int32(scale), unscaled: i.Int64()}
	}
	return Decimal{form: formFinite, scale: int32(scale), big: i}
}

// IsSet reports whether there is an amount at all, finite or not.
func (d Decimal) IsSet() bool { return d.form != formAbsent }

// IsFinite reports whether there is an amount that is not NaN or infinite.
func (d Decimal) IsFinite() bool { return d.form == formFinite }

// Sign returns -1, 0 or 1; 0 also for amounts that are absent or not finite.
func (d Decimal) Sign() int {
	switch {
	case d.form != formFinite:
		return 0
	case d.big != nil:
		return d.big.Sign()
	case d.unscaled < 0:
		return -1
	case d.unscaled > 0:
		return 1
	}
	return 0
}

// Len returns a close and cheap upper bound for the bytes that Append writes. The Avro
// form of a decimal may be megabytes long, and converting that to digits takes time
// quadratic in its length, so validation checks Len first.
func (d Decimal) Len() int {
	if d.form != formFinite {
		return len("NaN")
	}
	var n int
	if d.big != nil {
		n = d.big.BitLen()
	} else {
		n = bits.Len64(uint64(max(d.unscaled, -d.unscaled)))
	}
	// A bit is 0.30103 of a decimal digit.
	return len("-0.") + max(int(d.scale), n*30103/100000+1)
}

// Decimals returns how many digits follow the point in what Append writes. Trailing
// zeros, which a column's scale adds, do not count.
func (d Decimal) Decimals() int {
	if d.form != formFinite || d.scale == 0 {
		return 0
	}
	if d.big != nil {
		_, fraction, _ := strings.Cut(d.String(), ".")
		return len(fraction)
	}
	n := int(d.scale)
	for v := d.unscaled; n > 0 && v%10 == 0; n-- {
		v /= 10
	}
	return n
}

// Append appends the amount as a JSON number: plain digits, no exponent, no
// zeros at the end of the fraction. An absent amount appends nothing, and one that is
// not finite appends "NaN", which is not JSON: callers validate first.
func (d Decimal) Append(dst []byte) []byte {
	switch {
	case d.form == formAbsent:
		return dst
	case d.form == formNotFinite:
		return append(dst, "NaN"...)
	case d.big == nil && d.unscaled >= 0 && int(d.scale) < len(powers):
		return d.appendSmall(dst)
	}
	var buf [24]byte
	digits := buf[:0]
	if d.big != nil {
		digits = d.big.Append(digits, 10)
	} else {
		digits = strconv.AppendInt(digits, d.unscaled, 10)
	}
	if digits[0] == '-' {
		dst = append(dst, '-')
		digits = digits[1:]
	}
	scale := int(d.scale)
	for scale > 0 && len(digits) > 0 && digits[len(digits)-1] == '0' {
		digits = digits[:len(digits)-1]
		scale--
	}
	if len(digits) == 0 {
		return append(dst, '0')
	}
	if scale == 0 {
		return append(dst, digits...)
	}
	if len(digits) > scale {
		dst = append(dst, digits[:len(digits)-scale]...)
		dst = append(dst, '.')
		return append(dst, digits[len(digits)-scale:]...)
	}
	dst = append(dst, "0."...)
	for range scale - len(digits) {
		dst = append(dst, '0')
	}
	return append(dst, digits...)
}

// appendSmall is Append for the amounts that nearly all events have. Writing the digits
// to where they belong takes half of what moving them there does.
func (d Decimal) appendSmall(dst []byte) []byte {
	unscaled, scale := d.unscaled, int(d.scale)
	for scale > 0 && unscaled%10 == 0 {
		unscaled /= 10
		scale--
	}
	fraction := unscaled % powers[scale].ten
	dst = strconv.AppendInt(dst, unscaled/powers[scale].ten, 10)
	if scale == 0 {
		return dst
	}
	dst = append(dst, '.')
	for ; scale > 0; scale-- {
		one := powers[scale-1].ten
		dst = append(dst, byte('0'+fraction/one))
		fraction %= one
	}
	return dst
}

// String is Append as a string.
func (d Decimal) String() string {
	var buf [48]byte
	return string(d.Append(buf[:0]))
}

// Equal reports whether two amounts are the same number, or both absent, or both
// not finite. 0.1 and 0.10 are equal.
func (d Decimal) Equal(other Decimal) bool {
	if d.form != other.form {
		return false
	}
	if d.big == nil && other.big == nil && d.scale == other.scale {
		return d.unscaled == other.unscaled
	}
	var a, b [48]byte
	return bytes.Equal(d.Append(a[:0]), other.Append(b[:0]))
}

// maxCompared bounds the digits of amounts that are compared: aligning longer ones takes
// long.
const maxCompared = 64

// Compare returns -1, 0 or 1 as the amount is less than, equal to or more than another. ok
// is false if one is absent, not finite, or has more digits than any amount.
func (d Decimal) Compare(other Decimal) (c int, ok bool) {
	if d.form != formFinite || other.form != formFinite {
		return 0, false
	}
	if d.big == nil && other.big == nil {
		scale := max(d.scale, other.scale)
		a, aok := d.times(int(scale - d.scale))
		b, bok := other.times(int(scale - other.scale))
		if aok && bok {
			return cmp.Compare(a, b), true
		}
	}
	if d.Len() > maxCompared || other.Len() > maxCompared {
		return 0, false
	}
	return d.Rat().Cmp(other.Rat()), true
}

// times returns unscaled times 10^n; ok is false if that is not an integer of 64 bits.
func (d Decimal) times(n int) (v int64, ok bool) {
	if n >= len(powers) {
		return 0, d.unscaled == 0
	}
	p := &powers[n]
	return d.unscaled * p.ten, d.unscaled <= p.most && d.unscaled >= -p.most
}

// powers are those of ten that fit an int64, with the most that each can be multiplied by.
var powers = func() (p [maxInt64Digits + 1]struct{ ten, most int64 }) {
	for i, ten := 0, int64(1); i < len(p); i, ten = i+1, ten*10 {
		p[i].ten, p[i].most = ten, math.MaxInt64/ten
	}
	return p
}()

// Unscaled returns the amount times 10^scale, which is how Avro writes a decimal. ok is
// false if that is not an integer of 64 bits.
func (d Decimal) Unscaled(scale int) (n int64, ok bool) {
	if d.form != formFinite || d.big != nil {
		return 0, false
	}
	n = d.unscaled
	for i := int(d.scale); i > scale; i-- {
		if n%10 != 0 {
			return 0, false
		}
		n /= 10
	}
	for i := int(d.scale); i < scale; i++ {
		if n > math.MaxInt64/10 || n < math.MinInt64/10 {
			return 0, false
		}
		n *= 10
	}
	return n, true
}

// Rat returns a finite amount as a rational.
func (d Decimal) Rat() *big.Rat {
	n := d.big
	if n == nil {
		n = big.NewInt(d.unscaled)
	}
	return new(big.Rat).SetFrac(n, pow10(int(d.scale)))
}
