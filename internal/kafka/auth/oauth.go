package auth

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/sasl"
	saslauth "github.com/twmb/franz-go/pkg/sasl/oauth"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/internal/web"
)

// tokenTimeout bounds a question to the token endpoint. A connection waits for it.
const tokenTimeout = 10 * time.Second

// oauth returns OAUTHBEARER: with a token that is fixed or read from its file again
// for each connection, or with those of a token endpoint.
func (s *Settings) oauth(config *tls.Config) sasl.Mechanism {
	token := func(context.Context) (string, error) { return s.password(), nil }
	if s.OAuthTokenURL != "" {
		token = (&renewed{fetch: s.askToken(config)}).get
	}
	extensions := maps.Clone(s.OAuthExtensions)
	return saslauth.Oauth(func(ctx context.Context) (saslauth.Auth, error) {
		t, err := token(ctx)
		if err != nil {
			return saslauth.Auth{}, err
		}
		redact.Secret(t)
		if !bearer.MatchString(t) {
			return saslauth.Auth{}, fmt.Errorf("%s: what is given as the token is none: want one line of A-Z a-z 0-9 - . _ ~ + / =", setting.SASLPassword)
		}
		return saslauth.Auth{Token: t, Extensions: extensions}, nil
	})
}

// bearer is RFC 6750's b64token. Other characters could end the token's field and
// begin another one.
var bearer = regexp.MustCompile(`^[A-Za-z0-9\-._~+/]+=*$`)

var (
	extensionName  = regexp.MustCompile(`^[A-Za-z]+$`)
	extensionValue = regexp.MustCompile(`^[\x21-\x7e \t\r\n]+$`)
)

// checkExtensions refuses what RFC 7628 has no room for.
func checkExtensions(extensions map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(extensions)) {
		switch {
		case !extensionName.MatchString(name), name == "auth":
			return fmt.Errorf("%s: %s is no name of an extension, want letters, and not auth", setting.SASLExtensions, redact.Quote(name))
		case !extensionValue.MatchString(extensions[name]):
			return fmt.Errorf("%s: the value of %s is empty or has characters that are not printable ASCII", setting.SASLExtensions, name)
		}
	}
	return nil
}

// askToken returns what asks the endpoint for a token, by client credentials.
func (s *Settings) askToken(config *tls.Config) func(context.Context) (string, time.Time, error) {
	client := web.NoRedirects(http.Client{Timeout: tokenTimeout})
	if config != nil {
		client.Transport = &http.Transport{TLSClientConfig: config, Proxy: http.ProxyFromEnvironment, IdleConnTimeout: time.Minute}
	}
	return func(ctx context.Context) (string, time.Time, error) {
		ctx, cancel := context.WithTimeout(ctx, tokenTimeout)
		defer cancel()
		credentials := &clientcredentials.Config{
			ClientID: s.Username, ClientSecret: s.password(),
			TokenURL: s.OAuthTokenURL, Scopes: s.OAuthScopes,
		}
		t, err := credentials.Token(context.WithValue(ctx, oauth2.HTTPClient, client))
		if err != nil {
			return "", time.Time{}, tokenError(err)
		}
		redact.Secret(t.AccessToken)
		expires := t.Expiry
		if expires.IsZero() {
			expires = expiryOf(t.AccessToken)
		}
		return t.AccessToken, expires, nil
	}
}

// expiryOf is when a token ends that its endpoint said nothing of; the zero time if
// it is no JWT.
func expiryOf(token string) time.Time {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return time.Time{}
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return time.Time{}
	}
	var claims struct {
		Exp float64 `json:"exp"`
	}
	if json.Unmarshal(payload, &claims) != nil || claims.Exp <= 0 || claims.Exp > 1e12 {
		return time.Time{}
	}
	return time.Unix(int64(claims.Exp), 0)
}

// tokenError keeps the answer's body, which may echo credentials, out of logs.
func tokenError(err error) error {
	var retrieve *oauth2.RetrieveError
	if !errors.As(err, &retrieve) || retrieve.Response == nil {
		return fmt.Errorf("%s cannot be asked: %w", setting.SASLTokenURL, redact.Wrap(err))
	}
	status := retrieve.Response.StatusCode
	switch {
	case web.IsRedirect(status):
		return fmt.Errorf("%s answers with a redirect (%d), which is not followed with a secret: want the URL that it leads to", setting.SASLTokenURL, status)
	case retrieve.ErrorCode == "invalid_scope":
		return fmt.Errorf("%s answered %d invalid_scope: see %s", setting.SASLTokenURL, status, setting.SASLScopes)
	}
	said := fmt.Sprintf("%s answered %d %s", setting.SASLTokenURL, status, redact.Line(redact.Text(retrieve.ErrorCode), 64))
	if status == http.StatusUnauthorized || status == http.StatusForbidden || retrieve.ErrorCode == "invalid_client" {
		said += fmt.Sprintf(": see %s and %s, which are the client id and its secret", setting.SASLUsername, setting.SASLPassword)
	}
	return errors.New(said)
}
