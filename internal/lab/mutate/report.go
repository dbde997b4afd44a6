package mutate

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// Figures is what happened to a package's mutants.
type Figures struct {
	Package    string `json:"package"`
	Mutants    int    `json:"mutants"` // that the operators find, compiling or not
	Tried      int    `json:"tried"`
	Killed     int    `json:"killed"` // those that timed out among them
	Survived   int    `json:"survived"`
	Equivalent int    `json:"equivalent"`
}

// Score returns how many in a hundred of those that a test could notice were killed.
func (f Figures) Score() float64 {
	if f.Killed+f.Survived == 0 {
		return 100
	}
	return 100 * float64(f.Killed) / float64(f.Killed+f.Survived)
}

// Report is the result of a run.
type Report struct {
	Seed     uint64    `json:"seed"`
	Packages []Figures `json:"packages"`
	Total    Figures   `json:"total"`
	Results  []Result  `json:"results"`
}

// NewReport counts the results. All are the mutants that there are.
func NewReport(seed uint64, all []*Mutant, results []Result) Report {
	by := make(map[string]*Figures)
	of := func(pkg string) *Figures {
		if by[pkg] == nil {
			by[pkg] = &Figures{Package: pkg}
		}
		return by[pkg]
	}
	total := Figures{Package: "total"}
	for _, m := range all {
		of(m.Package).Mutants++
		total.Mutants++
	}
	for _, r := range results {
		for _, f := range []*Figures{of(r.Package), &total} {
			f.count(r.Outcome)
		}
	}
	rep := Report{Seed: seed, Results: results, Total: total}
	for _, f := range by {
		rep.Packages = append(rep.Packages, *f)
	}
	slices.SortFunc(rep.Packages, func(a, b Figures) int { return cmp.Compare(a.Package, b.Package) })
	return rep
}

func (f *Figures) count(outcome string) {
	if outcome == Unbuilt {
		return
	}
	f.Tried++
	switch outcome {
	case Killed, TimedOut:
		f.Killed++
	case Survived, Uncovered:
		f.Survived++
	case Equal:
		f.Equivalent++
	}
}

// Print writes the survivors and a table of the packages.
func (r Report) Print(w io.Writer) error {
	for _, res := range r.Results {
		if res.Outcome == Survived || res.Outcome == Uncovered {
			fmt.Fprint(w, Line(res))
		}
	}
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tab, "\npackage\tmutants\ttried\tkilled\tsurvived\tequivalent\tscore\t")
	for _, f := range append(slices.Clone(r.Packages), r.Total) {
		fmt.Fprintf(tab, "%s\t%d\t%d\t%d\t%d\t%d\t%.0f\t\n", f.Package, f.Mutants, f.Tried, f.Killed, f.Survived, f.Equivalent, f.Score())
	}
	return tab.Flush()
}

// Line shows a result, with the diff of one that survived.
func Line(r Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-10s %s:%d %s (%s, %.1fs) %s\n", r.Outcome, r.File, r.Line, r.Func, r.Op, r.Seconds, r.By)
	for line := range strings.Lines(r.Diff) {
		b.WriteString("    " + line)
	}
	return b.String()
}
