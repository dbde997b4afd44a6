package cli

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/internal/config"
	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/near"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
)

// FlagMistake is an error of the flag parser without a value that could be a secret: it may have been
// meant for another flag. Of a flag that does not exist it says which was perhaps meant, and which
// commands have it.
func FlagMistake(cmd *cobra.Command, err error) error {
	if wrong, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return setting.Mistaken(errors.New(config.Without(err.Error(), wrong.GetValue())))
	}
	if e, ok := errors.AsType[*pflag.NotExistError](err); ok && e.GetSpecifiedShortnames() != "" {
		return Usagef("there is no flag of one letter but -h and -X: want -- before a flag's name")
	}
	if e, ok := errors.AsType[*pflag.NotExistError](err); ok && !isFlagName(e.GetSpecifiedName()) {
		return Usagef("unknown flag: a name of %s, which no flag has: want a blank or = between a flag and its value", count.Of(utf8.RuneCountInString(e.GetSpecifiedName()), "character"))
	}
	if e, ok := errors.AsType[*pflag.NotExistError](err); ok {
		return Usagef("unknown flag: --%s%s", e.GetSpecifiedName(), insteadOfFlag(cmd, e.GetSpecifiedName()))
	}
	if e, ok := errors.AsType[*pflag.InvalidSyntaxError](err); ok {
		return setting.Mistaken(errors.New(config.Without(err.Error(), e.GetSpecifiedFlag())))
	}
	return setting.Mistaken(err)
}

// insteadOfFlag suggests another flag of the command, or the commands that have this one.
func insteadOfFlag(cmd *cobra.Command, name string) string {
	var flags, commands []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { flags = append(flags, f.Name) })
	meant := func(best string) string { return fmt.Sprintf("; did you mean --%s?", best) }
	if best := near.Name(name, slices.Values(flags), 1); best != "" {
		return meant(best)
	}
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Flags().Lookup(name) != nil {
			commands = append(commands, strings.TrimPrefix(c.CommandPath(), c.Root().Name()+" "))
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	if walk(cmd.Root()); len(commands) > 0 {
		return fmt.Sprintf("; %s has none, these have: %s", cmd.CommandPath(), strings.Join(commands[:min(len(commands), 5)], ", "))
	}
	if best := near.Name(name, slices.Values(flags), 2); best != "" && len(name) > 4 {
		return meant(best)
	}
	for _, f := range flags { // a part of a name is what people remember of it
		if len(name) >= 3 && strings.Contains(f, name) {
			return meant(f)
		}
	}
	return ""
}

// noCommand is the mistake of naming a command that does not exist.
func noCommand(cmd *cobra.Command, name string) error {
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(append(names, c.Name()), c.Aliases...)
		}
	}
	instead := ""
	if best := near.Name(name, slices.Values(names), max(2, len(name)/3)); best != "" {
		instead = fmt.Sprintf("; did you mean %q?", cmd.CommandPath()+" "+best)
	} else if cmd.HasParent() {
		instead = "; there are: " + strings.Join(names, ", ")
	}
	of := ""
	if cmd.HasParent() {
		of = " of " + cmd.CommandPath()
	}
	return Usagef("there is no command %s%s%s", redact.Quote(name), of, instead)
}

// isFlagName reports whether a flag could have this name, misspelled perhaps. What else
// stands behind -- may be a secret with its flag's name before it, or without.
func isFlagName(name string) bool {
	return name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == "" && redact.Quote(name) == strconv.Quote(name)
}

// Printable returns an error in printed form: each of its lines without what must not be shown. A
// mistake in the settings quotes what was given, which may have been meant for another.
func Printable(err error) string {
	_, mistake := errors.AsType[*setting.Mistake](err)
	lines := strings.Split(err.Error(), "\n")
	for i, line := range lines {
		if mistake {
			line = redact.Quoted(line)
		}
		lines[i] = redact.Own(line)
	}
	return strings.Join(lines, "\n")
}
