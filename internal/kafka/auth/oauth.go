package auth

import (
	"context"
	"crypto/tls"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/twmb/franz-go/pkg/sasl"
	saslauth "github.com/twmb/franz-go/pkg/sasl/oauth"

	"github.com/tracklayer/amazon-capi/internal/bearer"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
)

// oauth returns OAUTHBEARER: with a token that is fixed or reread from its file for each
// connection, or with those of a token endpoint.
func (s *Settings) oauth(config *tls.Config) sasl.Mechanism {
	token := func(context.Context) (string, error) { return s.password(), nil }
	if s.OAuthTokenURL != "" {
		token = bearer.ClientCredentials(bearer.Credentials{
			URL: s.OAuthTokenURL, ClientID: s.Username, Scopes: s.OAuthScopes, TLS: config,
			Secret: func() (string, error) { return s.password(), nil },
			Named:  bearer.Settings{URL: setting.SASLTokenURL, ClientID: setting.SASLUsername, Secret: setting.SASLPassword, Scopes: setting.SASLScopes},
		}).Token
	}
	extensions := maps.Clone(s.OAuthExtensions)
	return saslauth.Oauth(func(ctx context.Context) (saslauth.Auth, error) {
		t, err := token(ctx)
		if err != nil {
			return saslauth.Auth{}, err
		}
		redact.Secret(t)
		if err := bearer.Check(t); err != nil {
			return saslauth.Auth{}, fmt.Errorf("%s: %w", setting.SASLPassword, err)
		}
		return saslauth.Auth{Token: t, Extensions: extensions}, nil
	})
}

var (
	extensionName  = regexp.MustCompile(`^[A-Za-z]+$`)
	extensionValue = regexp.MustCompile(`^[\x21-\x7e \t\r\n]+$`)
)

// checkExtensions refuses what RFC 7628 cannot express.
func checkExtensions(extensions map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(extensions)) {
		switch {
		case !extensionName.MatchString(name), name == "auth":
			return fmt.Errorf("%s: %s is not a name of an extension, want letters, and not auth", setting.SASLExtensions, redact.Quote(name))
		case !extensionValue.MatchString(extensions[name]):
			return fmt.Errorf("%s: the value of %s is empty or has characters that are not printable ASCII", setting.SASLExtensions, name)
		}
	}
	return nil
}
