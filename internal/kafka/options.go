// Package kafka turns connection settings into client options, once for every
// command that talks to brokers.
package kafka

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	saslauth "github.com/twmb/franz-go/pkg/sasl/oauth"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
	"github.com/twmb/franz-go/plugin/kzerolog"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/internal/textfile"
	"github.com/tracklayer/amazon-capi/internal/web"
)

// Settings says how to reach the brokers.
type Settings struct {
	// Brokers are the seeds, host:port; a port of 9092 is added when missing.
	Brokers []string
	// ClientID names this process to the brokers, for their logs and quotas.
	ClientID string
	TLS      TLSSettings
	SASL     SASLSettings
	// Dial opens the connections, unless TLS does; nil for the operating system's.
	Dial web.Dial
}

// SASLSettings says how to authenticate to the brokers; an empty mechanism
// means not at all.
type SASLSettings struct {
	// Mechanism is PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER, in any
	// case.
	Mechanism string
	Username  string
	Password  string
	// Reread returns the password as it is now, if it can change: it is asked for
	// each connection, so that a renewed one needs no restart. Optional.
	Reread func() (string, error)
	// OAuthTokenURL is where OAUTHBEARER gets its tokens, with Username and
	// Password as client id and secret. Without it Password is the token.
	OAuthTokenURL string
	OAuthScopes   []string
}

// Mechanisms lists the values of SASLSettings.Mechanism.
const Mechanisms = "PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER"

// Options returns the client options for the settings. Errors name the flag.
func (s *Settings) Options(log zerolog.Logger) ([]kgo.Opt, error) {
	redact.Credentials(s.SASL.Username, s.SASL.Password)
	brokers, err := s.seeds()
	if err != nil {
		return nil, err
	}
	clientID := s.ClientID
	if clientID == "" {
		clientID = "amazon-capi"
	}
	// The client tells at info level much that only its developers want to
	// know; from warnings up it is worth an operator's time.
	clientLog := log.With().Str("stage", "kafka").Logger()
	if clientLog.GetLevel() == zerolog.InfoLevel {
		clientLog = clientLog.Level(zerolog.WarnLevel)
	}
	// While brokers are away the client says so for every try of every
	// connection. The conditions tell the operator once; a handful of the
	// client's lines a minute add the detail without burying the log.
	clientLog = clientLog.Sample(&zerolog.BurstSampler{Burst: 5, Period: time.Minute})
	logger := &clientLogger{Logger: quiet{kzerolog.New(&clientLog)}}
	opts := []kgo.Opt{
		kgo.SeedBrokers(brokers...),
		kgo.ClientID(clientID),
		kgo.SoftwareNameAndVersion("amazon-capi", "v1"),
		kgo.WithLogger(logger),
		kgo.WithHooks(logger),
	}
	tlsConfig, err := s.TLS.Config()
	if err != nil {
		return nil, err
	}
	if tlsConfig != nil {
		dialer := &tls.Dialer{NetDialer: &net.Dialer{Timeout: 10 * time.Second}, Config: tlsConfig}
		opts = append(opts, kgo.Dialer(dialer.DialContext))
	}
	if tlsConfig == nil && s.Dial != nil {
		opts = append(opts, kgo.Dialer(s.Dial))
	}
	mechanism, err := s.SASL.mechanism(tlsConfig)
	if err != nil {
		return nil, err
	}
	if mechanism != nil {
		opts = append(opts, kgo.SASL(mechanism))
	}
	return opts, nil
}

func (s *Settings) seeds() ([]string, error) {
	var seeds []string
	for _, b := range s.Brokers {
		b = strings.TrimSpace(b)
		redact.URLCredentials(b)
		if b == "" {
			continue
		}
		if strings.Contains(b, "://") {
			return nil, fmt.Errorf("%s: %s is a URL, want host:port", setting.Brokers, redact.Quote(b))
		}
		host, port, err := net.SplitHostPort(b)
		if err != nil {
			host, port = strings.Trim(b, "[]"), "9092"
		}
		if n, err := strconv.Atoi(port); host == "" || err != nil || n < 1 || n > 65535 || strings.ContainsAny(host, " /") {
			return nil, fmt.Errorf("%s: %s is no address, want host:port", setting.Brokers, redact.Quote(b))
		}
		seeds = append(seeds, net.JoinHostPort(host, port))
	}
	if len(seeds) == 0 {
		return nil, fmt.Errorf("%s: no broker given, want host:port, several separated by commas", setting.Brokers)
	}
	return seeds, nil
}

func (s *SASLSettings) mechanism(tlsConfig *tls.Config) (sasl.Mechanism, error) {
	name := strings.ToUpper(s.Mechanism)
	if name == "" {
		if s.Username != "" || s.Password != "" {
			return nil, fmt.Errorf("%s or %s is set without %s: want %s", setting.SASLUsername, setting.SASLPassword, setting.SASLMechanism, Mechanisms)
		}
		return nil, nil
	}
	switch name {
	case "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER":
	default:
		return nil, fmt.Errorf("%s %s is unknown: want %s", setting.SASLMechanism, redact.Quote(s.Mechanism), Mechanisms)
	}
	if s.Password == "" || s.Username == "" && (name != "OAUTHBEARER" || s.OAuthTokenURL != "") {
		return nil, fmt.Errorf("%s %s needs %s and %s", setting.SASLMechanism, name, setting.SASLUsername, setting.SASLPassword)
	}
	own := *s // the caller may change its settings
	s = &own
	switch name {
	case "PLAIN":
		return plain.Plain(func(context.Context) (plain.Auth, error) {
			return plain.Auth{User: s.Username, Pass: s.password()}, nil
		}), nil
	case "SCRAM-SHA-256":
		return scram.Sha256(s.scram), nil
	case "SCRAM-SHA-512":
		return scram.Sha512(s.scram), nil
	default:
		return saslauth.Oauth(s.oauthToken(tlsConfig)), nil
	}
}

func (s *SASLSettings) scram(context.Context) (scram.Auth, error) {
	return scram.Auth{User: s.Username, Pass: s.password()}, nil
}

// password is the one to use now: that of before, if it cannot be read again.
func (s *SASLSettings) password() string {
	if s.Reread != nil {
		if now, err := s.Reread(); err == nil && now != "" {
			return now
		}
	}
	return s.Password
}

// oauthToken returns what OAUTHBEARER asks for a token at each (re)connection.
func (s *SASLSettings) oauthToken(tlsConfig *tls.Config) func(context.Context) (saslauth.Auth, error) {
	if s.OAuthTokenURL == "" {
		return func(context.Context) (saslauth.Auth, error) { return saslauth.Auth{Token: s.password()}, nil }
	}
	client := web.NoRedirects(http.Client{Timeout: 10 * time.Second})
	if tlsConfig != nil {
		client.Transport = &http.Transport{TLSClientConfig: tlsConfig, Proxy: http.ProxyFromEnvironment}
	}
	ctx := context.WithValue(context.Background(), oauth2.HTTPClient, client)
	// One source for all connections, so that a reconnect to twenty brokers
	// asks for one token.
	source := oauth2.ReuseTokenSource(nil, tokenFunc(func() (*oauth2.Token, error) {
		config := &clientcredentials.Config{
			ClientID: s.Username, ClientSecret: s.password(),
			TokenURL: s.OAuthTokenURL, Scopes: s.OAuthScopes,
		}
		return config.Token(ctx)
	}))
	return func(context.Context) (saslauth.Auth, error) {
		tok, err := source.Token()
		if err != nil {
			return saslauth.Auth{}, oauthError(err)
		}
		redact.Secret(tok.AccessToken)
		return saslauth.Auth{Token: tok.AccessToken}, nil
	}
}

type tokenFunc func() (*oauth2.Token, error)

// Token makes a function a source of tokens.
func (f tokenFunc) Token() (*oauth2.Token, error) { return f() }

// oauthError keeps the answer's body, which may echo credentials, out of logs.
func oauthError(err error) error {
	var retrieve *oauth2.RetrieveError
	if errors.As(err, &retrieve) && retrieve.Response != nil {
		if web.IsRedirect(retrieve.Response.StatusCode) {
			return fmt.Errorf("%s answers with a redirect (%d), which is not followed with a secret: want the URL that it leads to", setting.SASLTokenURL, retrieve.Response.StatusCode)
		}
		return fmt.Errorf("%s answered %d %s", setting.SASLTokenURL, retrieve.Response.StatusCode, redact.Line(redact.Text(retrieve.ErrorCode), 64))
	}
	return fmt.Errorf("%s cannot be asked: %w", setting.SASLTokenURL, redact.Wrap(err))
}

// readable names the setting in the error of a file that cannot be read.
func readable(key setting.Key, path string) ([]byte, error) {
	b, err := textfile.Read(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, redact.File(err))
	}
	return b, nil
}
