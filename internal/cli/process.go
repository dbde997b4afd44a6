package cli

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/tracklayer/amazon-capi/internal/health"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/screen"
	"github.com/tracklayer/amazon-capi/internal/setting"
)

// Process is the environment of a command, so that tests run commands without starting processes.
type Process struct {
	Name    string // that it was started by; empty for the program's own
	Args    []string
	Environ []string
	Stdin   io.Reader
	Stdout  io.Writer
	Stderr  io.Writer
	// Terminal reports whether one of the streams is a terminal; nil checks it.
	Terminal func(stream any) bool
	// StandardLog is Go's standard logger, taken over; nil in tests, which share it.
	StandardLog *health.StandardLog
	// Looks say how text for people is printed.
	Looks Looks

	screen *screen.Screen // nil until something is printed on it
	pager  *screen.Pager  // nil without one

	progress *report.Progress // of the work that is done now
}

// Usagef returns a mistake of the caller: in flags, environment or files.
func Usagef(format string, args ...any) error { return setting.Mistakef(format, args...) }

// AsUsage makes an error a mistake of the caller.
func AsUsage(err error) error { return setting.Mistaken(err) }

// NoArgs refuses arguments that a command does not take; cobra's own check would not say which.
func NoArgs(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) > 0 && cmd.HasSubCommands():
		return noCommand(cmd, args[0])
	case len(args) > 0:
		return Usagef("%s takes no argument, but got %s", cmd.CommandPath(), redact.Quote(args[0]))
	}
	return nil
}
