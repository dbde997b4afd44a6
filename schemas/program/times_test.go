package program_test

import (
	"strings"
	"testing"

	"github.com/tracklayer/amazon-capi/internal/lab/avrotest"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/event"
)

// The instant of fullEvent's neighbours in text, and what it is in milliseconds.
const textMilli = 1776939330000 // 2026-04-23T10:15:30Z

var textTimes = map[string]int64{
	"2026-04-23T10:15:30Z":                     textMilli,
	"2026-04-23T10:15Z":                        textMilli - 30_000, // Java leaves out zero seconds
	"2026-04-23T12:15:30+02:00":                textMilli,
	"2026-04-23T12:15:30+02":                   textMilli,
	"2026-04-23T12:15:30+0200":                 textMilli,
	"2026-04-23T12:15:30.000000000+0200":       textMilli,
	"20260423T101530Z":                         textMilli,
	"2026-04-23t10:15:30z":                     textMilli,
	"2026-04-23 10:15:30Z":                     textMilli,
	" 2026-04-23T10:15:30Z ":                   textMilli,
	"2026-04-23T10:15:30,1239Z":                textMilli + 123,
	"2026-04-23T10:15:30.1230000000000000001Z": textMilli + 123,
	"2026-04-23T12:15:30+02:00[Europe/Berlin]": textMilli,
	"2026-W17-4T10:15:30Z":                     textMilli,
	"2026-04-22T24:00:00Z":                     textMilli - 10*3_600_000 - 15*60_000 - 30_000,
	"2016-12-31T23:59:60Z":                     1483228800000,
}

func timed(typ string) string { return avrotest.Record(`,{"name":"occurred_at","type":` + typ + `}`) }

func TestTimesAsText(t *testing.T) {
	for s, want := range textTimes {
		ev, err := decodeAs(timed(`"string"`), avrotest.ValueOf(avrotest.Text(s)))
		if err != nil || ev.OccurredAt != want {
			t.Errorf("Avro text %q is %d, %v; want %d", s, ev.OccurredAt, err, want)
		}
		ev, err = schemas.EventFromJSON([]byte(`{"event_id":"e","event_name":"n","occurred_at":"` + s + `"}`))
		if err != nil || ev.OccurredAt != want {
			t.Errorf("JSON %q is %v, %v; want %d", s, ev, err, want)
		}
	}
}

// TestBadTimesNameTheRule: the producer reads what to change, and never what
// was in the field.
func TestBadTimesNameTheRule(t *testing.T) {
	for s, want := range map[string]string{
		"2025-11-28T09:05:10":                "offset from UTC",
		"2025-11-28T09:05:10[Europe/Berlin]": "offset from UTC",
		"2025-11-28":                         "without a time of day",
		"2025-02-30T09:05:10Z":               "no such day",
		"2025-11-28T25:15:30Z":               "no such time of day",
		"jane@example.com":                   "ISO 8601",
	} {
		_, err := decodeAs(timed(`["null","string"]`), avrotest.ValueOf(avrotest.Long(1), avrotest.Text(s)))
		wantCode(t, err, verdict.CodeBadValue, "occurred_at")
		_, jsonErr := schemas.EventFromJSON([]byte(`{"occurred_at":"` + s + `"}`))
		for _, err := range []error{err, jsonErr} {
			if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), s) {
				t.Errorf("%q: %v; want an error that says %q and not the text", s, err, want)
			}
		}
	}
}

func TestTextTimesAllocateNothing(t *testing.T) {
	p := programOf(t, timed(`"string"`))
	for s := range textTimes {
		payload := avrotest.ValueOf(avrotest.Text(s))[avro.HeaderSize:]
		var ev event.Event
		if n := testing.AllocsPerRun(100, func() { ev.Reset(); _ = p.Read(payload, &ev) }); n != 0 {
			t.Errorf("%q: %v allocations", s, n)
		}
	}
}
