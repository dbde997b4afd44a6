package mutate

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// module writes a module of one package and returns its folder.
func module(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module example.test/m\n\ngo 1.26\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func load(t *testing.T, dir string) ([]*Package, []*Mutant) {
	t.Helper()
	pkgs, err := Load(t.Context(), Go{Command: []string{"go"}, Dir: dir}, "./...")
	if err != nil {
		t.Fatal(err)
	}
	var all []*Mutant
	for _, p := range pkgs {
		all = append(all, p.Mutants(dir)...)
	}
	return pkgs, all
}

const operators1 = `package p

import "errors"

var errNone = errors.New("none")

type point struct{ x, y int }

func (p *point) at(n int) (int, bool, error) {
	return 0, false, errors.New("no place")
}

func (p *point) move(a, b int, on bool) (int, error) {
	if on {
		p.x = a
	}
	for i := 0; i < b; i++ {
		p.add(p.x, i)
	}
	switch a {
	case 1, 2, 3:
		return p.x, nil
	}
	return a + b, errNone
}

func (p *point) add(x, y int) { _ = point{x: x, y: y} }
`

func TestOperators(t *testing.T) {
	pkgs, all := load(t, module(t, map[string]string{"p/p.go": operators1}))
	var got []string
	for _, m := range all {
		if !pkgs[0].compiles(m) {
			continue
		}
		squeeze := strings.NewReplacer("\n", " ", "\t", "")
		got = append(got, fmt.Sprintf("%d %s %s: %s => %s", m.Line, m.Func, m.Op, squeeze.Replace(m.Old), m.New))
	}
	want := []string{
		// Only whether it fails: callers do not look at what is beside an error.
		"10 (*point).at result: errors.New(\"no place\") => nil",
		"14 (*point).move drop: if on { p.x = a } => ",
		"14 (*point).move negate: on => !(on)",
		"15 (*point).move drop: p.x = a => ",
		"17 (*point).move negate: i < b => !(i < b)",
		"17 (*point).move constant: 0 => 1",
		"17 (*point).move boundary: < => <=",
		"18 (*point).move drop: p.add(p.x, i) => ",
		"18 (*point).move swap: p.x, i => i, p.x",
		"21 (*point).move case: 1,  => ",
		"21 (*point).move case: , 2 => ",
		"21 (*point).move case: , 3 => ",
		// Not 1 => 2 and 2 => 3: the compiler refuses a case that is there twice.
		"21 (*point).move constant: 3 => 4",
		"22 (*point).move result: p.x => 0",
		"24 (*point).move result: a + b => 0",
		"24 (*point).move result: errNone => nil",
		"24 (*point).move operator: + => -",
		"27 (*point).add field: x: x,  => ",
		"27 (*point).add field: , y: y => ",
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestTheSampleSurvivesEdits: code that moves, and new code beside it, leave the order
// of the rest and what identifies it.
func TestTheSampleSurvivesEdits(t *testing.T) {
	keys := func(text string) (keys []string) {
		_, all := load(t, module(t, map[string]string{"p/p.go": text}))
		Shuffle(all, 7)
		for _, m := range all {
			keys = append(keys, m.key())
		}
		return keys
	}
	before := keys(operators1)
	after := keys(strings.Replace(operators1, "type point", "func other(a int) bool { return a > 3 }\n\ntype point", 1))
	old := slices.DeleteFunc(slices.Clone(after), func(k string) bool { return !slices.Contains(before, k) })
	if diff := cmp.Diff(before, old); diff != "" || len(after) == len(before) {
		t.Errorf("%d mutants before and %d after; those of before (-before +after):\n%s", len(before), len(after), diff)
	}
	_, all := load(t, module(t, map[string]string{"p/p.go": operators1}))
	Shuffle(all, 8)
	if all[0].key() == before[0] && all[1].key() == before[1] && all[2].key() == before[2] {
		t.Error("another seed makes the same order")
	}
}

const toBeTested = `package p

// Most is tested at its boundary, Least is not, and Never by nobody.
func Most(n int) bool { return n < 10 }

func Least(n int) bool { return n > 10 }

func Never(n int) bool { return n < 3 }

func Count(n int) (sum int) {
	for i := 0; i < n; i++ {
		sum++
	}
	return sum
}
`

const itsTests = `package p

import "testing"

func TestMost(t *testing.T) {
	if Most(10) || !Most(9) {
		t.Error("boundary")
	}
}

func TestLeast(t *testing.T) {
	if Least(3) || !Least(30) {
		t.Error("no boundary")
	}
}

func TestCount(t *testing.T) {
	if Count(3) != 3 {
		t.Error("count")
	}
}
`

// TestRun: each outcome, with real tests of a small module.
func TestRun(t *testing.T) {
	dir := module(t, map[string]string{"p/p.go": toBeTested, "p/p_test.go": itsTests})
	_, all := load(t, dir)
	all = slices.DeleteFunc(all, func(m *Mutant) bool { return m.Op != "boundary" })
	r := Runner{Go: Go{Command: []string{"go"}, Dir: dir}, Args: []string{"-short"}}
	results, err := r.Run(t.Context(), all)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, res := range results {
		got[res.Func] = strings.TrimSpace(res.Outcome + " " + res.By)
	}
	want := map[string]string{"Most": "killed TestMost", "Least": "survived", "Never": "uncovered", "Count": "killed TestCount"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}

	r.Equivalents = []Equivalent{{Package: "p", Func: "Least", In: "func Least(n int) bool { return n > 10 }", Old: ">", New: ">=", Why: "for this test"}}
	again, err := r.Run(t.Context(), slices.DeleteFunc(slices.Clone(all), func(m *Mutant) bool { return m.Func != "Least" }))
	if err != nil || len(again) != 1 || again[0].Outcome != Equal {
		t.Errorf("%v, %v; want one that is argued to be equivalent", again, err)
	}
	total := NewReport(1, all, append(results, again...)).Total
	if want := (Figures{Package: "total", Mutants: 4, Tried: 5, Killed: 2, Survived: 2, Equivalent: 1}); total != want || total.Score() != 50 {
		t.Errorf("%+v, score %v; want %+v", total, total.Score(), want)
	}
}

func TestRunRefusesTestsThatFail(t *testing.T) {
	dir := module(t, map[string]string{"p/p.go": toBeTested, "p/p_test.go": strings.Replace(itsTests, "Count(3) != 3", "Count(3) != 4", 1)})
	_, all := load(t, dir)
	r := Runner{Go: Go{Command: []string{"go"}, Dir: dir}}
	if _, err := r.Run(t.Context(), all[:1]); err == nil || !strings.Contains(err.Error(), "fail without a mutant") {
		t.Errorf("%v, want that the tests fail without a mutant", err)
	}
}

// TestEquivalentsAreOfTheCode: what equivalents.yaml argues about is there. An entry
// that matches nothing is about code that has changed, and has to be argued again.
func TestEquivalentsAreOfTheCode(t *testing.T) {
	list, err := Equivalents()
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	var patterns []string
	for _, e := range list {
		patterns = append(patterns, "./"+e.Package)
	}
	if len(patterns) == 0 {
		return
	}
	slices.Sort(patterns)
	pkgs, err := Load(t.Context(), Go{Command: []string{"go"}, Dir: root, Tags: "synctests"}, slices.Compact(patterns)...)
	if err != nil {
		t.Fatal(err)
	}
	var all []*Mutant
	for _, p := range pkgs {
		all = append(all, p.Mutants(root)...)
	}
	for _, e := range Unused(list, all) {
		t.Errorf("%s %s: no mutant is made of %q (%q to %q): remove the entry, or argue it of the code as it is", e.Package, e.Func, e.In, e.Old, e.New)
	}
}

func TestEquivalentsHaveReasons(t *testing.T) {
	for _, text := range []string{"- {package: p, in: x}", "- {package: p, why: y}", "- {in: x, why: y}", "{"} {
		if _, err := parseEquivalents([]byte(text)); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}
