package config

import (
	"io"

	"github.com/rs/zerolog"
	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/kafka/auth"
	"github.com/tracklayer/amazon-capi/internal/setting"
)

// Kafka is how to reach the brokers.
type Kafka struct {
	settings     kafka.Settings
	tls          TLS
	saslPassword Secret
	properties   properties
}

// Register adds the flags.
func (f *Kafka) Register(flags *pflag.FlagSet) {
	s := &f.settings
	flags.StringSliceVar(&s.Brokers, "brokers", []string{"localhost:9092"}, "Kafka brokers to start from, host:port")
	flags.StringVar(&s.ClientID, "kafka-client-id", "amazon-capi", "name of this process in the brokers' logs and quotas")
	f.properties.register(flags)
	flags.BoolVar(&f.tls.settings.Enabled, "tls", false, "encrypt connections to the brokers; the certificates below are for the registry, too, where its URL is https")
	f.tls.Register(flags)
	flags.BoolVar(&f.tls.settings.AnyHost, "tls-any-host", false, "take a broker's certificate for any host name; who signed it counts all the same")

	flags.StringVar(&s.SASL.Mechanism, "sasl-mechanism", "", kafka.Mechanisms)
	flags.StringVar(&s.SASL.Username, "sasl-username", "", "SASL user, or client id for OAUTHBEARER")
	f.saslPassword.Register(flags, "sasl-password", "SASL password, client secret for OAUTHBEARER, or the token itself without a token URL")
	flags.StringVar(&s.SASL.OAuthTokenURL, "sasl-oauth-token-url", "", "where OAUTHBEARER gets its tokens (client credentials)")
	flags.StringSliceVar(&s.SASL.OAuthScopes, "sasl-oauth-scopes", nil, "scopes to ask for with OAUTHBEARER")
	flags.StringToStringVar(&s.SASL.OAuthExtensions, "sasl-oauth-extensions", nil, "extensions to send with OAUTHBEARER, a `map` such as logicalCluster=lkc-1")

	flags.StringVar(&s.SASL.AWS.Region, "aws-region", "", "region of the cluster for AWS_MSK_IAM (default what the broker's name says, then AWS_REGION)")
	RegisterAWS(flags, &s.SASL.AWS)
}

// RegisterAWS adds the flags of AWS's credentials.
func RegisterAWS(flags *pflag.FlagSet, a *auth.AWS) {
	flags.StringVar(&a.Profile, "aws-profile", "", "profile of AWS's shared files for AWS_MSK_IAM and Glue (default the SDK's chain: environment, web identity, instance role)")
	flags.StringVar(&a.RoleARN, "aws-role-arn", "", "role to assume for AWS_MSK_IAM and Glue with those credentials")
	flags.StringVar(&a.RoleSession, "aws-session-name", "", "name of that role's session (default amazon-capi)")
	flags.StringVar(&a.RoleExternalID, "aws-external-id", "", "external id that the role asks for")
	flags.StringVar(&a.STSRegion, "aws-sts-region", "", "region of the STS that gives the role (default the cluster's, or Glue's)")
	flags.StringVar(&a.STSEndpoint, "aws-sts-endpoint", "", "URL of the STS that gives credentials, where it is not the region's own")
}

// Resolve reads the secrets and checks the settings. Warnings go to warn.
func (f *Kafka) Resolve(warn io.Writer) (_ kafka.Settings, err error) {
	s := &f.settings
	if s.SASL.Password, err = f.saslPassword.Read(warn); err != nil {
		return kafka.Settings{}, err
	}
	if password := f.saslPassword; password.FromFile() {
		s.SASL.Reread = func() (string, error) { return password.Read(io.Discard) }
	}
	if s.TLS, err = f.TLS(warn); err != nil {
		return kafka.Settings{}, err
	}
	// Built once here, so that a mistake is a usage error and not a failure of whatever
	// connects first.
	if _, err := s.Options(zerolog.Nop()); err != nil {
		return kafka.Settings{}, setting.Mistaken(err)
	}
	return *s, nil
}

// Shared reads the settings that brokers and registries share, for commands that use only a
// registry.
func (f *Kafka) Shared(warn io.Writer) (s kafka.Settings, err error) {
	s.SASL.AWS = f.settings.SASL.AWS
	s.TLS, err = f.TLS(warn)
	return s, err
}

// TLS reads the settings of TLS.
func (f *Kafka) TLS(warn io.Writer) (kafka.TLSSettings, error) {
	settings, err := f.tls.Resolve(warn)
	settings.Enabled = settings.Enabled || f.settings.SASL.NeedsTLS()
	return settings, err
}

// TLS is whom to trust, and the client's own certificate.
type TLS struct {
	settings       kafka.TLSSettings
	ca, store, key Secret // passwords
}

// Register adds the flags, except the one that enables TLS.
func (f *TLS) Register(flags *pflag.FlagSet) {
	flags.StringVar(&f.settings.CAFile, "tls-ca", "", "certificates to trust: a PEM, PKCS12 or JKS file, or PEM itself (default the system's)")
	f.ca.Register(flags, setting.TLSCAPassword, "password of a PKCS12 or JKS file to trust")
	flags.StringVar(&f.settings.CertFile, "tls-cert", "", "client certificate, PEM, or a PKCS12 or JKS file with its key; read again for each connection")
	f.store.Register(flags, setting.TLSCertPassword, "password of a PKCS12 or JKS file with the client certificate")
	flags.StringVar(&f.settings.KeyFile, "tls-key", "", "key of the client certificate, PEM, unless the certificate's file holds it")
	f.key.Register(flags, setting.TLSKeyPassword, "password of an encrypted key (default the store's)")
}

// Resolve reads the passwords.
func (f *TLS) Resolve(warn io.Writer) (_ kafka.TLSSettings, err error) {
	s := f.settings
	var wrong Mistakes
	for _, p := range []struct {
		to   *string
		from *Secret
	}{{&s.CAPassword, &f.ca}, {&s.CertPassword, &f.store}, {&s.KeyPassword, &f.key}} {
		*p.to, err = p.from.Read(warn)
		wrong.Note(err)
	}
	return s, wrong.All()
}
