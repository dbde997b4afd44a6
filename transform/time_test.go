package transform

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestAppendTime(t *testing.T) {
	for millis, want := range map[int64]string{
		1776939330000: "2026-04-23T10:15:30Z",
		1776939330123: "2026-04-23T10:15:30.123Z",
		1776939330120: "2026-04-23T10:15:30.120Z",
		1776939330001: "2026-04-23T10:15:30.001Z",
		earliest:      "2000-01-01T00:00:00Z",
		951782400000:  "2000-02-29T00:00:00Z",
	} {
		if got := string(AppendTime([]byte("x"), millis)); got != "x"+want {
			t.Errorf("AppendTime(%d) = %s, want x%s", millis, got, want)
		}
	}
}

func TestAppendTimeLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		millis := rapid.Int64Range(earliest, 4102444800000).Draw(t, "millis")
		at, err := time.Parse(time.RFC3339Nano, string(AppendTime(nil, millis)))
		if err != nil || at.UnixMilli() != millis {
			t.Fatalf("%d reads back as %d, %v", millis, at.UnixMilli(), err)
		}
	})
}

// The time package has the last word on dates, also on those that checkTime
// refuses.
func TestAppendTimeIsTheTimePackages(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		millis := rapid.OneOf(
			rapid.Int64(),
			rapid.Int64Range(-lastMilli, 2*lastMilli),
			rapid.Map(rapid.Int64Range(0, lastMilli/dayMillis), func(day int64) int64 { return day*dayMillis - 1 }),
		).Draw(t, "millis")
		if got, want := string(AppendTime(nil, millis)), string(appendAnyTime(nil, millis)); got != want {
			t.Fatalf("%d: got %s, want %s", millis, got, want)
		}
	})
	for day := range int64(lastMilli/dayMillis + 1) {
		if got, want := string(AppendTime(nil, day*dayMillis)), string(appendAnyTime(nil, day*dayMillis)); got != want {
			t.Fatalf("day %d: got %s, want %s", day, got, want)
		}
	}
}
