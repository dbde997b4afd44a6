package main

import (
	"github.com/rs/zerolog"
	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/internal/health"
)

// logFlags say what is logged, and how.
type logFlags struct{ format, level string }

func (f *logFlags) register(flags *pflag.FlagSet, format string) {
	flags.StringVar(&f.format, "log-format", format, "log lines as "+health.LogFormats)
	flags.StringVar(&f.level, "log-level", "info", "least level to log: trace, debug, info, warn, error or disabled")
}

// logger returns the command's logger, which from then on also reports what libraries write to Go's.
func (f *logFlags) logger(p *process) (zerolog.Logger, error) {
	log, err := health.NewLogger(p.stderr, f.format, f.level)
	if err == nil && p.standardLog != nil {
		p.standardLog.To(log)
	}
	return log, asUsage(err)
}

// quietly raises the log level to warnings, for commands that print their results.
func quietly(flags *pflag.FlagSet, f *logFlags) {
	flags.Lookup("log-level").DefValue = "warn"
	f.level = "warn"
}
