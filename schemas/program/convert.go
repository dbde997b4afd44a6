package program

import (
	"encoding/hex"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tracklayer/amazon-capi/internal/ascii"
	"github.com/tracklayer/amazon-capi/internal/instant"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/decimal"
	"github.com/tracklayer/amazon-capi/schemas/event"
)

// scalar is a value of an Avro type that contains no other values. It is a struct
// because boxing a number in an interface allocates.
type scalar struct {
	text string  // of a string, bytes or fixed, and an enum's symbol
	num  int64   // of an int or long; 1 for a boolean that is true
	real float64 // of a float or double
}

// A convert turns a scalar of one Avro type into what a field wants. It is made once
// per schema and field. The code is 0 on success.
type convert[T any] func(v scalar) (value T, code verdict.Code)

// textOf reads text in any representation, and whole numbers as their digits: profile
// ids are often longs. Floats are refused because they have lost digits.
func textOf(t *avro.Type) convert[string] {
	switch t.Kind {
	case avro.String, avro.Enum:
		return validText
	case avro.Int, avro.Long:
		return func(v scalar) (string, verdict.Code) { return strconv.FormatInt(v.num, 10), 0 }
	case avro.Bytes, avro.Fixed:
		switch t.Logical {
		case avro.LogicalDecimal, avro.LogicalBigDecimal:
			amount := amountOf(t)
			return func(v scalar) (string, verdict.Code) {
				d, code := amount(v)
				return d.String(), code
			}
		case avro.LogicalUUID:
			return func(v scalar) (string, verdict.Code) { return uuidText(v.text), 0 }
		}
		return validText
	}
	return nil
}

func validText(v scalar) (string, verdict.Code) {
	if !validUTF8(v.text) {
		return "", verdict.CodeInvalidUTF8
	}
	return v.text, 0
}

// validUTF8 is utf8.ValidString, but several times faster for ASCII, which nearly every
// text of an event is.
func validUTF8(s string) bool { return ascii.Only(s) || utf8.ValidString(s) }

func uuidText(b string) string {
	var dst [36]byte
	h := hex.AppendEncode(dst[:0], []byte(b[:4]))
	for _, part := range [...]string{b[4:6], b[6:8], b[8:10], b[10:16]} {
		h = hex.AppendEncode(append(h, '-'), []byte(part))
	}
	return string(h)
}

// instantOf reads a point in time as Unix milliseconds. A long without a
// logical type counts milliseconds; ints cannot, and whether they are seconds
// or days would be a guess, as is the zone of a local timestamp.
func instantOf(t *avro.Type) convert[int64] {
	switch t.Kind {
	case avro.Long:
		perMilli := int64(1)
		switch t.Logical {
		case avro.LogicalMicros:
			perMilli = 1e3
		case avro.LogicalNanos:
			perMilli = 1e6
		case avro.LogicalOtherTime, avro.LogicalLost:
			return nil
		}
		if perMilli == 1 { // nearly all times; saves the division
			return func(v scalar) (int64, verdict.Code) { return v.num, 0 }
		}
		return func(v scalar) (int64, verdict.Code) { return floorDiv(v.num, perMilli), 0 }
	case avro.String:
		if t.Logical != avro.LogicalNone { // a date or a time of day
			return nil
		}
		return func(v scalar) (int64, verdict.Code) {
			s := strings.TrimSpace(v.text)
			if s == "" {
				return 0, 0
			}
			at, err := instant.Parse(s)
			if err != nil {
				return 0, verdict.CodeBadValue
			}
			return at.UnixMilli(), 0
		}
	}
	return nil
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// maxDecimalBytes is more than avro.MaxScale digits need. Beyond it, converting the
// number to digits would take seconds.
const maxDecimalBytes = 512

func amountOf(t *avro.Type) convert[decimal.Decimal] {
	switch t.Kind {
	case avro.Bytes, avro.Fixed:
		switch t.Logical {
		case avro.LogicalDecimal:
			return func(v scalar) (decimal.Decimal, verdict.Code) {
				if len(v.text) > maxDecimalBytes {
					return decimal.Decimal{}, verdict.CodeBadValue
				}
				return decimal.FromBytes([]byte(v.text), t.Scale), 0
			}
		case avro.LogicalBigDecimal:
			return bigDecimal
		}
		return nil
	case avro.Int, avro.Long:
		if t.Logical != avro.LogicalNone { // of time, or a decimal whose scale is lost
			return nil
		}
		return func(v scalar) (decimal.Decimal, verdict.Code) { return decimal.New(v.num, 0), 0 }
	case avro.Float:
		return func(v scalar) (decimal.Decimal, verdict.Code) { return decimal.FromFloat(v.real, 32), 0 }
	case avro.Double:
		return func(v scalar) (decimal.Decimal, verdict.Code) { return decimal.FromFloat(v.real, 64), 0 }
	case avro.String:
		return func(v scalar) (decimal.Decimal, verdict.Code) {
			s := strings.TrimSpace(v.text)
			if s == "" {
				return decimal.Decimal{}, 0
			}
			d, err := decimal.Parse(s)
			if err != nil {
				return decimal.Decimal{}, verdict.CodeBadValue
			}
			return d, 0
		}
	}
	return nil
}

// bigDecimal reads a decimal that brings its own scale: bytes with Avro's encoding of
// the integer's bytes and of the scale.
func bigDecimal(v scalar) (decimal.Decimal, verdict.Code) {
	size, at := avro.ReadLong(v.text, 0)
	if at < 0 || size < 0 || size > int64(len(v.text)-at) || size > maxDecimalBytes {
		return decimal.Decimal{}, verdict.CodeBadValue
	}
	scale, end := avro.ReadLong(v.text, at+int(size))
	if end != len(v.text) || scale > avro.MaxScale || scale < -avro.MaxScale {
		return decimal.Decimal{}, verdict.CodeBadValue
	}
	return decimal.FromBytes([]byte(v.text[at:at+int(size)]), int(scale)), 0
}

func countOf(t *avro.Type) convert[int64] {
	switch t.Kind {
	case avro.Int, avro.Long:
		if t.Logical != avro.LogicalNone {
			return nil
		}
		return func(v scalar) (int64, verdict.Code) { return v.num, 0 }
	case avro.Float, avro.Double:
		return func(v scalar) (int64, verdict.Code) {
			if v.real != math.Trunc(v.real) || math.Abs(v.real) > 1<<53 {
				return 0, verdict.CodeBadValue
			}
			return int64(v.real), 0
		}
	case avro.String:
		return func(v scalar) (int64, verdict.Code) {
			n, err := strconv.ParseInt(strings.TrimSpace(v.text), 10, 64)
			if err != nil {
				return 0, verdict.CodeBadValue
			}
			return n, 0
		}
	}
	return nil
}

// attributeOf reads a value of the attributes: what textOf reads, and also booleans and
// floats, since it is only shown.
func attributeOf(t *avro.Type) convert[string] {
	switch t.Kind {
	case avro.Boolean:
		return func(v scalar) (string, verdict.Code) { return strconv.FormatBool(v.num != 0), 0 }
	case avro.Float, avro.Double:
		amount := amountOf(t)
		return func(v scalar) (string, verdict.Code) {
			d, code := amount(v)
			return d.String(), code
		}
	}
	return textOf(t)
}

// A setter fills a field of the event from a scalar of one Avro type.
type setter func(*event.Event, scalar) verdict.Code

// setterOf returns nil if the field can never take the type.
func setterOf(f *event.Field, t *avro.Type) setter {
	switch {
	case f.Text != nil:
		return assign(f.Text, textOf(t))
	case f.Instant != nil:
		return assign(f.Instant, instantOf(t))
	case f.Amount != nil:
		return assign(f.Amount, amountOf(t))
	case f.Count != nil:
		return assign(f.Count, countOf(t))
	}
	return nil // attributes are not a scalar
}

func assign[T any](at func(*event.Event) *T, from convert[T]) setter {
	if from == nil {
		return nil
	}
	return func(ev *event.Event, v scalar) verdict.Code {
		value, code := from(v)
		if code == 0 {
			*at(ev) = value
		}
		return code
	}
}
