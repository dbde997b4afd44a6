package config

import (
	"crypto/tls"
	"io"
	"strings"

	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/schemas/framing"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

// Registry says how to reach the schema registry.
type Registry struct {
	url      string
	user     string
	password Secret
	schemaID []string // how records name their schema; nil for a command that reads none
}

// RegisterReading is Register for a command that reads records.
func (f *Registry) RegisterReading(flags *pflag.FlagSet) {
	f.Register(flags)
	flags.StringSliceVar(&f.schemaID, string(setting.SchemaID), []string{framing.Auto}, "where records name their schema: "+framing.Auto+", which looks in headers first and then before the value, record by record, or a list of "+strings.Join(framing.Names(), ", "))
}

// Framings is how records may name their schema.
func (f *Registry) Framings() (framing.Set, error) {
	if f.schemaID == nil {
		return framing.All, nil
	}
	s, err := framing.Parse(f.schemaID)
	return s, setting.SchemaID.Wrap(err)
}

// Register adds the flags.
func (f *Registry) Register(flags *pflag.FlagSet) {
	flags.StringVar(&f.url, "registry", "http://localhost:8081", "schema registry, its Confluent-compatible URL; several with commas between")
	flags.StringVar(&f.user, "registry-username", "", "user for the registry (basic auth)")
	f.password.Register(flags, "registry-password", "password for the registry")
}

// Resolve reads the password. The certificates are those of the brokers.
func (f *Registry) Resolve(tlsSettings kafka.TLSSettings, warn io.Writer) (registry.Options, error) {
	password, err := f.password.Read(warn)
	if err != nil {
		return registry.Options{}, err
	}
	framings, err := f.Framings()
	if err != nil {
		return registry.Options{}, err
	}
	var tlsConfig *tls.Config
	if tlsConfig, err = tlsSettings.Config(); err != nil {
		return registry.Options{}, setting.Mistaken(err)
	}
	return registry.Options{URL: f.url, Username: f.user, Password: password, TLS: tlsConfig, Framings: framings}, nil
}
