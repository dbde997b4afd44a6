package slicepool

import (
	"fmt"
	"maps"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// What is made is as large as was asked for and at most a quarter larger, and what
// comes back is lent again to whoever wants that much or half of it, but to one at
// a time.
func TestSlicesAreLentAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s Slices[int]
		lent := map[*int]bool{}
		var out [][]int
		known := map[*int]bool{}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			if len(out) > 0 && rapid.Bool().Draw(t, "back") {
				i := rapid.IntRange(0, len(out)-1).Draw(t, "which")
				delete(lent, &out[i][:1][0])
				s.Put(out[i])
				out = append(out[:i], out[i+1:]...)
				continue
			}
			n := rapid.IntRange(0, 3000).Draw(t, "n")
			got := s.Get(n)
			at := &got[:1][0]
			most := max(n+(n+3)/4, 4)
			if known[at] {
				most *= 2
			}
			if len(got) != 0 || cap(got) < n || cap(got) > most {
				t.Fatalf("%d of %d for %d", len(got), cap(got), n)
			}
			if lent[at] {
				t.Fatal("lent to two")
			}
			lent[at], known[at] = true, true
			out = append(out, got)
		}
		for _, o := range out {
			n := cap(o)
			s.Put(o)
			if again := s.Get(n); &again[:1][0] != &o[:1][0] {
				t.Fatalf("another one of %d was made", n)
			}
		}
	})
}

// A slice that somebody else made is lent only to those whose wish it fulfils.
func TestSlicesOfOthers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s Slices[byte]
		s.Put(make([]byte, rapid.IntRange(0, 200).Draw(t, "has")))
		n := rapid.IntRange(0, 200).Draw(t, "wants")
		if got := s.Get(n); cap(got) < n {
			t.Fatalf("%d for %d", cap(got), n)
		}
	})
	s := Slices[byte]{Most: 100}
	s.Put(make([]byte, 0, 112))
	if got := s.Get(112); cap(got) != 112 || len(s.sizes) == 0 || s.Kept() != 0 {
		t.Errorf("what is too large was kept")
	}
}

func TestGrow(t *testing.T) {
	var s Slices[string]
	var all []string
	for i := range 1000 {
		all = append(s.Grow(all, 1), fmt.Sprint(i))
	}
	for i, text := range all {
		if text != fmt.Sprint(i) {
			t.Fatalf("%q at %d", text, i)
		}
	}
	for i := range s.sizes {
		for _, f := range s.sizes[i].free {
			for _, text := range f[:cap(f)] {
				if text != "" {
					t.Fatal("a spare slice holds what was in it")
				}
			}
		}
	}
	if s.Kept() == 0 {
		t.Error("what was outgrown was not kept")
	}
	was := s.Kept()
	if same := s.Grow(all, cap(all)-len(all)); s.Kept() != was || &same[0] != &all[0] {
		t.Error("what had room was replaced")
	}
}

// What was needed at any time since the last Trim stays.
func TestTrim(t *testing.T) {
	var s Slices[byte]
	use := func(n int) {
		var lent [][]byte
		for range n {
			lent = append(lent, s.Get(100))
		}
		for _, b := range lent {
			s.Put(b)
		}
	}
	use(10)
	s.Trim()
	if s.Kept() != 10 {
		t.Fatalf("%d kept of 10 that were just made", s.Kept())
	}
	use(3)
	s.Trim()
	if s.Kept() != 3 {
		t.Fatalf("%d kept, want the 3 that were in use together", s.Kept())
	}
	s.Trim()
	if s.Kept() != 0 {
		t.Fatalf("%d kept that nobody used", s.Kept())
	}
	use(2)
	if s.Kept() != 2 {
		t.Fatalf("%d kept after that", s.Kept())
	}
}

// However slices of all sizes come back, no more of them is kept than is allowed,
// and what is kept is what is counted.
func TestUnusedIsBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Slices[byte]{Unused: rapid.IntRange(1, 5000).Draw(t, "unused")}
		var lent [][]byte
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			switch rapid.IntRange(0, 6).Draw(t, "what") {
			case 0:
				s.Trim()
			case 1, 2, 3:
				lent = append(lent, s.Get(rapid.IntRange(0, 3000).Draw(t, "n")))
			default:
				if len(lent) > 0 {
					s.Put(lent[0])
					lent = lent[1:]
				}
			}
			kept := 0
			for i := range s.sizes {
				for _, f := range s.sizes[i].free {
					kept += cap(f)
				}
			}
			if kept != s.unused || kept > s.Unused {
				t.Fatalf("%d are kept and %d counted, at most %d allowed", kept, s.unused, s.Unused)
			}
		}
	})
}

// When there are too many, each size gives up one in its turn: else one of them
// would have to be made again each time.
func TestEachSizeGivesUpOne(t *testing.T) {
	s := Slices[byte]{Unused: 4 * (1024 + 2048 + 4096)}
	for range 4 {
		for _, size := range []int{1024, 2048, 4096} {
			s.Put(make([]byte, 0, size))
		}
	}
	for range 4 {
		s.Put(make([]byte, 0, 1024))
	}
	kept := map[int]int{}
	for i := range s.sizes {
		for _, f := range s.sizes[i].free {
			kept[cap(f)]++
		}
	}
	if want := map[int]int{1024: 4 + 4 - 1, 2048: 3, 4096: 3}; !maps.Equal(kept, want) {
		t.Errorf("kept of each size: %v, want %v", kept, want)
	}
}

func TestOneTooLargePushesNoneOut(t *testing.T) {
	s := Slices[byte]{Unused: 4096}
	s.Put(make([]byte, 0, 1024))
	s.Put(make([]byte, 0, 5120))
	if s.Kept() != 1 {
		t.Errorf("%d kept, want the one that was there", s.Kept())
	}
}

func TestConcurrentUse(t *testing.T) {
	var s Slices[int]
	var wg sync.WaitGroup
	for who := range 4 {
		wg.Go(func() {
			for i := range 2000 {
				b := append(s.Get(i%50), who)
				b[0]++
				if b[0] != who+1 {
					t.Error("somebody else's")
				}
				s.Put(b)
				if i%100 == 0 {
					s.Trim()
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkGetPut(b *testing.B) {
	var s Slices[byte]
	b.ReportAllocs()
	for b.Loop() {
		s.Put(s.Get(16 << 10))
	}
}
