package jsonskip

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const deepest = 64

// jsonText draws JSON without escapes, and with blanks here and there.
func jsonText(t *rapid.T, deep int) string {
	blank := func() string {
		return rapid.SampledFrom([]string{"", "", "", "", " ", "\n\t", "\r  "}).Draw(t, "blank")
	}
	text := func() string { return `"` + rapid.StringMatching(`[ !#-\[\]-~é]{0,20}`).Draw(t, "text") + `"` }
	list := func(begin, end string, one func() string) string {
		var parts []string
		for range rapid.IntRange(0, 3).Draw(t, "length") {
			parts = append(parts, blank()+one()+blank())
		}
		return begin + blank() + strings.Join(parts, ",") + end
	}
	kinds := 7
	if deep == 0 {
		kinds = 5
	}
	switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
	case 0:
		return rapid.SampledFrom([]string{"true", "false", "null"}).Draw(t, "word")
	case 1, 2:
		return rapid.StringMatching(`-?(0|[1-9][0-9]{0,8})(\.[0-9]{1,3})?([eE][+-]?[0-9]{1,2})?`).Draw(t, "number")
	case 5:
		return list("[", "]", func() string { return jsonText(t, deep-1) })
	case 6:
		return list("{", "}", func() string { return text() + blank() + ":" + blank() + jsonText(t, deep-1) })
	}
	return text()
}

// What is passed over is what encoding/json takes for a value, whatever is wrong
// with it: half an answer, or one that was put together badly.
func TestSkipAgreesWithJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := []byte(jsonText(t, 4))
		if got := Value(b, 0, deepest); got != len(b) {
			t.Fatalf("%d bytes of %d passed over in %q", got, len(b), b)
		}
		for range 5 {
			at := rapid.IntRange(0, len(b)-1).Draw(t, "at")
			bad := slices.Clone(b)
			switch rapid.IntRange(0, 2).Draw(t, "change") {
			case 0:
				bad[at] = rapid.SampledFrom([]byte("{}[]\"\\,:0-.etn \n\x00\x1f\x80")).Draw(t, "byte")
			case 1:
				bad = bad[:at]
			case 2:
				bad = slices.Delete(bad, at, at+1)
			}
			from := Blanks(bad, 0)
			got, valid := Value(bad, from, deepest), json.Valid(bad)
			all := got >= 0 && Blanks(bad, got) == len(bad)
			if escapes := bytes.ContainsRune(bad, '\\'); all && (escapes || !valid) || !all && valid && !escapes {
				t.Fatalf("%d bytes of %d passed over in %q, which is valid: %v", got, len(bad), bad, valid)
			}
		}
	})
	// At the end of what was received as before it.
	for _, b := range []string{`"\"`, `"\"           `, "\"\x01\"", "\"\x01\"           "} {
		if got := Value([]byte(b), 0, deepest); got != -1 {
			t.Errorf("%d bytes of %q are passed over", got, b)
		}
	}
	for n, want := range map[int]bool{deepest: true, deepest + 1: false} {
		b := []byte(strings.Repeat(`[{"":`, n/2) + strings.Repeat(`[`, n%2) + "0" + strings.Repeat(`]`, n%2) + strings.Repeat(`}]`, n/2))
		if got := Value(b, 0, deepest) == len(b); got != want {
			t.Errorf("%d lists in each other are passed over: %v", n, got)
		}
	}
}

// TestNumbersAreSkippedWhole, and what is none is refused.
func TestNumbersAreSkippedWhole(t *testing.T) {
	for text, want := range map[string]int{
		"0": 1, "-0": 2, "10,": 2, "1.5}": 3, "1.50e+10 ": 8, "1E-2": 4, "2e5x": 3,
		"": -1, "-": -1, "+1": -1, "01": -1, "1.": -1, ".5": -1, "1e": -1, "1e+": -1, "x": -1,
	} {
		if got := number([]byte(text), 0); (got < 0) != (want < 0) || want >= 0 && got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}
