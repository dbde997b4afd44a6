package config

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/internal/textfile"
)

const (
	fileSuffix   = "-file"
	betterInFile = "; better in a file or the environment, where other users cannot see it"
)

// Secret is a setting that must never be shown: it has no String that reveals it, can be
// read from a file, and does not appear as a default in help.
type Secret struct {
	Key         setting.Key
	value, path string
}

// Register adds the flag key and the flag that names its file.
func (s *Secret) Register(flags *pflag.FlagSet, key setting.Key, usage string) {
	s.Key = key
	flags.Var((*secretValue)(s), string(key), usage+betterInFile)
	flags.StringVar(&s.path, string(key.File()), "", "file that holds "+key.String())
}

// IsSet reports whether the secret or its file is given.
func (s *Secret) IsSet() bool { return s.value != "" || s.path != "" }

// FromFile reports whether a file holds the secret.
func (s *Secret) FromFile() bool { return s.path != "" }

// Revealed returns the value of a flag that is a secret.
func Revealed(v pflag.Value) (secret string, ok bool) {
	s, ok := v.(*secretValue)
	if !ok {
		return "", false
	}
	return s.value, true
}

type secretValue Secret

func (s *secretValue) Set(v string) error { s.value = v; redact.Secret(v); return nil }
func (s *secretValue) Type() string       { return "secret" }
func (s *secretValue) String() string {
	if s.value == "" {
		return ""
	}
	return "(hidden)"
}

// Read returns the secret, from its file if one is named. A file that others on the
// machine may read causes a warning: that is how secrets leak most often.
func (s *Secret) Read(warn io.Writer) (string, error) {
	if s.path == "" {
		return strings.TrimPrefix(s.value, textfile.Mark), nil
	}
	file := s.Key.File()
	info, err := os.Stat(s.path)
	if err != nil {
		return "", file.Wrap(redact.File(err))
	}
	if info.Mode().IsRegular() && info.Mode().Perm()&0o007 != 0 {
		fmt.Fprintf(warn, "amazon-capi: warning: %s: %s may be read by everybody on this machine (mode %04o); chmod o= it\n",
			file, s.path, info.Mode().Perm())
	}
	b, err := textfile.Read(s.path)
	if err != nil {
		return "", file.Wrap(redact.File(err))
	}
	v := strings.TrimSpace(string(b))
	if v == "" {
		return "", file.Mistakef("%s is empty", s.path)
	}
	if strings.ContainsAny(v, "\r\n") {
		return "", file.Mistakef("%s has several lines, want the secret alone", s.path)
	}
	redact.Secret(v)
	return v, nil
}
