package bearer

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/internal/web"
)

// askTimeout bounds a request to the token endpoint.
const askTimeout = 10 * time.Second

// Credentials are an OAuth 2.0 client's.
type Credentials struct {
	// URL is the token endpoint.
	URL      string
	ClientID string
	// Secret returns the current client secret; it is called for each request.
	Secret func() (string, error)
	Scopes []string
	// TLS is for an https URL; nil means the system's roots.
	TLS *tls.Config
	// Named are the settings that errors refer to.
	Named Settings
}

// Settings are the names of a user's settings.
type Settings struct{ URL, ClientID, Secret, Scopes setting.Key }

// ClientCredentials returns a Source of tokens that an endpoint issues to a client.
func ClientCredentials(c Credentials) *Source {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = c.TLS
	transport.DisableKeepAlives = true // a token lasts longer than any connection would be kept
	client := web.NoRedirects(http.Client{Timeout: askTimeout, Transport: transport})
	return &Source{fetch: func(ctx context.Context) (string, time.Time, error) {
		secret, err := c.Secret()
		if err != nil {
			return "", time.Time{}, err
		}
		asked := &clientcredentials.Config{ClientID: c.ClientID, ClientSecret: secret, TokenURL: c.URL, Scopes: c.Scopes}
		t, err := asked.Token(context.WithValue(ctx, oauth2.HTTPClient, client))
		if err != nil {
			return "", time.Time{}, c.explain(ctx, err)
		}
		redact.Secret(t.AccessToken)
		if err := Check(t.AccessToken); err != nil {
			return "", time.Time{}, fmt.Errorf("%s gives no token: %w", c.Named.URL, err)
		}
		if t.Expiry.IsZero() {
			t.Expiry = expiryOf(t.AccessToken)
		}
		return t.AccessToken, t.Expiry, nil
	}}
}

// expiryOf returns the expiry of a token for which the endpoint gave none; the zero time if it is
// not a JWT.
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

// explain keeps the answer's body, which may echo credentials, out of the error.
func (c *Credentials) explain(ctx context.Context, err error) error {
	var answer *oauth2.RetrieveError
	if !errors.As(err, &answer) || answer.Response == nil {
		if ctx.Err() != nil {
			return fmt.Errorf("%s: gave up asking: %w", c.Named.URL, context.Cause(ctx))
		}
		return fmt.Errorf("%s cannot be asked: %w", c.Named.URL, redact.Wrap(err))
	}
	status := answer.Response.StatusCode
	said := strings.TrimSpace(fmt.Sprintf("%s answers %d %s", c.Named.URL, status, redact.Line(redact.Text(answer.ErrorCode), 64)))
	switch {
	case web.IsRedirect(status):
		return fmt.Errorf("%s answers with a redirect (%d), which is not followed: want the URL that it leads to", c.Named.URL, status)
	case answer.ErrorCode == "invalid_scope":
		return fmt.Errorf("%s: see %s", said, c.Named.Scopes)
	case status == http.StatusUnauthorized || status == http.StatusForbidden || answer.ErrorCode == "invalid_client":
		return fmt.Errorf("%s: see %s and %s, which are the client's id and secret", said, c.Named.ClientID, c.Named.Secret)
	}
	return errors.New(said)
}
