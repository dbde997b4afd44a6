package report

import (
	"encoding/json"
	"io"
	"strconv"
	"time"
)

// MaxRows bounds the smaller tables; JSON has all rows.
const MaxRows = 30

// JSON prints a value as one line.
func JSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// Shorten truncates a text to n characters.
func Shorten(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

// OrDash returns a number, or a dash for none.
func OrDash(n int) string {
	if n == 0 {
		return "–"
	}
	return strconv.Itoa(n)
}

// ShortTime returns a time in UTC to the second, or a dash for none.
func ShortTime(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}
