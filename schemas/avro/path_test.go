package avro

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestJoinedPathsAsARule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfN(rapid.OneOf(rapid.StringMatching(`[a-z_é…]{1,40}`), rapid.StringMatching(`[a-zé]{100,600}`)), 1, 100).Draw(t, "names")
		path := ""
		for _, n := range names {
			path = joinPath(n, path)
			if len(path) > maxPath || !utf8.ValidString(path) || path == "" {
				t.Fatalf("%q has %d bytes", path, len(path))
			}
		}
		if whole := reversed(names); len(whole) <= maxPathName && path != whole {
			t.Fatalf("%q, want %q", path, whole)
		}
	})
}

func reversed(names []string) string {
	var b strings.Builder
	for i, name := range slices.Backward(names) {
		b.WriteString(name)
		if i > 0 {
			b.WriteByte('.')
		}
	}
	return b.String()
}
