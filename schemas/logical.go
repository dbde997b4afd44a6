package schemas

import (
	"fmt"
	"math"
	"strings"
)

// logical is what a type's value means, as far as our fields care. Logical
// types that mean nothing to them are logicalNone: they read as what they are
// made of.
type logical uint8

const (
	logicalNone logical = iota
	logicalDecimal
	logicalBigDecimal
	logicalUUID
	logicalMillis
	logicalMicros
	logicalNanos
	// logicalOtherTime is a date, a time of day, or an instant of a time zone
	// that is not said. None is a point in time, and none is a number.
	logicalOtherTime
	// logicalLost is one that would change what the value means, but cannot on
	// its type or with its parameters: a decimal of a long is as many times too
	// large as its scale says. Avro has such values read without it.
	logicalLost
)

var longTimes = map[string]logical{
	"timestamp-millis": logicalMillis, "timestamp-micros": logicalMicros, "timestamp-nanos": logicalNanos,
	"time-micros": logicalOtherTime, "time-nanos": logicalOtherTime,
	"local-timestamp-millis": logicalOtherTime, "local-timestamp-micros": logicalOtherTime, "local-timestamp-nanos": logicalOtherTime,
	// Debezium's, which come as connect.name.
	"io.debezium.time.Timestamp": logicalMillis, "io.debezium.time.MicroTimestamp": logicalMicros, "io.debezium.time.NanoTimestamp": logicalNanos,
	"io.debezium.time.MicroTime": logicalOtherTime, "io.debezium.time.NanoTime": logicalOtherTime,
}

// annotate reads a type's logicalType, or what Kafka Connect has in its place.
// One that does not fit is as if it were not there, as Avro's specification has
// it, but amounts and instants are not read without theirs.
func (t *avroType) annotate(m map[string]any) {
	t.logicalName, _ = m["logicalType"].(string)
	if t.logicalName == "" {
		if t.logicalName, _ = m["connect.name"].(string); !strings.HasPrefix(t.logicalName, "io.debezium.time.") {
			t.logicalName = ""
		}
	}
	switch t.logicalName {
	case "decimal":
		t.annotateDecimal(m)
	case "big-decimal":
		if t.kind == kindBytes {
			t.logical = logicalBigDecimal
		} else if t.kind != kindString {
			t.logical = logicalLost
		}
	case "uuid":
		if t.kind == kindFixed && t.size == 16 {
			t.logical = logicalUUID
		}
	case "date", "time-millis", "io.debezium.time.Date", "io.debezium.time.Time":
		if t.kind == kindInt || t.kind == kindLong {
			t.logical = logicalOtherTime
		}
	default:
		if is, ok := longTimes[t.logicalName]; ok && t.kind == kindLong {
			t.logical = is
		}
	}
}

func (t *avroType) annotateDecimal(m map[string]any) {
	if t.kind == kindString {
		return // whose digits say all
	}
	t.logical = logicalLost
	if t.kind != kindBytes && t.kind != kindFixed {
		return
	}
	digits, ok := wholeNumber(m["precision"])
	scale := 0
	if m["scale"] != nil && ok {
		scale, ok = wholeNumber(m["scale"])
	}
	if ok && digits > 0 && scale <= digits && scale <= MaxScale {
		t.logical, t.digits, t.scale = logicalDecimal, digits, scale
	}
}

// wholeNumber reads a size, precision or scale.
func wholeNumber(v any) (int, bool) {
	f, ok := v.(float64)
	if !ok || f < 0 || f > math.MaxInt32 || f != math.Trunc(f) {
		return 0, false
	}
	return int(f), true
}

// describe names a type for messages, by its logical type too: that is what
// its writer has to change. Unions name what they hold.
func (t *avroType) describe() string {
	if t.kind == kindUnion {
		var names []string
		for _, b := range t.branches {
			if b.kind != kindNull {
				names = append(names, b.describe())
			}
		}
		const most = 5
		if len(names) == 0 || len(names) > most {
			return "union"
		}
		return strings.Join(names, " or ")
	}
	if t.logicalName == "" || !isLogicalName(t.logicalName) {
		return t.kind.String()
	}
	s := fmt.Sprintf("%s of logical type %s", t.kind, t.logicalName)
	if t.logical == logicalLost && (t.kind == kindBytes || t.kind == kindFixed) {
		s += " without a precision and scale that can be"
	}
	return s
}

// aType is describe behind its article.
func (t *avroType) aType() string {
	s := t.describe()
	if strings.IndexByte("aeio", s[0]) >= 0 { // a union has another sound
		return "an " + s
	}
	return "a " + s
}

// isLogicalName reports whether a name is short and plain enough for messages:
// it is a stranger's text.
func isLogicalName(s string) bool {
	const most = 40
	if len(s) > most {
		return false
	}
	for _, c := range []byte(s) {
		if c|0x20-'a' >= 26 && (c < '0' || c > '9') && c != '-' && c != '.' && c != '_' {
			return false
		}
	}
	return true
}
