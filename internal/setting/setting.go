package setting

import (
	"fmt"
	"strings"
)

// Key names a setting.
type Key string

// The settings that errors name outside the command line.
const (
	Brokers         Key = "brokers"
	TLSCA           Key = "tls-ca"
	TLSCert         Key = "tls-cert"
	TLSKey          Key = "tls-key"
	TLSCAPassword   Key = "tls-ca-password"
	TLSCertPassword Key = "tls-cert-password"
	TLSKeyPassword  Key = "tls-key-password"
	SASLMechanism   Key = "sasl-mechanism"
	SASLUsername    Key = "sasl-username"
	SASLPassword    Key = "sasl-password"
	SASLTokenURL    Key = "sasl-oauth-token-url"
	SASLScopes      Key = "sasl-oauth-scopes"
	SASLExtensions  Key = "sasl-oauth-extensions"
	AWSRegion       Key = "aws-region"
	AWSProfile      Key = "aws-profile"
	AWSRoleARN      Key = "aws-role-arn"
	AWSSTSEndpoint  Key = "aws-sts-endpoint"
	KafkaProperties Key = "kafka-properties"
	KafkaProperty   Key = "kafka-property"
	Registry        Key = "registry"
	RegistryUser    Key = "registry-username"
	RegistrySecret  Key = "registry-password"
	RegistryToken   Key = "registry-token"
	RegistryTokens  Key = "registry-token-url"
	RegistryScopes  Key = "registry-token-scopes"
	RegistryCluster Key = "registry-cluster"
	RegistryPool    Key = "registry-identity-pool"
	RegistryContext Key = "registry-context"
	GlueRegion      Key = "glue-region"
	GlueEndpoint    Key = "glue-endpoint"
	GlueRegistry    Key = "glue-registry"
	SchemaID        Key = "schema-id"
	Framing         Key = "framing"
	Topic           Key = "topic"
	Group           Key = "group"
	GroupProtocol   Key = "group-protocol"
	DeadLetterTopic Key = "dead-letter-topic"
	Guard           Key = "dead-letter-guard"
	GuardResume     Key = "dead-letter-guard-resume"
	ReceiptsTopic   Key = "receipts-topic"
	QuarantineTopic Key = "quarantine-topic"
	ErasureTopic    Key = "erasure-topic"
	RedriveGroup    Key = "redrive-group"
	CreateTopics    Key = "create-topics"
	Accounts        Key = "accounts"
	Config          Key = "config"
	From            Key = "from"
	To              Key = "to"
	Name            Key = "name"
	Rate            Key = "rate"
	Restart         Key = "restart"
	LiveGroup       Key = "live-group"
	MaxRedrives     Key = "max-redrives"
	Go              Key = "go"
	Listen          Key = "listen"
	Timeout         Key = "timeout"
	CSV             Key = "csv"
	Schema          Key = "schema"
	Profile         Key = "profile"
	Output          Key = "output"
	Overwrite       Key = "overwrite"
	Offline         Key = "offline"
	RegisterSchemas Key = "register-schemas"
	Mapping         Key = "mapping"
	By              Key = "by"
	JSON            Key = "json"
	Wide            Key = "wide"
	NoPager         Key = "no-pager"

	Contract       Key = "contract"
	AmazonURL      Key = "amazon-url"
	ClientID       Key = "client-id"
	ClientSecret   Key = "client-secret"
	RefreshToken   Key = "refresh-token"
	ProfileIDs     Key = "profile-ids"
	UnmappedType   Key = "unmapped-type"
	ConsentDenied  Key = "consent-denied"
	ConsentMissing Key = "consent-missing"
	OnExhausted    Key = "on-exhausted"
	TokenURL       Key = "token-url"
	APIToken       Key = "api-token"
	Gzip           Key = "gzip"

	BatchEvents     Key = "batch-events"
	BatchBytes      Key = "batch-bytes"
	LaneConcurrency Key = "lane-concurrency"
	MaxAttempts     Key = "max-attempts"
	Start           Key = "start"
)

// String is the setting as errors name it: its flag.
func (k Key) String() string { return "--" + string(k) }

// With is the setting with a value, as errors and remedies advise it.
func (k Key) With(value string) string { return k.String() + "=" + value }

// InFile is the setting as an accounts file names it.
func (k Key) InFile() string { return strings.ReplaceAll(string(k), "-", "_") }

const envPrefix = "AMAZON_CAPI_"

// Env is the setting's environment variable.
func (k Key) Env() string {
	return envPrefix + strings.ToUpper(k.InFile())
}

// OfEnv is the setting that an environment variable gives; false for variables that
// are not this program's.
func OfEnv(variable string) (Key, bool) {
	name, ok := strings.CutPrefix(variable, envPrefix)
	return Key(strings.ToLower(strings.ReplaceAll(name, "_", "-"))), ok
}

// File is the setting that names a file with the value of a secret one.
func (k Key) File() Key { return k + "-file" }

// Mistakef returns a Mistake about the setting, which the text begins with.
func (k Key) Mistakef(format string, args ...any) error {
	return &Mistake{fmt.Errorf("%s: %w", k, fmt.Errorf(format, args...))}
}

// Wrap returns an error as a Mistake about the setting; nil for nil.
func (k Key) Wrap(err error) error {
	if err == nil {
		return nil
	}
	return k.Mistakef("%w", err)
}

// Mistake is an error of whoever gave the settings: a flag, a variable or a file is
// wrong and stays wrong, so that trying again is of no use.
type Mistake struct{ Err error }

func (m *Mistake) Error() string { return m.Err.Error() }
func (m *Mistake) Unwrap() error { return m.Err }

// Mistakef returns a Mistake.
func Mistakef(format string, args ...any) error { return &Mistake{fmt.Errorf(format, args...)} }

// Mistaken returns an error as a Mistake; nil for nil.
func Mistaken(err error) error {
	if err == nil {
		return nil
	}
	return &Mistake{err}
}
