package config

import (
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/internal/kafka/stores"
	"github.com/tracklayer/amazon-capi/internal/setting"
)

// Given are the settings of a command as flags, environment and files gave them, for code that
// completes them and writes them to a file.
type Given struct{ flags *pflag.FlagSet }

// NewGiven returns the settings of a command after they were applied.
func NewGiven(flags *pflag.FlagSet) *Given { return &Given{flags} }

// Kind says how a setting is written to a configuration file.
type Kind uint8

// The kinds.
const (
	Plain    Kind = iota // unchanged
	Path                 // as an absolute path
	SecretOf             // in a file of its own, which the setting's file key names
	Material             // PEM given in place of a file's name: written to a file, which the setting then names
)

// Setting is a setting that was given.
type Setting struct {
	Key   setting.Key
	Value string // as the flag takes it; secret for SecretOf or Material
	Kind  Kind
}

// Has reports whether a setting was given, or is a secret whose file was given.
func (g *Given) Has(key setting.Key) bool {
	for _, name := range []string{string(key), string(key.File())} {
		if f := g.flags.Lookup(name); f != nil && f.Changed && (f.Value.String() != "" || name == string(key) && !g.secret(key)) {
			return true
		}
	}
	return false
}

// secret reports whether a setting is a secret, for which an empty value means none.
func (g *Given) secret(key setting.Key) bool {
	f := g.flags.Lookup(string(key))
	if f == nil {
		return false
	}
	_, is := Revealed(f.Value)
	return is
}

// Value returns a setting's value or default; never that of a secret.
func (g *Given) Value(key setting.Key) string {
	f := g.flags.Lookup(string(key))
	if f == nil {
		return ""
	}
	return plain(f)
}

// Usage returns the setting's description.
func (g *Given) Usage(key setting.Key) string {
	f := g.flags.Lookup(string(key))
	if f == nil {
		return ""
	}
	return strings.TrimSuffix(f.Usage, betterInFile)
}

// Put sets a value. A secret's value replaces its file.
func (g *Given) Put(key setting.Key, value string) error {
	if f := g.flags.Lookup(string(key.File())); f != nil && f.Changed {
		if err := g.flags.Set(f.Name, ""); err != nil {
			return setting.Mistaken(err)
		}
	}
	f := g.flags.Lookup(string(key))
	if list, ok := f.Value.(pflag.SliceValue); ok {
		// Set adds to a list, and notes that it was given.
		if err := g.flags.Set(string(key), ""); err != nil {
			return key.Wrap(err)
		}
		return key.Wrap(list.Replace(splitList(value)))
	}
	if err := g.flags.Set(string(key), value); err != nil {
		return key.Mistakef("%s", Without(err.Error(), value))
	}
	return nil
}

func splitList(value string) (list []string) {
	for one := range strings.SplitSeq(value, ",") {
		if one = strings.TrimSpace(one); one != "" {
			list = append(list, one)
		}
	}
	return list
}

// All returns what was given, by key, except the values of a properties file, which is referenced
// itself, and the command's own settings.
func (g *Given) All(leaveOut ...setting.Key) (all []Setting) {
	skip := map[string]bool{string(setting.Config): true, "help": true, string(setting.KafkaProperty): true}
	for _, key := range leaveOut {
		skip[string(key)] = true
	}
	for _, key := range g.FromFile() {
		skip[string(key)] = true
	}
	g.flags.VisitAll(func(f *pflag.Flag) {
		if !f.Changed || skip[f.Name] {
			return
		}
		s := Setting{Key: setting.Key(f.Name), Value: plain(f), Kind: kindOf(f)}
		if secret, is := Revealed(f.Value); is {
			s.Value = secret
		}
		if s.Value == "" && (s.Kind != Plain || strings.HasSuffix(f.Name, fileSuffix)) {
			return
		}
		if s.Kind == Path {
			if absolute, err := filepath.Abs(s.Value); err == nil {
				s.Value = absolute
			}
		}
		all = append(all, s)
	})
	return all
}

// FromFile returns the settings from the properties file that nothing has changed since.
func (g *Given) FromFile() (keys []setting.Key) {
	f := g.flags.Lookup(string(setting.KafkaProperty))
	if f == nil {
		return nil
	}
	for _, t := range f.Value.(*propertyList).owner.from.Taken {
		if t.Where != onCommandLine && g.raw(t.Setting) == t.Value {
			keys = append(keys, t.Setting)
		}
	}
	return keys
}

// raw returns a setting's value, even of a secret.
func (g *Given) raw(key setting.Key) string {
	f := g.flags.Lookup(string(key))
	if secret, is := Revealed(f.Value); is {
		return secret
	}
	return plain(f)
}

// plain returns a flag's value in the form that the flag accepts.
func plain(f *pflag.Flag) string {
	text := f.Value.String()
	switch f.Value.Type() {
	case "stringSlice", "stringToString":
		text = strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")
	}
	return text
}

// files returns the settings that name a file; those of secrets end in -file.
var files = map[setting.Key]bool{
	setting.Accounts: true, setting.KafkaProperties: true, "mapping": true,
	setting.TLSCA: true, setting.TLSCert: true, setting.TLSKey: true,
	"registry-tls-ca": true, "registry-tls-cert": true, "registry-tls-key": true,
}

func kindOf(f *pflag.Flag) Kind {
	if _, secret := Revealed(f.Value); secret {
		return SecretOf
	}
	key := setting.Key(f.Name)
	switch {
	case files[key] && stores.IsPEM(f.Value.String()):
		return Material
	case files[key], strings.HasSuffix(f.Name, fileSuffix):
		return Path
	}
	return Plain
}
