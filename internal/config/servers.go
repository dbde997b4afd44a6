//go:build ignore

package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"

	"github.com/rs/zerolog"
	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/internal/health"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

// kafkaFlags say how to reach the brokers.
type kafkaFlags struct {
	settings     kafka.Settings
	saslPassword secret
}

func (f *kafkaFlags) register(flags *pflag.FlagSet) {
	flags.StringSliceVar(&f.settings.Brokers, "brokers", []string{"localhost:9092"}, "Kafka brokers to start from, host:port")
	flags.StringVar(&f.settings.ClientID, "kafka-client-id", "amazon-capi", "name of this process in the brokers' logs and quotas")
	flags.BoolVar(&f.settings.TLS.Enabled, "tls", false, "encrypt connections to the brokers; the certificates below are for the registry, too, where its URL is https")
	flags.StringVar(&f.settings.TLS.CAFile, "tls-ca", "", "certificates to trust, PEM (default the system's)")
	flags.StringVar(&f.settings.TLS.CertFile, "tls-cert", "", "client certificate, PEM")
	flags.StringVar(&f.settings.TLS.KeyFile, "tls-key", "", "key of the client certificate, PEM")
	flags.StringVar(&f.settings.SASL.Mechanism, "sasl-mechanism", "", kafka.Mechanisms)
	flags.StringVar(&f.settings.SASL.Username, "sasl-username", "", "SASL user, or client id for OAUTHBEARER")
	secretFlag(flags, &f.saslPassword, "sasl-password", "SASL password, client secret for OAUTHBEARER, or the token itself without a token URL")
	flags.StringVar(&f.settings.SASL.OAuthTokenURL, "sasl-oauth-token-url", "", "where OAUTHBEARER gets its tokens (client credentials)")
	flags.StringSliceVar(&f.settings.SASL.OAuthScopes, "sasl-oauth-scopes", nil, "scopes to ask for with OAUTHBEARER")
}

func (f *kafkaFlags) resolve(warn io.Writer) (_ kafka.Settings, err error) {
	f.settings.SASL.Password, err = f.saslPassword.read("sasl-password", warn)
	if err != nil {
		return kafka.Settings{}, err
	}
	if password := f.saslPassword; password.path != "" {
		f.settings.SASL.Reread = func() (string, error) { return password.read("sasl-password", io.Discard) }
	}
	// Built once here so that a mistake is a usage error and not a failure of
	// whatever connects first.
	if _, err := f.settings.Options(zerolog.Nop()); err != nil {
		return kafka.Settings{}, asUsage(err)
	}
	return f.settings, nil
}

// registryFlags say how to reach the schema registry.
type registryFlags struct {
	url      string
	user     string
	password secret
}

func (f *registryFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.url, "registry", "http://localhost:8081", "schema registry, its Confluent-compatible URL; several with commas between")
	flags.StringVar(&f.user, "registry-username", "", "user for the registry (basic auth)")
	secretFlag(flags, &f.password, "registry-password", "password for the registry")
}

func (f *registryFlags) resolve(tlsSettings kafka.TLSSettings, warn io.Writer) (registry.Options, error) {
	password, err := f.password.read("registry-password", warn)
	if err != nil {
		return registry.Options{}, err
	}
	var tlsConfig *tls.Config
	if tlsConfig, err = tlsSettings.Config(); err != nil {
		return registry.Options{}, asUsage(err)
	}
	return registry.Options{URL: f.url, Username: f.user, Password: password, TLS: tlsConfig}, nil
}

// checkURL refuses what is no http URL. The message leaves user and password
// out.
func checkURL(flag, s string) error {
	redact.URLCredentials(s)
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return usagef("--%s: not a URL, want http://host:port or https://host:port", flag)
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return usagef("--%s: %s is no http URL, want http://host:port or https://host:port", flag, redact.Quote(s))
	}
	return nil
}

// logFlags say what is logged, and how.
type logFlags struct{ format, level string }

func (f *logFlags) register(flags *pflag.FlagSet, format string) {
	flags.StringVar(&f.format, "log-format", format, "log lines as "+health.LogFormats)
	flags.StringVar(&f.level, "log-level", "info", "least level to log: trace, debug, info, warn, error or disabled")
}

// logger returns the command's logger, which from then on also notes what libraries
// write to Go's.
func (f *logFlags) logger(p *process) (zerolog.Logger, error) {
	log, err := health.NewLogger(p.stderr, f.format, f.level)
	if err == nil && p.standardLog != nil {
		p.standardLog.To(log)
	}
	return log, asUsage(err)
}

// byteSize is a flag value such as 1MB or 64MiB.
type byteSize int64

var byteUnits = []struct {
	suffix string
	factor int64
}{
	{"KIB", 1 << 10}, {"MIB", 1 << 20}, {"GIB", 1 << 30},
	{"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9},
	{"K", 1e3}, {"M", 1e6}, {"G", 1e9}, {"B", 1},
}

func (b *byteSize) Set(s string) error {
	digits, factor := strings.ToUpper(strings.TrimSpace(s)), int64(1)
	for _, u := range byteUnits {
		if rest, ok := strings.CutSuffix(digits, u.suffix); ok {
			digits, factor = strings.TrimSpace(rest), u.factor
			break
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 || n > (1<<62)/factor {
		return errors.New("want a size such as 500KB, 1MB or 64MiB")
	}
	*b = byteSize(n * factor)
	return nil
}

func (b *byteSize) Type() string { return "size" }

func (b *byteSize) String() string {
	n := int64(*b)
	for _, u := range []struct {
		suffix string
		factor int64
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"GB", 1e9}, {"MB", 1e6}, {"KiB", 1 << 10}, {"KB", 1e3}} {
		if n >= u.factor && n%u.factor == 0 {
			return fmt.Sprintf("%d%s", n/u.factor, u.suffix)
		}
	}
	return strconv.FormatInt(n, 10)
}
