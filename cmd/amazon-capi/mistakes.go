package main

import (
	"errors"
	"strings"

	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/internal/config"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
)

// flagMistake is an error of the flag parser without a value that could be a secret: it may have been
// meant for another flag.
func flagMistake(err error) error {
	if wrong, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return setting.Mistaken(errors.New(config.Without(err.Error(), wrong.GetValue())))
	}
	if e, ok := errors.AsType[*pflag.NotExistError](err); ok && e.GetSpecifiedShortnames() != "" {
		return usagef("there is no flag of one letter but -h and -X: want -- before a flag's name")
	}
	if e, ok := errors.AsType[*pflag.InvalidSyntaxError](err); ok {
		return setting.Mistaken(errors.New(config.Without(err.Error(), e.GetSpecifiedFlag())))
	}
	return setting.Mistaken(err)
}

// printable returns an error in printed form: each of its lines without what must not be shown. A
// mistake in the settings quotes what was given, which may have been meant for another.
func printable(err error) string {
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
