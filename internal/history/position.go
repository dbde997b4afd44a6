package history

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tracklayer/amazon-capi/internal/instant"
)

// Position is a position in a topic: a time or an offset. The zero Position is the
// topic's own beginning or end, depending on its use.
type Position struct {
	// Time is the timestamp of a record, in UTC; zero if the position is not a time.
	Time time.Time
	// Offset is an offset of every partition that is read; used only if IsOffset is set.
	Offset   int64
	IsOffset bool
	// Relative means that the time was given relative to the present, so that the same
	// words mean another time later on.
	Relative bool
}

// IsZero reports whether the position is open.
func (p Position) IsZero() bool { return p.Time.IsZero() && !p.IsOffset }

// String returns the position as ParsePosition parses it.
func (p Position) String() string {
	switch {
	case p.IsOffset:
		return offsetPrefix + strconv.FormatInt(p.Offset, 10)
	case p.Time.IsZero():
		return ""
	}
	return p.Time.UTC().Format(time.RFC3339Nano)
}

const offsetPrefix = "offset:"

// TimeForms says, in help and errors, what ParseTime accepts.
const TimeForms = "an RFC 3339 time (2026-04-23T10:15:00Z), a date (2026-04-23, in UTC), a time before now (-2h, -3d) or milliseconds since 1970"

// PositionForms is TimeForms and offsets.
const PositionForms = TimeForms + ", or offset:1234"

// ParsePosition parses a time, or an offset written as offset:1234. Bare numbers are
// milliseconds: digits must not mean one thing when they are few and another when they
// are many.
func ParsePosition(text string, now time.Time) (Position, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return Position{}, nil
	}
	if digits, ok := strings.CutPrefix(text, offsetPrefix); ok {
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil || n < 0 {
			return Position{}, fmt.Errorf("%q is not an offset: want offset: and a number from 0 on", text)
		}
		return Position{Offset: n, IsOffset: true}, nil
	}
	t, relative, err := parseTime(text, now)
	if err != nil {
		return Position{}, fmt.Errorf("%w; an offset is written as offset:1234", err)
	}
	return Position{Time: t, Relative: relative}, nil
}

// ParseTime parses a time as people write it on a command line: ISO 8601 with an offset,
// a date (in UTC), a duration before now such as -2h or -3d, "now", or milliseconds since
// 1970. Empty is the zero time.
func ParseTime(text string, now time.Time) (time.Time, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return time.Time{}, nil
	}
	t, _, err := parseTime(text, now)
	return t, err
}

func parseTime(text string, now time.Time) (t time.Time, relative bool, err error) {
	if text == "now" {
		return now.UTC(), true, nil
	}
	if ago, ok := strings.CutPrefix(text, "-"); ok {
		d, err := parseDuration(ago)
		if err != nil {
			return time.Time{}, false, fmt.Errorf("%q is not a time before now: want one such as -30m, -2h or -3d", text)
		}
		return now.Add(-d).UTC(), true, nil
	}
	if digits(text) {
		t, err := parseMillis(text)
		return t, false, err
	}
	at, broken := instant.Parse(text)
	if broken == nil {
		return at, false, nil
	}
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t, false, nil
	}
	if errors.Is(broken, instant.ErrNoOffset) {
		return time.Time{}, false, fmt.Errorf("%q: %w", text, broken)
	}
	if _, err := parseDuration(text); err == nil {
		return time.Time{}, false, fmt.Errorf("%q is not a time; a time before now begins with a minus: -%s", text, text)
	}
	return time.Time{}, false, fmt.Errorf("%q is not a time: want %s", text, TimeForms)
}

func digits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// The milliseconds that are accepted as a time: from September 2001 on, when they reached
// 13 digits. Ten digits are most likely seconds.
const minMillis, maxMillis = 1_000_000_000_000, 99_999_999_999_999

func parseMillis(text string) (time.Time, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err != nil || n > maxMillis:
		return time.Time{}, fmt.Errorf("%q has too many digits: want milliseconds since 1970, which have 13", text)
	case n >= minMillis:
		return time.UnixMilli(n).UTC(), nil
	case len(text) == 10:
		return time.Time{}, fmt.Errorf("%q looks like seconds since 1970: want milliseconds, %s000", text, text)
	}
	return time.Time{}, fmt.Errorf("%q is not a time: milliseconds since 1970 have 13 digits", text)
}

// parseDuration is time.ParseDuration with days, which operators think in.
func parseDuration(text string) (time.Duration, error) {
	before, rest, ok := strings.Cut(text, "d")
	if !ok {
		d, err := time.ParseDuration(text)
		if err == nil && d < 0 {
			err = errors.New("negative")
		}
		return d, err
	}
	days, err := strconv.ParseFloat(before, 64)
	if err != nil || !(days >= 0 && days < 36500) {
		return 0, errors.New("no number of days")
	}
	d := time.Duration(days * float64(24*time.Hour))
	if rest == "" {
		return d, nil
	}
	more, err := time.ParseDuration(rest)
	if err != nil || more < 0 {
		return 0, errors.New("no duration")
	}
	return d + more, nil
}
