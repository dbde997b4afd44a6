package ascii

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// every calls f with each byte at each place of texts of each length up to a few
// words, among bytes of which some are next to those that matter.
func every(f func(s string)) {
	for n := range 34 {
		for _, fill := range []string{"a", " ", "!", "~", "#", "[", "]", "0"} {
			text := []byte(strings.Repeat(fill, n))
			f(string(text))
			for at := range text {
				for c := range 256 {
					text[at] = byte(c)
					f(string(text))
				}
				text[at] = fill[0]
			}
		}
	}
}

// texts are of any bytes, most of them ASCII: one byte's answer must not be
// changed by those beside it.
func texts() *rapid.Generator[string] {
	one := rapid.OneOf(rapid.ByteRange(0, 0x7f), rapid.ByteRange(' ', '~'), rapid.ByteRange(' ', '~'), rapid.Byte())
	return rapid.Map(rapid.SliceOfN(one, -1, 40), func(b []byte) string { return string(b) })
}

func only(s string) bool { return within(s, 0, 0x7f) }

func within(s string, lo, hi byte) bool {
	for i := range len(s) {
		if s[i] < lo || s[i] > hi {
			return false
		}
	}
	return true
}

func quotable(s string) bool { return within(s, ' ', 0x7f) && !strings.ContainsAny(s, `"\`) }

type fatal interface {
	Helper()
	Fatalf(string, ...any)
}

func check(t fatal, s string) {
	t.Helper()
	if got, want := Only(s), only(s); got != want {
		t.Fatalf("Only(%q) = %v", s, got)
	}
	if got, want := Quotable(s), quotable(s); got != want {
		t.Fatalf("Quotable(%q) = %v", s, got)
	}
	for _, r := range [][2]byte{{' ', '~'}, {'!', '~'}, {0, 0x7f}, {'0', '9'}, {'a', 'a'}, {0x7f, 0x7f}, {0, 0}} {
		if got, want := Within(s, r[0], r[1]), within(s, r[0], r[1]); got != want {
			t.Fatalf("Within(%q, %q, %q) = %v", s, r[0], r[1], got)
		}
	}
}

func TestEachByteAtEachPlace(t *testing.T) { every(func(s string) { check(t, s) }) }

func TestAnyText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { check(t, texts().Draw(t, "text")) })
}

func FuzzASCII(f *testing.F) {
	for _, s := range []string{"", "a", "ab", "order-10492", "\"", "a\\", "\x1f", "\x7f", "\x80", "für", strings.Repeat("x", 100) + "\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { check(t, s) })
}

func Benchmark(b *testing.B) {
	for _, n := range []int{2, 5, 10, 28, 64} {
		s := strings.Repeat("x", n)
		for _, q := range []struct {
			name string
			of   func(string) bool
		}{
			{"Only", Only},
			{"Within", func(s string) bool { return Within(s, '!', '~') }},
			{"Quotable", Quotable},
		} {
			b.Run(fmt.Sprintf("%s/%d", q.name, n), func(b *testing.B) {
				for b.Loop() {
					if !q.of(s) {
						b.Fatal(s)
					}
				}
			})
		}
	}
}
