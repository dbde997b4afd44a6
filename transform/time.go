package transform

import (
	"fmt"
	"time"

	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// earliest is 2000-01-01 in Unix milliseconds. No conversion is older: an earlier time is in
// another unit, nearly always seconds, and would put last week's click into 1970.
const earliest = 946684800000

// AppendTime appends a Unix time in milliseconds as ISO 8601 in UTC: "2026-04-23T10:15:30Z",
// or "2026-04-23T10:15:30.120Z" if there are milliseconds. The guide's own example has none,
// and with two forms nothing is rounded and no precision is added.
//
// Every event has a time, and the time package, which handles any layout, takes six times as
// long.
func AppendTime(dst []byte, millis int64) []byte {
	if millis < 0 || millis > lastMilli {
		return appendAnyTime(dst, millis)
	}
	// In 32 bits a division by a constant is one multiplication.
	day, rest := uint32(millis/dayMillis), uint32(millis%dayMillis)
	year, month, dom := civil(day)
	text := [24]byte{4: '-', 7: '-', 10: 'T', 13: ':', 16: ':', 19: 'Z'}
	putTwo(text[0:], year/100)
	putTwo(text[2:], year%100)
	putTwo(text[5:], month)
	putTwo(text[8:], dom)
	putTwo(text[11:], rest/3_600_000)
	putTwo(text[14:], rest/60_000%60)
	putTwo(text[17:], rest/1000%60)
	ms := rest % 1000
	if ms == 0 {
		return append(dst, text[:20]...)
	}
	text[19], text[20], text[23] = '.', byte('0'+ms/100), 'Z'
	putTwo(text[21:], ms%100)
	return append(dst, text[:]...)
}

const (
	dayMillis = 24 * 3_600_000
	lastMilli = 253402300799999 // of the year 9999
)

// civil returns the date of a day counted from 1970-01-01, which must not be earlier. Years
// are counted from March, so that the leap day is their last and the lengths of months fit a
// line: the algorithm of Cassio Neri and Lorenz Schneider (Euclidean affine functions and
// their application to calendar algorithms, 2022), which has fewer divisions than others and
// shorter dependency chains.
func civil(day uint32) (year, month, dom uint32) {
	quarters := 4*(day+719468) + 3 // of days, from 0000-03-01
	century := quarters / 146097
	// The low half of the product is the day of the year, in 2^-32 of a year.
	years := 2939745 * uint64(quarters%146097|3)
	ofYear := uint32(years) / 2939745 / 4
	months := 2141*ofYear + 197913 // in 2^-16 of a month
	year, month, dom = 100*century+uint32(years>>32), months>>16, months&0xffff/2141+1
	if ofYear >= 306 {
		year, month = year+1, month-12
	}
	return year, month, dom
}

func putTwo(digits []byte, n uint32) { digits[0], digits[1] = byte('0'+n/10), byte('0'+n%10) }

func appendAnyTime(dst []byte, millis int64) []byte {
	at := time.UnixMilli(millis).UTC()
	if at.Nanosecond() == 0 {
		return at.AppendFormat(dst, time.RFC3339)
	}
	return at.AppendFormat(dst, "2006-01-02T15:04:05.000Z")
}

// checkTime refuses times at which the user cannot have acted.
func (t *Transformer) checkTime(millis int64, now time.Time) *verdict.Reason {
	// Nearly every event ends here, without computing a limit.
	if millis >= earliest && millis <= now.UnixMilli() {
		return nil
	}
	limit := now.Add(t.maxAhead).UnixMilli()
	switch {
	case millis == 0:
		return verdict.CodeOccurredAtMissing.Because("occurred_at is absent: want the time of the user's action in milliseconds since 1970")
	case millis > limit:
		return verdict.CodeOccurredAtAhead.Because(fmt.Sprintf("occurred_at is %s: want at most %s ahead of the clock%s",
			describeTime(millis), t.maxAhead, unitHint(millis, limit)))
	case millis < earliest:
		return verdict.CodeOccurredAtTooOld.Because(fmt.Sprintf("occurred_at is %s: want a time after the year 2000%s",
			describeTime(millis), unitHint(millis, limit)))
	}
	return nil
}

func describeTime(millis int64) string {
	at := time.UnixMilli(millis).UTC()
	switch {
	case millis < 0:
		return "before 1970"
	case at.Year() > 9999:
		return "after the year 9999"
	}
	return "in the year " + at.Format("2006")
}

// unitHint names the unit in which the time would be plausible, if any.
func unitHint(millis, limit int64) string {
	plausible := func(ms int64) bool { return ms >= earliest && ms <= limit }
	switch {
	case millis > 0 && millis <= limit/1000 && plausible(millis*1000):
		return " (it looks like seconds where milliseconds belong)"
	case plausible(millis / 1e3):
		return " (it looks like microseconds where milliseconds belong)"
	case plausible(millis / 1e6):
		return " (it looks like nanoseconds where milliseconds belong)"
	}
	return ""
}
