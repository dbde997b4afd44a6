package config

import (
	"crypto/tls"
	"io"

	"github.com/rs/zerolog"
	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

// Kafka says how to reach the brokers.
type Kafka struct {
	Settings     kafka.Settings
	saslPassword Secret
}

// Register adds the flags.
func (f *Kafka) Register(flags *pflag.FlagSet) {
	flags.StringSliceVar(&f.Settings.Brokers, "brokers", []string{"localhost:9092"}, "Kafka brokers to start from, host:port")
	flags.StringVar(&f.Settings.ClientID, "kafka-client-id", "amazon-capi", "name of this process in the brokers' logs and quotas")
	flags.BoolVar(&f.Settings.TLS.Enabled, "tls", false, "encrypt connections to the brokers; the certificates below are for the registry, too, where its URL is https")
	flags.StringVar(&f.Settings.TLS.CAFile, "tls-ca", "", "certificates to trust, PEM (default the system's)")
	flags.StringVar(&f.Settings.TLS.CertFile, "tls-cert", "", "client certificate, PEM")
	flags.StringVar(&f.Settings.TLS.KeyFile, "tls-key", "", "key of the client certificate, PEM")
	flags.StringVar(&f.Settings.SASL.Mechanism, "sasl-mechanism", "", kafka.Mechanisms)
	flags.StringVar(&f.Settings.SASL.Username, "sasl-username", "", "SASL user, or client id for OAUTHBEARER")
	f.saslPassword.Register(flags, "sasl-password", "SASL password, client secret for OAUTHBEARER, or the token itself without a token URL")
	flags.StringVar(&f.Settings.SASL.OAuthTokenURL, "sasl-oauth-token-url", "", "where OAUTHBEARER gets its tokens (client credentials)")
	flags.StringSliceVar(&f.Settings.SASL.OAuthScopes, "sasl-oauth-scopes", nil, "scopes to ask for with OAUTHBEARER")
}

// Resolve reads the password and checks the settings. Warnings go to warn.
func (f *Kafka) Resolve(warn io.Writer) (_ kafka.Settings, err error) {
	f.Settings.SASL.Password, err = f.saslPassword.Read(warn)
	if err != nil {
		return kafka.Settings{}, err
	}
	if password := f.saslPassword; password.FromFile() {
		f.Settings.SASL.Reread = func() (string, error) { return password.Read(io.Discard) }
	}
	// Built once here so that a mistake is a usage error and not a failure of
	// whatever connects first.
	if _, err := f.Settings.Options(zerolog.Nop()); err != nil {
		return kafka.Settings{}, setting.Mistaken(err)
	}
	return f.Settings, nil
}

// Registry says how to reach the schema registry.
type Registry struct {
	url      string
	user     string
	password Secret
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
	var tlsConfig *tls.Config
	if tlsConfig, err = tlsSettings.Config(); err != nil {
		return registry.Options{}, setting.Mistaken(err)
	}
	return registry.Options{URL: f.url, Username: f.user, Password: password, TLS: tlsConfig}, nil
}
