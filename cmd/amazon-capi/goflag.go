package main

import "github.com/spf13/pflag"

// goFlag decides whether a command acts. Everything that sends events or moves offsets has it, and
// does nothing without: a question that is asked on terminals only is no protection in a pipe or a
// job, and a forgotten flag must cost nothing.
type goFlag struct{ act, dryRun bool }

// register adds --go, with its description.
func (f *goFlag) register(flags *pflag.FlagSet, does string) {
	flags.BoolVar(&f.act, "go", false, does+"; without it this is a dry run")
	flags.BoolVar(&f.dryRun, "dry-run", false, "only say what --go would do (the default)")
}

// check refuses two answers to one question.
func (f *goFlag) check() error {
	if f.act && f.dryRun {
		return usagef("--go and --dry-run are both set: want one of them")
	}
	return nil
}
