package condition

import "testing"

// TestBlanksOfAllScripts: spaces and invisible characters around a text do not count, and
// letters beyond ASCII do.
func TestBlanksOfAllScripts(t *testing.T) {
	for text, want := range map[string]string{
		"  x\t": "x", "\u00a0x\u3000": "x", "\u200bx\ufeff": "x", "\u2003é\u200d": "é", "\vx\f\r\n": "x",
		"é": "é", "東京": "東京", "a b": "a b", "": "", " \u00a0\u200b": "", "\x00x\x1f": "\x00x\x1f",
	} {
		if got := trim(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
