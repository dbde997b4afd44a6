package schemas

import (
	"cmp"
	"encoding/hex"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// A convert reads goavro's value of one Avro type as what a field wants. It is
// made once per schema and field. The code is empty when all went well.
type convert[T any] func(v any) (value T, code Code)

// orUnion extends a conversion to unions of what it converts. Null reads as
// absent. It returns nil for a type that can never give what the field wants;
// a union need have only one branch that can, because writers keep old ones.
func orUnion[T any](t *avroType, of func(*avroType) convert[T]) convert[T] {
	if t.kind == kindNull {
		return func(any) (none T, code Code) { return none, "" }
	}
	if t.kind != kindUnion {
		return of(t)
	}
	branches := make(map[string]convert[T], len(t.branches))
	for _, b := range t.branches {
		if c := of(b); c != nil && b.kind != kindNull {
			branches[b.key] = c
		}
	}
	if len(branches) == 0 && (len(t.branches) > 1 || t.branches[0].kind != kindNull) {
		return nil
	}
	return func(v any) (none T, code Code) {
		if v == nil {
			return none, ""
		}
		branch, _ := v.(map[string]any) // of one entry: the branch's key and its value
		for key, inner := range branch {
			if c := branches[key]; c != nil {
				return c(inner)
			}
		}
		return none, CodeUnexpectedType
	}
}

// textOf reads text however it is kept, and whole numbers as their digits:
// profile ids are often longs. Floats are refused, as they have lost digits.
func textOf(t *avroType) convert[string] {
	switch t.kind {
	case kindString, kindEnum:
		return func(v any) (string, Code) { return validText(v.(string)) }
	case kindInt:
		return func(v any) (string, Code) { return strconv.FormatInt(int64(v.(int32)), 10), "" }
	case kindLong:
		return func(v any) (string, Code) { return strconv.FormatInt(v.(int64), 10), "" }
	case kindBytes, kindFixed:
		switch t.logical {
		case logicalDecimal:
			amount := amountOf(t)
			return func(v any) (string, Code) {
				d, code := amount(v)
				return d.String(), code
			}
		case logicalUUID:
			return func(v any) (string, Code) { return uuidText(v.([]byte)), "" }
		}
		return func(v any) (string, Code) { return validText(string(v.([]byte))) }
	}
	return nil
}

func validText(s string) (string, Code) {
	if !utf8.ValidString(s) {
		return "", CodeInvalidUTF8
	}
	return s, ""
}

func uuidText(b []byte) string {
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// instantOf reads a point in time as Unix milliseconds. A long without a
// logical type counts milliseconds; ints cannot, and whether they are seconds
// or days would be a guess, as is the zone of a local timestamp.
func instantOf(t *avroType) convert[int64] {
	switch t.kind {
	case kindLong:
		perMilli := int64(1)
		switch t.logical {
		case logicalMicros:
			perMilli = 1e3
		case logicalNanos:
			perMilli = 1e6
		case logicalOtherTime:
			return nil
		}
		return func(v any) (int64, Code) { return floorDiv(v.(int64), perMilli), "" }
	case kindString:
		return func(v any) (int64, Code) {
			s := strings.TrimSpace(v.(string))
			if s == "" {
				return 0, ""
			}
			ms, ok := parseInstant(s)
			if !ok {
				return 0, CodeBadValue
			}
			return ms, ""
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

// parseInstant reads ISO 8601 with an offset: without one, the hour would be a
// guess.
func parseInstant(s string) (ms int64, ok bool) {
	for _, layout := range [...]string{time.RFC3339, "2006-01-02T15:04:05Z0700"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UnixMilli(), true
		}
	}
	return 0, false
}

// maxDecimalBytes is more than the digits of maxScale need. Beyond it, turning
// the number into digits would take seconds.
const maxDecimalBytes = 512

func amountOf(t *avroType) convert[Decimal] {
	switch t.kind {
	case kindBytes, kindFixed:
		if t.logical != logicalDecimal {
			return nil
		}
		return func(v any) (Decimal, Code) {
			b := v.([]byte)
			if len(b) > maxDecimalBytes {
				return Decimal{}, CodeBadValue
			}
			return DecimalFromBytes(b, t.scale), ""
		}
	case kindInt:
		return func(v any) (Decimal, Code) { return NewDecimal(int64(v.(int32)), 0), "" }
	case kindLong:
		return func(v any) (Decimal, Code) { return NewDecimal(v.(int64), 0), "" }
	case kindFloat:
		return func(v any) (Decimal, Code) { return DecimalFromFloat(float64(v.(float32)), 32), "" }
	case kindDouble:
		return func(v any) (Decimal, Code) { return DecimalFromFloat(v.(float64), 64), "" }
	case kindString:
		return func(v any) (Decimal, Code) {
			s := strings.TrimSpace(v.(string))
			if s == "" {
				return Decimal{}, ""
			}
			d, err := ParseDecimal(s)
			if err != nil {
				return Decimal{}, CodeBadValue
			}
			return d, ""
		}
	}
	return nil
}

func countOf(t *avroType) convert[int64] {
	switch t.kind {
	case kindInt:
		return func(v any) (int64, Code) { return int64(v.(int32)), "" }
	case kindLong:
		return func(v any) (int64, Code) { return v.(int64), "" }
	case kindDouble:
		return func(v any) (int64, Code) {
			f := v.(float64)
			if f != math.Trunc(f) || math.Abs(f) > 1<<53 {
				return 0, CodeBadValue
			}
			return int64(f), ""
		}
	case kindString:
		return func(v any) (int64, Code) {
			n, err := strconv.ParseInt(strings.TrimSpace(v.(string)), 10, 64)
			if err != nil {
				return 0, CodeBadValue
			}
			return n, ""
		}
	}
	return nil
}

// attributesOf reads a map. Entries whose value is no text are left out.
func attributesOf(t *avroType) convert[[]Attribute] {
	if t.kind != kindMap {
		return nil
	}
	text := orUnion(t.elem, attributeOf)
	if text == nil {
		return nil
	}
	return func(v any) ([]Attribute, Code) {
		m := v.(map[string]any)
		attrs := make([]Attribute, 0, len(m))
		for key, val := range m {
			s, code := text(val)
			if code == CodeInvalidUTF8 || !utf8.ValidString(key) {
				return nil, CodeInvalidUTF8
			}
			if code == "" && val != nil {
				attrs = append(attrs, Attribute{Key: key, Value: s})
			}
		}
		slices.SortFunc(attrs, func(a, b Attribute) int { return cmp.Compare(a.Key, b.Key) })
		return attrs, ""
	}
}

func attributeOf(t *avroType) convert[string] {
	switch t.kind {
	case kindBoolean:
		return func(v any) (string, Code) { return strconv.FormatBool(v.(bool)), "" }
	case kindFloat, kindDouble:
		amount := amountOf(t)
		return func(v any) (string, Code) {
			d, code := amount(v)
			return d.String(), code
		}
	}
	return textOf(t)
}
