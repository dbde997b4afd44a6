package clientprops

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
)

// translated are the supported properties, by the names of Java's clients, of Confluent's
// registry client, and of librdkafka.
var translated = map[string]func(*reader, string) error{
	"bootstrap.servers":    as(setting.Brokers),
	"metadata.broker.list": as(setting.Brokers),
	"client.id":            as("kafka-client-id"),
	"group.id":             as(setting.Group),
	"group.instance.id":    as("instance-id"),
	"group.protocol":       as(setting.GroupProtocol),
	"session.timeout.ms":   milliseconds("session-timeout"),
	"auto.offset.reset":    offsetReset,

	"security.protocol": func(r *reader, _ string) error { r.protocol = r.now; return nil },

	"ssl.truststore.location":               as(setting.TLSCA),
	"ssl.truststore.certificates":           as(setting.TLSCA),
	"ssl.truststore.password":               as(setting.TLSCAPassword),
	"ssl.truststore.type":                   storeType,
	"ssl.keystore.location":                 keystore,
	"ssl.keystore.certificate.chain":        as(setting.TLSCert),
	"ssl.keystore.key":                      as(setting.TLSKey),
	"ssl.keystore.password":                 as(setting.TLSCertPassword),
	"ssl.keystore.type":                     storeType,
	"ssl.key.password":                      as(setting.TLSKeyPassword),
	"ssl.endpoint.identification.algorithm": identification,
	"ssl.ca.location":                       caLocation,
	"ssl.ca.pem":                            as(setting.TLSCA),
	"ssl.certificate.location":              as(setting.TLSCert),
	"ssl.certificate.pem":                   as(setting.TLSCert),
	"ssl.key.location":                      as(setting.TLSKey),
	"ssl.key.pem":                           as(setting.TLSKey),
	"enable.ssl.certificate.verification":   verification,

	"sasl.mechanism":                    as(setting.SASLMechanism),
	"sasl.mechanisms":                   as(setting.SASLMechanism),
	"sasl.username":                     as(setting.SASLUsername),
	"sasl.password":                     as(setting.SASLPassword),
	"sasl.jaas.config":                  jaas,
	"sasl.login.callback.handler.class": func(r *reader, v string) error { r.handler = v; return nil },
	"sasl.oauthbearer.method":           oneOf("oidc", "default"),
	"sasl.oauthbearer.grant.type":       oneOf("client_credentials"),

	"sasl.oauthbearer.client.id":                        as(setting.SASLUsername),
	"sasl.oauthbearer.client.secret":                    as(setting.SASLPassword),
	"sasl.oauthbearer.client.credentials.client.id":     as(setting.SASLUsername),
	"sasl.oauthbearer.client.credentials.client.secret": as(setting.SASLPassword),
	"sasl.oauthbearer.scope":                            scopes(setting.SASLScopes),
	"sasl.oauthbearer.extensions":                       as(setting.SASLExtensions),
	"sasl.oauthbearer.token.endpoint.url":               tokenURL,
	"sasl.oauthbearer.metadata.authentication.type":     oneOf("none"),

	"schema.registry.url":                           as(setting.Registry),
	"basic.auth.credentials.source":                 oneOf("USER_INFO", "URL"),
	"schema.registry.basic.auth.credentials.source": oneOf("USER_INFO", "URL"),
	"basic.auth.user.info":                          userInfo,
	"schema.registry.basic.auth.user.info":          userInfo,

	"bearer.auth.credentials.source":  oneOf("STATIC_TOKEN", "OAUTHBEARER"),
	"bearer.auth.token":               as(setting.RegistryToken),
	"bearer.auth.issuer.endpoint.url": as(setting.RegistryTokens),
	"bearer.auth.client.id":           as(setting.RegistryUser),
	"bearer.auth.client.secret":       as(setting.RegistrySecret),
	"bearer.auth.scope":               scopes(setting.RegistryScopes),
	"bearer.auth.logical.cluster":     as(setting.RegistryCluster),
	"bearer.auth.identity.pool.id":    as(setting.RegistryPool),

	"schema.registry.bearer.auth.credentials.source":  oneOf("STATIC_TOKEN", "OAUTHBEARER"),
	"schema.registry.bearer.auth.token":               as(setting.RegistryToken),
	"schema.registry.bearer.auth.issuer.endpoint.url": as(setting.RegistryTokens),
	"schema.registry.bearer.auth.client.id":           as(setting.RegistryUser),
	"schema.registry.bearer.auth.client.secret":       as(setting.RegistrySecret),
	"schema.registry.bearer.auth.scope":               scopes(setting.RegistryScopes),
	"schema.registry.bearer.auth.logical.cluster":     as(setting.RegistryCluster),
	"schema.registry.bearer.auth.identity.pool.id":    as(setting.RegistryPool),
}

// as takes a value as that of a setting.
func as(key setting.Key) func(*reader, string) error {
	return func(r *reader, value string) error {
		if value == "" {
			r.note("it is empty")
			return nil
		}
		r.set(key, value)
		return nil
	}
}

// oneOf accepts the values that are the only behaviour here, and refuses others.
func oneOf(values ...string) func(*reader, string) error {
	return func(_ *reader, value string) error {
		for _, v := range values {
			if strings.EqualFold(v, strings.TrimSpace(value)) {
				return nil
			}
		}
		return fmt.Errorf("%s is not supported, want %s", redact.Quote(value), strings.Join(values, " or "))
	}
}

func milliseconds(key setting.Key) func(*reader, string) error {
	return func(r *reader, value string) error {
		n, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
		if err != nil || n < 0 {
			return fmt.Errorf("%s is not a number of milliseconds", redact.Quote(value))
		}
		r.set(key, strconv.FormatInt(n, 10)+"ms")
		return nil
	}
}

func offsetReset(r *reader, value string) error {
	switch strings.ToLower(strings.TrimSpace(value)) {
	case "earliest", "beginning", "smallest":
		r.set("start", "earliest")
	case "latest", "end", "largest":
		r.set("start", "latest")
	case "none":
		r.note(setting.Start.String() + " says where a new group begins")
	default:
		if !strings.HasPrefix(strings.ToLower(strings.TrimSpace(value)), "by_duration:") {
			return fmt.Errorf("%s is unknown, want earliest or latest", redact.Quote(value))
		}
		r.note("a group cannot begin by time: " + setting.Start.String() + " says where a new one does")
	}
	return nil
}

// storeType accepts the types whose files are recognised by their first bytes.
func storeType(_ *reader, value string) error {
	switch strings.ToUpper(strings.TrimSpace(value)) {
	case "JKS", "PKCS12", "PEM":
		return nil
	}
	return fmt.Errorf("%s is not supported, want JKS, PKCS12 or PEM", redact.Quote(value))
}

// keystore takes a file that holds certificate and key.
func keystore(r *reader, value string) error {
	if value != "" {
		delete(r.taken, setting.TLSKey)
	}
	return as(setting.TLSCert)(r, value)
}

func caLocation(r *reader, value string) error {
	if value == "probe" {
		return nil // the system's
	}
	return as(setting.TLSCA)(r, value)
}

func identification(r *reader, value string) error {
	switch strings.ToLower(strings.TrimSpace(value)) {
	case "https":
		r.set("tls-any-host", "false")
	case "", "none":
		r.set("tls-any-host", "true")
	default:
		return fmt.Errorf("%s is not supported, want https, or nothing", redact.Quote(value))
	}
	return nil
}

func verification(_ *reader, value string) error {
	if strings.EqualFold(strings.TrimSpace(value), "true") {
		return nil
	}
	return errors.New("a certificate is always verified here: want ssl.ca.location with the CA's, or the broker's own")
}

// scopes takes scopes with blanks between.
func scopes(key setting.Key) func(*reader, string) error {
	return func(r *reader, value string) error {
		if value = strings.TrimSpace(value); value != "" {
			r.set(key, list(strings.Fields(value)...))
		}
		return nil
	}
}

// tokenURL takes a URL to ask, or as with Java the file that holds a token.
func tokenURL(r *reader, value string) error {
	if path, ok := strings.CutPrefix(value, "file:"); ok {
		r.set(setting.SASLPassword.File(), "/"+strings.TrimLeft(path, "/"))
		return nil
	}
	return as(setting.SASLTokenURL)(r, value)
}

func userInfo(r *reader, value string) error {
	user, password, ok := strings.Cut(value, ":")
	if !ok {
		return errors.New("want USER:PASSWORD")
	}
	r.set("registry-username", user)
	r.set("registry-password", password)
	return nil
}

// list writes values as a flag that takes several reads them.
func list(values ...string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		if strings.ContainsAny(v, "\",\n\r") {
			v = `"` + strings.ReplaceAll(v, `"`, `""`) + `"`
		}
		quoted[i] = v
	}
	return strings.Join(quoted, ",")
}
