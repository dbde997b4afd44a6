package instant

import (
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParse(t *testing.T) {
	const at = "2026-04-23T10:15:30Z"
	for _, c := range []struct {
		want  string // RFC 3339 in UTC
		texts []string
	}{
		{at, []string{
			at, "2026-04-23t10:15:30z", "2026-04-23 10:15:30Z", " 2026-04-23T10:15:30Z\n", "2026-04-23T10:15:30.000Z",
			"2026-04-23T12:15:30+02:00", "2026-04-23T12:15:30+02", "2026-04-23T12:15:30+0200", "2026-04-23 12:15:30 +02:00",
			"2026-04-23T05:15:30-05:00", "2026-04-23T05:15:30\u221205:00", "2026-04-23T05:15:30\u221205",
			"2026-04-23T15:45:30+05:30", "2026-04-24T00:00:30+13:45", "2026-04-23T10:15:30-00:00", "2026-04-23T10:15:30+00",
			"20260423T101530Z", "20260423T121530+0200", "20260423t101530z", "20260423T10:15:30Z", "2026-04-23T101530Z",
			"2026-W17-4T10:15:30Z", "2026W174T101530Z", "2026-113T10:15:30Z", "2026113T101530Z",
			"2026-04-23T12:15:30+02:00[Europe/Berlin]", "2026-04-23T12:15:30+02:00[Europe/Berlin][u-ca=gregory]",
			"2026-04-23T10:15:30Z[UTC]", "2026-04-23T10:15:30Z[Etc/GMT+1]",
			"2026-04-23T12:15:30+02:00[+02:00]", "2026-04-23T12:15:30+02:00[UTC+02:00]", "2026-04-23T12:15:30+02:00[America/New_York]", "2026-04-23T10:15,5Z", "2026-04-23T10:15.50000Z",
		}},
		{"2026-04-23T10:15:00Z", []string{
			"2026-04-23T10:15Z", "2026-04-23T12:15+02:00", "20260423T1015Z", "2026-04-23T10:15z[Europe/London]", "2026-04-23T10.25Z", "2026-04-23T10,25Z",
		}},
		{"2026-04-23T10:00:00Z", []string{"2026-04-23T10Z", "20260423T10Z", "2026-04-23T12+02"}},
		{"2026-04-23T10:15:30.12Z", []string{"2026-04-23T10:15:30.12Z", "2026-04-23T10:15:30,12Z", "20260423T101530.120+00"}},
		{"2026-04-23T10:15:30.123456789Z", []string{
			"2026-04-23T10:15:30.123456789Z", "2026-04-23T10:15:30.1234567899999Z", "2026-04-23T10:15:30,123456789" + strings.Repeat("9", 1000) + "Z",
		}},
		{"2026-04-23T10:59:59.999999999Z", []string{"2026-04-23T10." + strings.Repeat("9", 40) + "Z", "2026-04-23T10:59." + strings.Repeat("9", 18) + "Z"}},
		// The end of a day is the beginning of the next one.
		{"2026-04-24T00:00:00Z", []string{"2026-04-23T24:00:00Z", "2026-04-23T24:00Z", "2026-04-23T24Z", "20260423T240000Z", "2026-04-23T24:00:00.000Z", "2026-04-24T02:00:00+02:00"}},
		{"2027-01-01T00:00:00Z", []string{"2026-12-31T24:00:00Z", "2026-12-31T23:59:60Z", "2026-12-31T15:59:60-08:00", "2027-01-01T00:59:60+01:00", "2026-12-31T235960Z"}},
		{"2017-01-01T00:00:00.5Z", []string{"2016-12-31T23:59:60.5Z"}},
		{"2024-02-29T00:00:00Z", []string{"2024-02-29T00:00Z", "2024-060T00:00Z"}},
		{"2024-12-31T00:00:00Z", []string{"2024-366T00:00Z", "2025-W01-2T00:00Z"}},
		{"2021-01-03T00:00:00Z", []string{"2020-W53-7T00:00Z"}},
		{"1969-12-31T23:59:59.25Z", []string{"1969-12-31T23:59:59.25Z"}},
		{"0000-01-01T00:00:00Z", []string{"0000-01-01T00:00:00Z"}},
		{"9999-12-31T23:59:59Z", []string{"9999-12-31T23:59:59Z"}},
	} {
		for _, text := range c.texts {
			got, err := Parse(text)
			if err != nil || got.Format(time.RFC3339Nano) != c.want {
				t.Errorf("%q is %v, %v; want %s", text, got.Format(time.RFC3339Nano), err, c.want)
			}
		}
	}
}

func TestRefused(t *testing.T) {
	for want, texts := range map[error][]string{
		ErrNoOffset: {
			"2026-04-23T10:15:30", "2026-04-23T10:15", "2026-04-23 10:15:30.123", "20260423T101530", "2026-04-23T10:15:30[Europe/Berlin]", "2026-W17-4T10:15", "2026-113T10",
		},
		ErrNoTime: {"2026-04-23", "20260423", "2026-113", "2026-W17-4", "2026-04-23Z", "2026-04-23+02:00"},
		ErrOffset: {"2026-04-23T10:15:30+", "2026-04-23T10:15:30+2", "2026-04-23T10:15:30+24:00", "2026-04-23T10:15:30+02:60", "2026-04-23T10:15:30+02:", "2026-04-23T10:15:30 UTC", "2026-04-23T10:15:30 Europe/Berlin", "2026-04-23T10:15x", "2026-04-23T10:15:30+020", "2026-04-23T10:15:30+02:00:00", "2026-04-23T10:15:30+020030"},
		ErrDate: {
			"2026-02-29T10:15Z", "2026-13-01T10:15Z", "2026-00-01T10:15Z", "2026-04-00T10:15Z", "2026-04-31T10:15Z", "2026-366T10:15Z", "2026-000T10:15Z",
			"2026-W00-1T10:15Z", "2026-W54-1T10:15Z", "2025-W53-1T10:15Z", "2026-W17-0T10:15Z", "2026-W17-8T10:15Z", "+002026-04-23T10:15:30Z", "-000001-04-23T10:15:30Z",
		},
		ErrClock: {"2026-04-23T25:00Z", "2026-04-23T24:01Z", "2026-04-23T24:00:00.001Z", "2026-04-23T10:60Z", "2026-04-23T10:15:61Z", "2026-04-23T24:00:01Z", "2026-04-23T24.5Z"},
		ErrLeap:  {"2026-04-23T10:15:60Z", "2016-12-31T23:59:60+01:00", "2016-12-31T22:59:60Z"},
		ErrSuffix: {
			"2026-04-23T10:15:30Z[", "2026-04-23T10:15:30Z[]", "2026-04-23T10:15:30Z[a", "2026-04-23T10:15:30Z[!Europe/Berlin]", "2026-04-23T10:15:30Z!",
			"2026-04-23T10:15:30Z[jane@example.com]", "2026-04-23T10:15:30ZZ", "2026-04-23T10:15:30Z/2026-04-24T10:15:30Z",
		},
		ErrForm: {
			"", "x", "10:15:30Z", "2026", "2026-04", "2026-4-23T10:15Z", "26-04-23T10:15Z", "2026/04/23 10:15Z", "23.04.2026 10:15Z", "2026-04-23T",
			"2026-04-23TZ", "2026-04-23T1:15Z", "2026-04-23T10:1Z", "2026-04-23T10:15:30.Z", "2026-04-23T10:15:30,Z", "2026-04-23T10:15:30:00Z",
			"2026-04-23T101530123Z", "2026-04-23T10153Z", "2026-04-23_10:15Z", "Thu, 23 Apr 2026 10:15:30 GMT", "1776939330", "1776939330000", "2026W17-4T10:15Z", "2026-W174T10:15Z", "P1D",
		},
	} {
		for _, text := range texts {
			if got, err := Parse(text); !errors.Is(err, want) {
				t.Errorf("%q is %v, %v; want: %v", text, got, err, want)
			}
		}
	}
}

// What the time package writes is read as the same instant.
func TestParseReadsWhatTimeWrites(t *testing.T) {
	layouts := []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "20060102T150405.999999999Z07", "2006-002T15:04:05,999999999Z07:00", "2006-01-02 15:04:05.999999999 -07:00"}
	rapid.Check(t, func(t *rapid.T) {
		zone := time.FixedZone("", rapid.IntRange(-23, 23).Draw(t, "hours")*3600)
		at := time.Unix(rapid.Int64Range(-62135596800+daySeconds, 253402300799-daySeconds).Draw(t, "seconds"), rapid.Int64Range(0, 1e9-1).Draw(t, "nanoseconds")).In(zone)
		text := at.Format(rapid.SampledFrom(layouts).Draw(t, "layout"))
		if got, err := Parse(text); err != nil || !got.Equal(at) {
			t.Fatalf("%q is %v, %v; want %v", text, got, err, at)
		}
		year, week := at.ISOWeek()
		if year > 9999 {
			return
		}
		weekly := at.Format("15:04:05.999999999Z07:00")
		day := (int(at.Weekday())+6)%7 + 1
		text = pad(year, 4) + "-W" + pad(week, 2) + "-" + pad(day, 1) + "T" + weekly
		if got, err := Parse(text); err != nil || !got.Equal(at) {
			t.Fatalf("%q is %v, %v; want %v", text, got, err, at)
		}
	})
}

func pad(n, width int) string {
	s := ""
	for ; width > 0; width-- {
		s = string(rune('0'+n%10)) + s
		n /= 10
	}
	return s
}

func TestParseAllocatesNothing(t *testing.T) {
	for _, text := range []string{"2026-04-23T10:15:30Z", "2026-04-23T12:15:30.123456+02:00[Europe/Berlin]", "2026-04-23T10:15:30", "jane@example.com"} {
		if n := testing.AllocsPerRun(100, func() { _, _ = Parse(text) }); n != 0 {
			t.Errorf("%q: %v allocations", text, n)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"2026-04-23T10:15:30Z", "20260423T1015,5+02[x]", "2026-W17-4T24Z", "2026-113T23:59:60Z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		at, err := Parse(s)
		if err != nil {
			return
		}
		if y := at.Year(); y < -1 || y > 10000 {
			t.Fatalf("%q is in the year %d", s, y)
		}
		if std, err := time.Parse(time.RFC3339, s); err == nil && !std.Equal(at) {
			t.Fatalf("%q is %v, want %v", s, at, std)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse("2026-04-23T10:15:30.120Z"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkStandardLibrary(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := time.Parse(time.RFC3339, "2026-04-23T10:15:30.120Z"); err != nil {
			b.Fatal(err)
		}
	}
}
