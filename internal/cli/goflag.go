package cli

import "github.com/spf13/pflag"

// GoFlag decides whether a command acts. Everything that sends events or moves offsets has it, and
// does nothing without: a question that is asked on terminals only is no protection in a pipe or a
// job, and a forgotten flag must cost nothing.
type GoFlag struct{ Act, dryRun bool }

// Register adds --go, with its description.
func (f *GoFlag) Register(flags *pflag.FlagSet, does string) {
	flags.BoolVar(&f.Act, "go", false, does+"; without it this is a dry run")
	flags.BoolVar(&f.dryRun, "dry-run", false, "only say what --go would do (the default)")
}

// Check refuses two answers to one question.
func (f *GoFlag) Check() error {
	if f.Act && f.dryRun {
		return Usagef("--go and --dry-run are both set: want one of them")
	}
	return nil
}
