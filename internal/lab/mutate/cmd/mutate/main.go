package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/tracklayer/amazon-capi/internal/lab/mutate"
)

// Exit codes: 0 enough were killed, 1 not enough, 2 the run could not be made.
const (
	exitSurvivors = 1
	exitNoRun     = 2
)

type options struct {
	gocmd, tags, args, with, out string
	sample                       int
	seed                         uint64
	least                        float64
	list                         bool
	patterns                     []string
}

func main() {
	var o options
	flag.StringVar(&o.gocmd, "go", "go", "the go command, with what to run it by, such as \"nice -n 10 go\"")
	flag.StringVar(&o.tags, "tags", "", "build tags of the tests")
	flag.StringVar(&o.args, "args", "-short", "further flags of the tests, with spaces between")
	flag.StringVar(&o.with, "with", "", "packages whose tests try what a package's own let live: room=tests, with commas between")
	flag.StringVar(&o.out, "json", "", "where to write the results as JSON")
	flag.IntVar(&o.sample, "sample", 50, "how many mutants to try, 0 for all")
	flag.Uint64Var(&o.seed, "seed", 1, "which to try")
	flag.Float64Var(&o.least, "least", 0, "fail if fewer in a hundred are killed")
	flag.BoolVar(&o.list, "list", false, "list the sample, and try none")
	flag.Parse()
	o.patterns = flag.Args()
	if len(o.patterns) == 0 || strings.TrimSpace(o.gocmd) == "" || o.sample < 0 || o.least < 0 || o.least > 100 {
		fmt.Fprintln(os.Stderr, "mutate: want packages, -sample of 0 or more, and -least from 0 to 100")
		os.Exit(exitNoRun)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	score, err := run(ctx, o)
	stop()
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(exitNoRun)
	case score < o.least:
		fmt.Fprintf(os.Stderr, "mutate: %.0f in 100 mutants were killed, want %.0f: write tests for the survivors, or argue in equivalents.yaml that they change nothing\n", score, o.least)
		os.Exit(exitSurvivors)
	}
}

func run(ctx context.Context, o options) (score float64, err error) {
	root, err := os.Getwd()
	if err != nil {
		return 0, err
	}
	gocmd := mutate.Go{Command: strings.Fields(o.gocmd), Dir: root, Tags: o.tags}
	pkgs, err := mutate.Load(ctx, gocmd, o.patterns...)
	if err != nil {
		return 0, err
	}
	var all []*mutate.Mutant
	for _, p := range pkgs {
		all = append(all, p.Mutants(root)...)
	}
	equivalents, err := mutate.Equivalents()
	if err != nil {
		return 0, err
	}
	mutate.Shuffle(all, o.seed)
	sample := mutate.Sample(pkgs, all, o.sample)
	if o.list {
		for _, m := range sample {
			fmt.Print(mutate.Line(mutate.Result{Mutant: m, Outcome: "listed", Diff: m.Diff()}))
		}
		return 100, nil
	}
	runner := mutate.Runner{Go: gocmd, Args: strings.Fields(o.args), Others: others(pkgs, o.with), Equivalents: equivalents,
		Said: func(r mutate.Result) { fmt.Fprint(os.Stderr, mutate.Line(r)) }}
	results, err := runner.Run(ctx, sample)
	report := mutate.NewReport(o.seed, all, results)
	if o.out != "" {
		b, err := json.MarshalIndent(report, "", "  ")
		if err != nil {
			return 0, err
		}
		if err := os.WriteFile(o.out, append(b, '\n'), 0o600); err != nil {
			return 0, err
		}
	}
	if err != nil {
		return 0, err
	}
	return report.Total.Score(), report.Print(os.Stdout)
}

// others reads pairs like consumer=consumer: rooms below the first are also tried by
// the tests of the second.
func others(pkgs []*mutate.Package, pairs string) map[string][]string {
	by := make(map[string][]string)
	for pair := range strings.SplitSeq(pairs, ",") {
		below, tests, ok := strings.Cut(pair, "=")
		for _, p := range pkgs {
			if ok && p.Name != tests && (p.Name == below || strings.HasPrefix(p.Name, below+"/")) {
				by[p.Name] = append(by[p.Name], tests)
			}
		}
	}
	return by
}
