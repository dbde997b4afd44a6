package amazon

import (
	"bytes"
	"encoding/json"
	"testing"
)

// BenchmarkString writes texts of an event as JSON strings, with encoding/json and with
// ours.
func BenchmarkString(b *testing.B) {
	texts := []string{"ord_2026-04-23_000017", "1234567890", "Purchase", "2026-04-23T10:17:00Z", "Café \"Zoë\" 5/6"}
	b.Run("encoding/json", func(b *testing.B) {
		var buf bytes.Buffer
		e := json.NewEncoder(&buf)
		e.SetEscapeHTML(false)
		for b.Loop() {
			buf.Reset()
			for _, s := range texts {
				if err := e.Encode(s); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("ours", func(b *testing.B) {
		var buf []byte
		for b.Loop() {
			buf = buf[:0]
			for _, s := range texts {
				buf = appendString(buf, s)
			}
		}
	})
}
