package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/tracklayer/amazon-capi/internal/lab/chaos/audit"
	"github.com/tracklayer/amazon-capi/internal/lab/chaos/journal"
)

// Exit codes: a run that could not be judged is not one that failed.
const (
	exitHolds     = 0
	exitFailed    = 1
	exitNotJudged = 2
)

func main() {
	again := flag.Bool("again", false, "judge the facts of an earlier audit again, without Kafka")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: audit [flags] DIR\n\nDIR is the directory of a run. Prints a table, and writes "+journal.ReportFile+" there.\nExits 0 if all rules hold, 1 if not, 2 if it could not judge.")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(exitNotJudged)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	report, err := run(ctx, flag.Arg(0), *again)
	if err != nil {
		fmt.Fprintln(os.Stderr, "audit: "+err.Error())
		os.Exit(exitNotJudged)
	}
	report.Print(os.Stdout)
	if report.Failed() {
		os.Exit(exitFailed)
	}
	os.Exit(exitHolds)
}

func run(ctx context.Context, dir string, again bool) (*audit.Report, error) {
	facts, err := read(ctx, dir, again)
	if err != nil {
		return nil, err
	}
	report := audit.Judge(facts)
	b, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return nil, err
	}
	return report, os.WriteFile(filepath.Join(dir, journal.ReportFile), append(b, '\n'), 0o600)
}

func read(ctx context.Context, dir string, again bool) (*audit.Facts, error) {
	saved := filepath.Join(dir, journal.FactsFile)
	if again {
		facts, err := audit.Load(saved)
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%s was not audited before: %w", dir, err)
		}
		return facts, err
	}
	facts, err := audit.Gather(ctx, dir)
	if err != nil {
		return nil, err
	}
	return facts, facts.Save(saved)
}
