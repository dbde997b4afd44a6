package avro

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestKeySet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		known := make(map[string]bool)
		var s keySet
		for _, n := range rapid.SliceOfN(rapid.IntRange(0, 60), 0, 120).Draw(t, "keys") {
			key := strings.Repeat("k", n%3) + fmt.Sprint(n)
			if s.add([]byte(key)) == known[key] {
				t.Fatalf("%q added after %v", key, known)
			}
			known[key] = true
		}
	})
}
