package cli

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/internal/config"
	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
)

// FlagMistake is an error of the flag parser without a value that could be a secret: it may have been
// meant for another flag.
func FlagMistake(err error) error {
	if wrong, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return setting.Mistaken(errors.New(config.Without(err.Error(), wrong.GetValue())))
	}
	if e, ok := errors.AsType[*pflag.NotExistError](err); ok && e.GetSpecifiedShortnames() != "" {
		return Usagef("there is no flag of one letter but -h and -X: want -- before a flag's name")
	}
	if e, ok := errors.AsType[*pflag.NotExistError](err); ok && !isFlagName(e.GetSpecifiedName()) {
		return Usagef("unknown flag: a name of %s, which no flag has: want a blank or = between a flag and its value", count.Of(utf8.RuneCountInString(e.GetSpecifiedName()), "character"))
	}
	if e, ok := errors.AsType[*pflag.InvalidSyntaxError](err); ok {
		return setting.Mistaken(errors.New(config.Without(err.Error(), e.GetSpecifiedFlag())))
	}
	return setting.Mistaken(err)
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
