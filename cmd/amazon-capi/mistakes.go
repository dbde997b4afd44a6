package main

import (
	"errors"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/internal/redact"
)

// flagMistake is an error of the flags' parser without a value that could be a
// secret: it may have been meant for another flag.
func flagMistake(err error) error {
	if wrong, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return &usageError{errors.New(without(err.Error(), wrong.GetValue()))}
	}
	if e, ok := errors.AsType[*pflag.NotExistError](err); ok && e.GetSpecifiedShortnames() != "" {
		return usagef("there is no flag of one letter but -h: want -- before a flag's name")
	}
	if e, ok := errors.AsType[*pflag.InvalidSyntaxError](err); ok {
		return &usageError{errors.New(without(err.Error(), e.GetSpecifiedFlag()))}
	}
	return &usageError{err}
}

// without returns a message with a value described that is in it, if it could be a
// secret.
func without(message, value string) string {
	shown := redact.Quote(value)
	if value == "" || shown == strconv.Quote(value) {
		return message
	}
	return strings.NewReplacer(strconv.Quote(value), shown, value, shown).Replace(message)
}

// printable is an error as it is printed: on as many lines as it has, each without
// what must not be shown. A mistake in the settings quotes what was given, which
// may have been meant for another.
func printable(err error) string {
	_, mistake := errors.AsType[*usageError](err)
	lines := strings.Split(err.Error(), "\n")
	for i, line := range lines {
		if mistake {
			line = redact.Quoted(line)
		}
		lines[i] = redact.Own(line)
	}
	return strings.Join(lines, "\n")
}
