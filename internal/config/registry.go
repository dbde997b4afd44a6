package config

import (
	"crypto/tls"
	"io"
	"regexp"
	"strings"

	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/internal/bearer"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/kafka/auth"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/internal/web"
	"github.com/tracklayer/amazon-capi/schemas/framing"
	"github.com/tracklayer/amazon-capi/schemas/registry"
	"github.com/tracklayer/amazon-capi/schemas/registry/glue"
)

// Registry is how to reach the schema registry.
type Registry struct {
	url           string
	user          string
	password      Secret
	token         Secret
	tokenURL      string
	scopes        []string
	cluster, pool string
	context       string
	tls           kafka.TLSSettings
	glue          glue.Options
	schemaID      []string // how records name their schema; nil for a command that reads no records
}

// defaultRegistry is the registry's address if nothing is configured. With Glue there is no
// default: a user of Glue alone would wait for it forever.
const defaultRegistry = "http://localhost:8081"

// RegisterReading is Register for a command that reads records.
func (f *Registry) RegisterReading(flags *pflag.FlagSet) {
	f.Register(flags)
	f.RegisterGlue(flags)
	flags.StringSliceVar(&f.schemaID, string(setting.SchemaID), []string{framing.Auto}, "where records name their schema: "+framing.Auto+", which looks in headers first and then before the value, record by record, or a list of "+strings.Join(framing.Names(), ", "))
}

// RegisterGlue adds the flags of AWS Glue, which is used alongside the registry.
func (f *Registry) RegisterGlue(flags *pflag.FlagSet) {
	flags.StringVar(&f.glue.Region, string(setting.GlueRegion), "", "region of the AWS Glue schema registry, asked with the credentials of the --aws-... settings (default no Glue)")
	flags.StringVar(&f.glue.Endpoint, string(setting.GlueEndpoint), "", "URL of Glue (default the region's)")
	flags.StringVar(&f.glue.Registry, string(setting.GlueRegistry), "", "registry of Glue where schemas are registered (default the account's default one)")
}

// Framings returns how records may name their schema.
func (f *Registry) Framings() (framing.Set, error) {
	if f.schemaID == nil {
		return framing.All, nil
	}
	s, err := framing.Parse(f.schemaID)
	return s, setting.SchemaID.Wrap(err)
}

// Register adds the flags.
func (f *Registry) Register(flags *pflag.FlagSet) {
	flags.StringVar(&f.url, string(setting.Registry), "", "schema registry, its Confluent-compatible URL; several of one registry with commas between (default "+defaultRegistry+", or none with "+setting.GlueRegion.String()+")")
	flags.StringVar(&f.user, string(setting.RegistryUser), "", "user for the registry (basic auth), or client id for "+setting.RegistryTokens.String())
	f.password.Register(flags, setting.RegistrySecret, "password for the registry, or client secret for "+setting.RegistryTokens.String())
	f.token.Register(flags, setting.RegistryToken, "bearer token for the registry; its file is read again for each question")
	flags.StringVar(&f.tokenURL, string(setting.RegistryTokens), "", "where bearer tokens for the registry come from (client credentials)")
	flags.StringSliceVar(&f.scopes, string(setting.RegistryScopes), nil, "scopes to ask for with "+setting.RegistryTokens.String())
	flags.StringVar(&f.cluster, string(setting.RegistryCluster), "", "the registry's id in Confluent Cloud, lsrc-..., which a bearer token needs as well")
	flags.StringVar(&f.pool, string(setting.RegistryPool), "", "identity pool in Confluent Cloud, pool-..., which a bearer token is used with")
	flags.StringVar(&f.context, string(setting.RegistryContext), "", "context of the registry that subjects and ids are of, such as .team (default the default context)")
	f.tls.Of = "registry-"
	flags.StringVar(&f.tls.CAFile, "registry-tls-ca", "", "certificates to trust for the registry, PEM (default those for the brokers)")
	flags.StringVar(&f.tls.CertFile, "registry-tls-cert", "", "client certificate for the registry, PEM (default that for the brokers)")
	flags.StringVar(&f.tls.KeyFile, "registry-tls-key", "", "key of that certificate, PEM")
}

// Resolve reads secrets and certificates. Without certificates of its own the registry
// uses those of the brokers, and Glue uses their AWS credentials.
func (f *Registry) Resolve(brokers kafka.Settings, warn io.Writer) (registry.Options, error) {
	password, err := f.password.Read(warn)
	if err != nil {
		return registry.Options{}, err
	}
	framings, err := f.Framings()
	if err != nil {
		return registry.Options{}, err
	}
	certificates := brokers.TLS
	if own := f.tls; own.CAFile != "" || own.CertFile != "" || own.KeyFile != "" {
		certificates = own
	}
	tlsConfig, err := certificates.Config()
	if err != nil {
		return registry.Options{}, setting.Mistaken(err)
	}
	web, err := certificates.Web()
	if err != nil {
		return registry.Options{}, setting.Mistaken(err)
	}
	o := registry.Options{
		URL: f.where(), Username: f.user, Password: password, TLS: tlsConfig, Framings: framings,
		Cluster: f.cluster, IdentityPool: f.pool, Context: f.context,
	}
	if _, err := registry.ParseContext(f.context); err != nil {
		return registry.Options{}, setting.RegistryContext.Wrap(err)
	}
	if err := f.checkIDs(); err != nil {
		return registry.Options{}, err
	}
	if o.Bearer, err = f.bearer(password, web, warn); err != nil {
		return registry.Options{}, err
	}
	o.Glue, err = f.askGlue(brokers.SASL.AWS)
	return o, err
}

// where returns the registry's URL; empty for Glue alone.
func (f *Registry) where() string {
	if f.url == "" && f.glue.Region == "" {
		return defaultRegistry
	}
	return f.url
}

// askGlue returns the Glue client; nil unless its region is set.
func (f *Registry) askGlue(credentials auth.AWS) (registry.Versions, error) {
	if f.glue.Region == "" {
		if f.glue.Endpoint != "" || f.glue.Registry != "" {
			return nil, setting.GlueRegion.Mistakef("it is missing: want the region of Glue, such as eu-west-1")
		}
		return nil, nil
	}
	redact.URLCredentials(f.glue.Endpoint)
	credentials.Region = "" // which is the brokers'
	chain, err := auth.NewChain(credentials, f.glue.Region)
	if err != nil {
		return nil, setting.Mistaken(err)
	}
	options := f.glue
	options.Credentials = chain.Credentials
	client, err := glue.New(options)
	if err != nil {
		return nil, setting.GlueRegion.Mistakef("%w (%s, %s)", err, setting.GlueRegion, setting.GlueEndpoint)
	}
	return client, nil
}

// cloudID is the form of an id of Confluent Cloud.
var cloudID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.\-]*$`)

func (f *Registry) checkIDs() error {
	if f.cluster != "" && !cloudID.MatchString(f.cluster) {
		return setting.RegistryCluster.Mistakef("%s is not an id: want one such as lsrc-abc123", redact.Quote(f.cluster))
	}
	if f.pool != "" && !cloudID.MatchString(f.pool) {
		return setting.RegistryPool.Mistakef("%s is not an id: want one such as pool-abc1", redact.Quote(f.pool))
	}
	return nil
}

// bearer returns the source of tokens; nil for basic auth or none.
func (f *Registry) bearer(password string, over *tls.Config, warn io.Writer) (*bearer.Source, error) {
	if f.tokenURL == "" && len(f.scopes) > 0 {
		return nil, setting.RegistryScopes.Mistakef("scopes are asked for with a token, and %s is not given", setting.RegistryTokens)
	}
	if f.token.IsSet() {
		return f.fixedToken(warn)
	}
	if f.tokenURL == "" {
		return nil, nil
	}
	if _, err := web.ParseURL(f.tokenURL, web.URLQuery); err != nil {
		return nil, setting.RegistryTokens.Mistakef("it is not a URL of a token endpoint: %w; want one such as https://idp.example/oauth2/token", err)
	}
	if f.user == "" || password == "" {
		return nil, setting.RegistryTokens.Mistakef("it needs %s and %s, which are the client's id and secret", setting.RegistryUser, setting.RegistrySecret)
	}
	secret := f.password
	return bearer.ClientCredentials(bearer.Credentials{
		URL: f.tokenURL, ClientID: f.user, Scopes: f.scopes, TLS: over,
		Secret: func() (string, error) {
			if now, err := secret.Read(io.Discard); err == nil {
				return now, nil
			}
			return password, nil // as while its file is being replaced
		},
		Named: bearer.Settings{URL: setting.RegistryTokens, ClientID: setting.RegistryUser, Secret: setting.RegistrySecret, Scopes: setting.RegistryScopes},
	}), nil
}

func (f *Registry) fixedToken(warn io.Writer) (*bearer.Source, error) {
	if f.user != "" || f.password.IsSet() || f.tokenURL != "" {
		return nil, setting.RegistryToken.Mistakef("the registry takes one of a token, %s with %s, and %s", setting.RegistryUser, setting.RegistrySecret, setting.RegistryTokens)
	}
	token, err := f.token.Read(warn)
	if err != nil {
		return nil, err
	}
	if err := bearer.Check(token); err != nil {
		return nil, setting.RegistryToken.Wrap(err)
	}
	secret := f.token
	return bearer.Fixed(token, func() (string, error) { return secret.Read(io.Discard) }), nil
}
