package avro

import (
	"fmt"
	"math"
	"strings"
)

// Logical is what a type's value means where it matters to TrackLayer's fields. Other
// logical types are LogicalNone: their values are read by their Kind.
type Logical uint8

// The meanings.
const (
	LogicalNone Logical = iota
	LogicalDecimal
	LogicalBigDecimal
	LogicalUUID
	LogicalMillis
	LogicalMicros
	LogicalNanos
	// LogicalOtherTime is a date, a time of day, or a local time without its time
	// zone: neither a point in time nor a number.
	LogicalOtherTime
	// LogicalLost is one that would change what the value means but does not fit
	// its type or lacks parameters, such as a decimal of a long. Avro says to
	// ignore it, which would make an amount too large by its scale.
	LogicalLost
)

var longTimes = map[string]Logical{
	"timestamp-millis": LogicalMillis, "timestamp-micros": LogicalMicros, "timestamp-nanos": LogicalNanos,
	"time-micros": LogicalOtherTime, "time-nanos": LogicalOtherTime,
	"local-timestamp-millis": LogicalOtherTime, "local-timestamp-micros": LogicalOtherTime, "local-timestamp-nanos": LogicalOtherTime,
	// Debezium's, which come as connect.name.
	"io.debezium.time.Timestamp": LogicalMillis, "io.debezium.time.MicroTimestamp": LogicalMicros, "io.debezium.time.NanoTimestamp": LogicalNanos,
	"io.debezium.time.MicroTime": LogicalOtherTime, "io.debezium.time.NanoTime": LogicalOtherTime,
}

// annotate reads a type's logicalType, or what Kafka Connect writes in its place.
// One that does not fit is ignored, as Avro's specification demands, except that
// amounts and instants are not read without theirs.
func (t *Type) annotate(m map[string]any) {
	t.LogicalName, _ = m["logicalType"].(string)
	if t.LogicalName == "" {
		if t.LogicalName, _ = m["connect.name"].(string); !strings.HasPrefix(t.LogicalName, "io.debezium.time.") {
			t.LogicalName = ""
		}
	}
	switch t.LogicalName {
	case "decimal":
		t.annotateDecimal(m)
	case "big-decimal":
		if t.Kind == Bytes {
			t.Logical = LogicalBigDecimal
		} else if t.Kind != String {
			t.Logical = LogicalLost
		}
	case "uuid":
		if t.Kind == Fixed && t.Size == 16 {
			t.Logical = LogicalUUID
		}
	case "date", "time-millis", "io.debezium.time.Date", "io.debezium.time.Time":
		if t.Kind == Int || t.Kind == Long {
			t.Logical = LogicalOtherTime
		}
	case "io.debezium.time.ZonedTime", "io.debezium.time.IsoTime", "io.debezium.time.IsoDate":
		if t.Kind == String {
			t.Logical = LogicalOtherTime
		}
	default:
		if is, ok := longTimes[t.LogicalName]; ok && t.Kind == Long {
			t.Logical = is
		}
	}
}

func (t *Type) annotateDecimal(m map[string]any) {
	if t.Kind == String {
		return // its text has the scale
	}
	t.Logical = LogicalLost
	if t.Kind != Bytes && t.Kind != Fixed {
		return
	}
	digits, ok := wholeNumber(m["precision"])
	scale := 0
	if m["scale"] != nil && ok {
		scale, ok = wholeNumber(m["scale"])
	}
	if ok && digits > 0 && scale <= digits && scale <= MaxScale {
		t.Logical, t.Digits, t.Scale = LogicalDecimal, digits, scale
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

// Describe names a type for messages, with its logical type, because that is what
// its writer has to change, and a union by what it holds.
func (t *Type) Describe() string {
	if t.Kind == Union {
		var names []string
		for _, b := range t.Branches {
			if b.Kind != Null {
				names = append(names, b.Describe())
			}
		}
		const most = 5
		if len(names) == 0 || len(names) > most {
			return "union"
		}
		return strings.Join(names, " or ")
	}
	if t.LogicalName == "" || !isLogicalName(t.LogicalName) {
		return t.Kind.String()
	}
	s := fmt.Sprintf("%s of logical type %s", t.Kind, t.LogicalName)
	if t.Logical == LogicalLost && (t.Kind == Bytes || t.Kind == Fixed) {
		s += " without a precision and scale that can be"
	}
	return s
}

// WithArticle is Describe with its article.
func (t *Type) WithArticle() string {
	s := t.Describe()
	if strings.IndexByte("aeio", s[0]) >= 0 { // a union has another sound
		return "an " + s
	}
	return "a " + s
}

// isLogicalName reports whether a name, a stranger's text, is short and plain enough
// for messages.
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
