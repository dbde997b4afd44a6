package history

import (
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 4, 23, 12, 0, 0, 0, time.UTC)

func TestParsePosition(t *testing.T) {
	for text, want := range map[string]Position{
		"":                             {},
		"2026-04-23T10:15:30Z":         {Time: time.Date(2026, 4, 23, 10, 15, 30, 0, time.UTC)},
		"2026-04-23T10:15:30.25+02:00": {Time: time.Date(2026, 4, 23, 8, 15, 30, 250e6, time.UTC)},
		"2026-04-23 10:15:30Z":         {Time: time.Date(2026, 4, 23, 10, 15, 30, 0, time.UTC)},
		"2026-04-23T10:15Z":            {Time: time.Date(2026, 4, 23, 10, 15, 0, 0, time.UTC)},
		"20260423T121530+02":           {Time: time.Date(2026, 4, 23, 10, 15, 30, 0, time.UTC)},
		"2026-04-23":                   {Time: time.Date(2026, 4, 23, 0, 0, 0, 0, time.UTC)},
		"1776939330250":                {Time: time.Date(2026, 4, 23, 10, 15, 30, 250e6, time.UTC)},
		"now":                          {Time: noon, Relative: true},
		"-2h":                          {Time: noon.Add(-2 * time.Hour), Relative: true},
		"-1h30m":                       {Time: noon.Add(-90 * time.Minute), Relative: true},
		"-3d":                          {Time: noon.AddDate(0, 0, -3), Relative: true},
		"-1d12h":                       {Time: noon.Add(-36 * time.Hour), Relative: true},
		" -0.5d ":                      {Time: noon.Add(-12 * time.Hour), Relative: true},
		"offset:0":                     {IsOffset: true},
		"offset:1234567890123":         {IsOffset: true, Offset: 1234567890123},
	} {
		got, err := ParsePosition(text, noon)
		if err != nil || got != want {
			t.Errorf("%q: %+v, %v; want %+v", text, got, err, want)
		}
		if again, err := ParsePosition(got.String(), noon); err != nil || !again.Time.Equal(got.Time) || again.Offset != got.Offset {
			t.Errorf("%q: String gives %q, which is read as %+v, %v", text, got.String(), again, err)
		}
	}
}

func TestBadTimesSayWhatIsRight(t *testing.T) {
	for text, want := range map[string]string{
		"yesterday":            "RFC 3339",
		"23.04.2026":           "RFC 3339",
		"2026-13-01":           "RFC 3339",
		"2026-04-23T10:15":     "offset from UTC",
		"2026-04-23 10:15:30":  "offset from UTC",
		"2h":                   "-2h",
		"-2":                   "-2h",
		"-":                    "-2h",
		"--2h":                 "-2h",
		"-xd":                  "-2h",
		"-99999999d":           "-2h",
		"-1d-2h":               "-2h",
		"1776939330":           "1776939330000",
		"1234":                 "13 digits",
		"99999999999999999999": "too many digits",
		"offset:":              "number from 0 on",
		"offset:-1":            "number from 0 on",
	} {
		_, err := ParsePosition(text, noon)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v; want an error that repeats it and says %q", text, err, want)
		}
	}
	if _, err := ParseTime("offset:5", noon); err == nil {
		t.Error("an offset was taken for a time")
	}
}

// FuzzParseTime: whatever is typed gives a time that is written and read again
// as the same, or an error.
func FuzzParseTime(f *testing.F) {
	for _, s := range []string{"2026-04-23", "-2h", "-3d", "1776939330250", "offset:7", "now", "9999-12-31T23:59:59Z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParsePosition(text, noon)
		if err != nil {
			return
		}
		if again, err := ParsePosition(p.String(), noon); err != nil || !again.Time.Equal(p.Time) || again.Offset != p.Offset || again.IsOffset != p.IsOffset {
			t.Errorf("%q is %+v, and that, written as %q, %+v, %v", text, p, p.String(), again, err)
		}
	})
}
