package testkit

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestSearch holds it to strings.Contains, on an alphabet so small that patterns
// begin alike, overlap and are found often.
func TestSearch(t *testing.T) {
	word := rapid.StringOfN(rapid.SampledFrom([]rune("abé")), 0, 10, -1)
	rapid.Check(t, func(t *rapid.T) {
		patterns := rapid.SliceOfN(word, 0, 6).Draw(t, "patterns")
		text := rapid.StringOfN(rapid.SampledFrom([]rune("abé")), 0, 60, -1).Draw(t, "text")
		contains := func(p string) bool { return p != "" && strings.Contains(text, p) }
		got := NewSearch(patterns).First(text)
		switch {
		case got < 0 && slices.ContainsFunc(patterns, contains):
			t.Fatalf("none found of %q in %q", patterns, text)
		case got >= 0 && !contains(patterns[got]):
			t.Fatalf("%q found in %q", patterns[got], text)
		}
	})
}
