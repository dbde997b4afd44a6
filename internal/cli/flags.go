package cli

import (
	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/internal/health"
)

// LogFlags say what is logged, and how.
type LogFlags struct{ Format, Level string }

// Register adds the flags.
func (f *LogFlags) Register(flags *pflag.FlagSet, format string) {
	flags.StringVar(&f.Format, "log-format", format, "log lines as "+health.LogFormats)
	flags.StringVar(&f.Level, "log-level", "info", "least level to log: trace, debug, info, warn, error or disabled")
}

// Logger returns the command's logger, which from then on also reports what libraries write to Go's.
func (f *LogFlags) Logger(p *Process) (zerolog.Logger, error) {
	log, err := health.NewLogger(p.Stderr, f.Format, f.Level)
	if err == nil && p.StandardLog != nil {
		p.StandardLog.To(log)
	}
	return log, AsUsage(err)
}

// Quietly raises the log level to warnings, for commands that print their results.
func Quietly(flags *pflag.FlagSet, f *LogFlags) {
	flags.Lookup("log-level").DefValue = "warn"
	f.Level = "warn"
}

// AllFlags returns every flag of every command: a shared environment or file may hold settings of
// other commands, but no unknown names.
func AllFlags(root *cobra.Command) map[string]bool {
	names := make(map[string]bool)
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		add := func(f *pflag.Flag) { names[f.Name] = true }
		c.Flags().VisitAll(add)
		c.PersistentFlags().VisitAll(add)
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(root)
	return names
}
