package clientprops

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tracklayer/amazon-capi/internal/kafka/javaprops"
	"github.com/tracklayer/amazon-capi/internal/near"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
)

// modules are Java's login modules, by the last part of their names: some clouds ship
// them in packages of their own. An option without a setting has no meaning here.
var modules = map[string]map[string]setting.Key{
	"PlainLoginModule": {"username": setting.SASLUsername, "password": setting.SASLPassword},
	"ScramLoginModule": {"username": setting.SASLUsername, "password": setting.SASLPassword, "tokenauth": ""},
	"OAuthBearerLoginModule": {
		"clientId": setting.SASLUsername, "clientSecret": setting.SASLPassword, "scope": setting.SASLScopes,
		"ssl.truststore.location": "", "ssl.truststore.password": "", "ssl.truststore.type": "",
		"awsProfileName": setting.AWSProfile, "awsRoleArn": setting.AWSRoleARN, "awsRoleSessionName": "aws-session-name", "awsStsRegion": "aws-sts-region", "awsDebugCreds": "",
		// Those of Strimzi's handler. Its oauth.ssl. options are the issuer's certificates.
		"oauth.client.id": setting.SASLUsername, "oauth.client.secret": setting.SASLPassword, "oauth.client.secret.location": setting.SASLPassword.File(),
		"oauth.token.endpoint.uri": setting.SASLTokenURL, "oauth.scope": setting.SASLScopes,
		"oauth.access.token": setting.SASLPassword, "oauth.access.token.location": setting.SASLPassword.File(),
		"oauth.access.token.is.jwt": "", "oauth.max.token.expiry.seconds": "", "oauth.username.claim": "", "oauth.fallback.username.claim": "",
		"oauth.fallback.username.prefix": "", "oauth.connect.timeout.seconds": "", "oauth.read.timeout.seconds": "", "oauth.http.retries": "",
		"oauth.http.retry.pause.millis": "", "oauth.enable.metrics": "", "oauth.include.accept.header": "", "oauth.config.id": "", "oauth.tokens.not.jwt": "",
	},
	"IAMLoginModule": {
		"awsProfileName": setting.AWSProfile, "awsRoleArn": setting.AWSRoleARN, "awsRoleSessionName": "aws-session-name",
		"awsRoleExternalId": "aws-external-id", "awsStsRegion": "aws-sts-region",
		"awsDebugCreds": "", "awsMaxRetries": "", "awsMaxBackOffTimeMs": "",
	},
}

// extensionPrefixes begin the options that are extensions: Java's, and Strimzi's.
var extensionPrefixes = []string{"extension_", "oauth.sasl.extension."}

// issuerPrefix begins Strimzi's options about the issuer's certificates.
const issuerPrefix = "oauth.ssl."

// unsupported are other ways of Strimzi's to a token.
var unsupported = []string{"oauth.audience", "oauth.client.assertion", "oauth.client.credentials.grant.type", "oauth.password.grant.", "oauth.refresh.token"}

// plainOptions are those whose values are not secret.
var plainOptions = map[string]bool{
	"username": true, "clientId": true, "scope": true, "tokenauth": true, "awsProfileName": true, "awsRoleArn": true,
	"awsRoleSessionName": true, "awsStsRegion": true, "awsDebugCreds": true, "awsMaxRetries": true, "awsMaxBackOffTimeMs": true,
	"oauth.client.id": true, "oauth.client.secret.location": true, "oauth.token.endpoint.uri": true, "oauth.scope": true,
	"oauth.access.token.location": true, "oauth.access.token.is.jwt": true, "oauth.username.claim": true,
}

// jaas takes the credentials of a login module.
func jaas(r *reader, value string) error {
	l, err := javaprops.ParseJAAS(value)
	if err != nil {
		return err
	}
	for _, o := range l.Options {
		if _, extension := extensionOf(o.Name); !plainOptions[o.Name] && !extension {
			redact.Secret(o.Value)
		}
	}
	name := l.Class[strings.LastIndexByte(l.Class, '.')+1:]
	if name == "Krb5LoginModule" {
		return errors.New("login by Kerberos is not supported")
	}
	options, ok := modules[name]
	if !ok {
		known := "want one of " + strings.Join(slices.Sorted(maps.Keys(modules)), ", ")
		if best := near.Name(name, maps.Keys(modules), 3); best != "" {
			return fmt.Errorf("the login module is not known here; did you mean %s? (%s)", best, known)
		}
		return fmt.Errorf("the login module %s is not known here, %s", redact.Quote(l.Class), known)
	}
	if strings.EqualFold(l.Get("tokenauth"), "true") {
		return errors.New("tokenauth is not supported: want a user and its password")
	}
	return takeOptions(r, name, l.Options, options)
}

// takeOptions takes the options of a login module.
func takeOptions(r *reader, module string, given []javaprops.Option, options map[string]setting.Key) error {
	var extensions []string
	issuer := false
	for _, o := range given {
		issuer = issuer || strings.HasSuffix(o.Name, "ssl.truststore.location") || o.Name == issuerPrefix+"truststore.certificates"
		key, known := options[o.Name]
		extension, isExtension := extensionOf(o.Name)
		oauth := module == "OAuthBearerLoginModule"
		other := slices.IndexFunc(unsupported, func(prefix string) bool { return strings.HasPrefix(o.Name, prefix) })
		switch {
		case isExtension && oauth:
			extensions = append(extensions, extension+"="+o.Value)
		case oauth && strings.HasPrefix(o.Name, issuerPrefix):
		case strings.HasPrefix(o.Name, "unsecuredLogin"):
			return errors.New("unsecured tokens are for tests of Java's own, and not supported")
		case oauth && other >= 0:
			return fmt.Errorf("its option %s is not supported, want oauth.client.id with oauth.client.secret, or oauth.access.token", strings.Trim(unsupported[other], "."))
		case !known:
			return fmt.Errorf("%s has no option %s%s", module, shownOption(o.Name), nearestOption(o.Name, options))
		case key == setting.SASLScopes:
			if err := scopes(setting.SASLScopes)(r, o.Value); err != nil {
				return err
			}
		case key != "" && o.Value != "":
			r.set(key, o.Value)
		}
	}
	if issuer {
		r.note("the certificate of who issues tokens is trusted if " + setting.TLSCA.String() + " has it, too")
	}
	if extensions != nil {
		r.set(setting.SASLExtensions, list(extensions...))
	}
	return nil
}

func extensionOf(option string) (name string, ok bool) {
	for _, prefix := range extensionPrefixes {
		if name, ok = strings.CutPrefix(option, prefix); ok {
			return name, true
		}
	}
	return "", false
}

// shownOption returns an option's name for errors; a password with a quotation mark can
// leave a part of itself in its place.
func shownOption(name string) string {
	if near.Name(name, maps.Keys(plainOptions), 2) != "" || near.Name(name, slices.Values([]string{"password", "clientSecret"}), 2) != "" {
		return redact.Quote(name)
	}
	return "of that name"
}

func nearestOption(name string, options map[string]setting.Key) string {
	if best := near.Name(name, maps.Keys(options), len(name)/3+1); best != "" {
		return fmt.Sprintf("; did you mean %s?", best)
	}
	return ""
}
