package main

import (
	"io"

	"github.com/spf13/cobra"
	"github.com/tracklayer/amazon-capi/internal/health"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
)

// process is the environment of a command, so that tests run commands without starting processes.
type process struct {
	name    string // that it was started by; empty for the program's own
	args    []string
	environ []string
	stdin   io.Reader
	stdout  io.Writer
	stderr  io.Writer
	// terminal reports whether one of the streams is a terminal; nil checks it.
	terminal func(stream any) bool
	// standardLog is Go's standard logger, taken over; nil in tests, which share it.
	standardLog *health.StandardLog
}

// usagef returns a mistake of the caller: in flags, environment or files.
func usagef(format string, args ...any) error { return setting.Mistakef(format, args...) }

func asUsage(err error) error { return setting.Mistaken(err) }

// noArgs refuses arguments that a command does not take; cobra's own check would not say which.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("%s takes no argument, but got %s", cmd.CommandPath(), redact.Quote(args[0]))
	}
	return nil
}
