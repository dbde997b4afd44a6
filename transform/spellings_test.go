package transform

import (
	"testing"

	"pgregory.net/rapid"
)

// A name is found whatever else has its place, and only as it is spelled.
func TestSpellings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[ab]?[abé]{0,3}[ab]?`)
		s := spellings{all: make(map[string]*entry)}
		want := make(map[string]*entry)
		for _, n := range rapid.SliceOf(name).Draw(t, "names") {
			want[n] = new(entry)
			s.add(n, want[n])
		}
		for _, n := range rapid.SliceOf(name).Draw(t, "sought") {
			if got := s.find(n); got != want[n] {
				t.Fatalf("%q: found %v, want %v", n, got != nil, want[n] != nil)
			}
		}
		for n := range want {
			if s.find(n) != want[n] {
				t.Fatalf("%q: not found", n)
			}
		}
	})
}

func BenchmarkSpellings(b *testing.B) {
	m, err := defaultMapping()
	if err != nil {
		b.Fatal(err)
	}
	names := []string{"PageView", "page_view", "view_item", "Purchase", "add_to_cart", "Lead Submitted", "Signup", "first_open"}
	for i := 0; b.Loop(); i++ {
		m.spelled.find(names[i%len(names)])
	}
}
