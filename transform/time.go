package transform

import (
	"fmt"
	"time"

	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// earliest is 2000-01-01 in Unix milliseconds. No source of conversions is
// older; what claims to be is a time in another unit, nearly always seconds,
// and sending it would credit a click of last week to the year 1970.
const earliest = 946684800000

// AppendTime appends a Unix time in milliseconds as ISO 8601 in UTC:
// "2026-04-23T10:15:30Z", or "2026-04-23T10:15:30.120Z" where there are
// milliseconds. The guide's own example has none, and the two forms keep what
// the source had: nothing is rounded and no precision is made up.
//
// Every event has a time, and the time package's own formatting, which handles any
// layout, takes six times as long.
func AppendTime(dst []byte, millis int64) []byte {
	if millis < 0 || millis > lastMilli {
		return appendAnyTime(dst, millis)
	}
	day, rest := millis/dayMillis, millis%dayMillis
	year, month, dom := civil(day)
	dst = appendTwo(appendTwo(dst, year/100), year%100)
	dst = appendTwo(append(dst, '-'), month)
	dst = appendTwo(append(dst, '-'), dom)
	dst = appendTwo(append(dst, 'T'), rest/3_600_000)
	dst = appendTwo(append(dst, ':'), rest/60_000%60)
	dst = appendTwo(append(dst, ':'), rest/1000%60)
	if ms := rest % 1000; ms != 0 {
		dst = appendTwo(append(dst, '.', byte('0'+ms/100)), ms%100)
	}
	return append(dst, 'Z')
}

const (
	dayMillis = 24 * 3_600_000
	lastMilli = 253402300799999 // of the year 9999
)

// civil returns the date of a day counted from 1970-01-01, none before it. Years
// are counted from March, so that the leap day is their last and months have
// lengths that a line goes through: Howard Hinnant's algorithm
// (https://howardhinnant.github.io/date_algorithms.html, civil_from_days).
func civil(day int64) (year, month, dom int64) {
	const fourCenturies = 146097
	day += 719468 // from 0000-03-01
	era, doe := day/fourCenturies, day%fourCenturies
	yoe := (doe - doe/1460 + doe/36524 - doe/(fourCenturies-1)) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	shifted := (5*doy + 2) / 153 // months since March
	year, month, dom = era*400+yoe, shifted+3, doy-(153*shifted+2)/5+1
	if month > 12 {
		year, month = year+1, month-12
	}
	return year, month, dom
}

func appendTwo(dst []byte, n int64) []byte { return append(dst, byte('0'+n/10), byte('0'+n%10)) }

func appendAnyTime(dst []byte, millis int64) []byte {
	at := time.UnixMilli(millis).UTC()
	if at.Nanosecond() == 0 {
		return at.AppendFormat(dst, time.RFC3339)
	}
	return at.AppendFormat(dst, "2006-01-02T15:04:05.000Z")
}

// checkTime refuses the times that cannot be when the user acted.
func (t *Transformer) checkTime(millis int64, now time.Time) *verdict.Reason {
	// Of nearly every event this is all, and no limit is worked out for it.
	if millis >= earliest && millis <= now.UnixMilli() {
		return nil
	}
	limit := now.Add(t.maxAhead).UnixMilli()
	switch {
	case millis == 0:
		return occurredAtMissing.because("occurred_at is absent: want the time of the user's action in milliseconds since 1970")
	case millis > limit:
		return occurredAtAhead.because(fmt.Sprintf("occurred_at is %s: want at most %s ahead of the clock%s",
			describeTime(millis), t.maxAhead, unitHint(millis, limit)))
	case millis < earliest:
		return occurredAtTooOld.because(fmt.Sprintf("occurred_at is %s: want a time after the year 2000%s",
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

// unitHint says which unit makes the time a plausible one, if any does.
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
