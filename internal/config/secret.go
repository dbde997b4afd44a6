//go:build ignore

package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/textfile"
)

const fileSuffix = "-file"

// secret is a setting that must never be shown: it has no String that tells it,
// can be read from a file, and does not appear as a default in --help.
type secret struct{ value, path string }

// secretFlag adds NAME and NAME-file.
func secretFlag(flags *pflag.FlagSet, s *secret, name, usage string) {
	flags.Var((*secretValue)(s), name, usage+"; better in a file or the environment, where other users cannot see it")
	flags.StringVar(&s.path, name+fileSuffix, "", "file that holds --"+name)
}

type secretValue secret

func (s *secretValue) Set(v string) error { s.value = v; redact.Secret(v); return nil }
func (s *secretValue) Type() string       { return "secret" }
func (s *secretValue) String() string {
	if s.value == "" {
		return ""
	}
	return "(hidden)"
}

// read returns the secret, from its file if one is named. A file that others on
// the machine may read gets a warning: it is how secrets leak most often.
func (s *secret) read(name string, warn io.Writer) (string, error) {
	if s.path == "" {
		return strings.TrimPrefix(s.value, textfile.Mark), nil
	}
	info, err := os.Stat(s.path)
	if err != nil {
		return "", usagef("--%s%s: %w", name, fileSuffix, redact.File(err))
	}
	if info.Mode().IsRegular() && info.Mode().Perm()&0o007 != 0 {
		fmt.Fprintf(warn, "amazon-capi: warning: --%s%s: %s may be read by everybody on this machine (mode %04o); chmod o= it\n",
			name, fileSuffix, s.path, info.Mode().Perm())
	}
	b, err := textfile.Read(s.path)
	if err != nil {
		return "", usagef("--%s%s: %w", name, fileSuffix, redact.File(err))
	}
	v := strings.TrimSpace(string(b))
	if v == "" {
		return "", usagef("--%s%s: %s is empty", name, fileSuffix, s.path)
	}
	if strings.ContainsAny(v, "\r\n") {
		return "", usagef("--%s%s: %s has several lines, want the secret alone", name, fileSuffix, s.path)
	}
	redact.Secret(v)
	return v, nil
}
