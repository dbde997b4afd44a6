package mutate

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
)

// A Mutant is one edit of one file.
type Mutant struct {
	Package string `json:"package"` // without the module's path
	File    string `json:"file"`    // below the module's root
	Line    int    `json:"line"`
	Func    string `json:"func"` // such as (*Lane).add; empty outside functions
	Op      string `json:"op"`
	In      string `json:"in"`  // the line of code that the edit begins in
	Old     string `json:"old"` // what the edit replaces
	New     string `json:"new"`

	path       string
	src        []byte
	start, end int
	nth        int // which of those that are otherwise alike, from 0
}

// key is what identifies the mutant as the code around it changes.
func (m *Mutant) key() string {
	return strings.Join([]string{m.Package, m.Func, m.Op, m.In, m.Old, m.New, fmt.Sprint(m.nth)}, "\x00")
}

func (m *Mutant) apply() []byte {
	return slices.Concat(m.src[:m.start], []byte(m.New), m.src[m.end:])
}

// Diff shows the lines that the edit changes, without and with it.
func (m *Mutant) Diff() string {
	from, to := m.start, m.end
	for from > 0 && m.src[from-1] != '\n' {
		from--
	}
	for to < len(m.src) && m.src[to] != '\n' {
		to++
	}
	var b strings.Builder
	lines := func(sign, text string) {
		for line := range strings.Lines(text + "\n") {
			if strings.TrimSpace(line) != "" {
				b.WriteString(sign + line)
			}
		}
	}
	lines("-", string(m.src[from:to]))
	lines("+", string(m.src[from:m.start])+m.New+string(m.src[m.end:to]))
	return b.String()
}

// number tells mutants that are otherwise alike apart.
func number(mutants []*Mutant) {
	seen := make(map[string]int)
	for _, m := range mutants {
		key := m.key()
		m.nth = seen[key]
		seen[key]++
	}
}

// Shuffle sorts the mutants into an order that the seed decides. Each one's place
// depends on itself alone, so that an edit elsewhere leaves the order of the others.
func Shuffle(mutants []*Mutant, seed uint64) {
	rank := make(map[*Mutant]uint64, len(mutants))
	for _, m := range mutants {
		h := fnv.New64a()
		fmt.Fprintf(h, "%d\x00%s", seed, m.key())
		rank[m] = mix(h.Sum64())
	}
	slices.SortFunc(mutants, func(a, b *Mutant) int {
		if rank[a] < rank[b] {
			return -1
		}
		return 1
	})
}

// mix spreads what FNV leaves alike in texts that differ in their last byte only.
func mix(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	return x ^ x>>33
}

// Sample returns the first n mutants in their order that compile, or all if n is 0.
func Sample(pkgs []*Package, mutants []*Mutant, n int) []*Mutant {
	byName := make(map[string]*Package, len(pkgs))
	for _, p := range pkgs {
		byName[p.Name] = p
	}
	var sample []*Mutant
	for _, m := range mutants {
		if n > 0 && len(sample) == n {
			break
		}
		if byName[m.Package].compiles(m) {
			sample = append(sample, m)
		}
	}
	return sample
}
