package sink

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/oauth2"

	"github.com/tracklayer/amazon-capi/internal/ops"
)

// Tokens is where lanes get their access tokens.
type Tokens interface {
	// Token returns a token to send with, other than refused, which Amazon did
	// not take; the zero token if none was refused. While there is none it
	// waits, until there is one or ctx ends: nothing is sent without a token,
	// and nothing is given up for the want of one. If ctx has ended before the
	// call, a token that is there is returned all the same.
	//
	// Who was refused waits for the renewal alone. Others go on with the token
	// they have: it may well be the profile and not the token, and a renewal
	// that fails must not stop those whom the token serves.
	Token(ctx context.Context, refused AccessToken) (AccessToken, error)
}

// TokenOptions are the settings of a TokenSource. URL, ClientID, ClientSecret
// and RefreshToken are required.
type TokenOptions struct {
	// Account tells this source from others: in metrics, and in the name of its
	// condition, "token" and the account. Empty for the only one, whose settings
	// are flags.
	Account string

	URL          string // Login with Amazon's token endpoint
	ClientID     string
	ClientSecret string
	RefreshToken string

	HTTPClient *http.Client  // nil means NewHTTPClient
	Timeout    time.Duration // of one exchange; 0 means 10s
	// RenewBefore is how long before its end a token is renewed; 0 means 5m.
	// Tokens that live shorter are renewed after three quarters of their life.
	RenewBefore time.Duration
	BackoffMin  time.Duration // between failed exchanges; 0 means 1s
	BackoffMax  time.Duration // 0 means 1m

	Log        zerolog.Logger
	Conditions *ops.Conditions  // reports "token"; nil reports nothing
	Metrics    *TokenMetrics    // nil means none
	Now        func() time.Time // nil means time.Now
	Rand       func() float64   // in [0,1); nil means math/rand
}

const (
	// assumedLifetime is Login with Amazon's own, for answers that do not say.
	// If it is wrong, a 401 corrects it.
	assumedLifetime = time.Hour
	// renewalSpacing is the least age of a token that a refusal has renewed: one
	// may be withdrawn as soon as it is given.
	renewalSpacing = time.Second
)

// ErrClosed is returned to those who wait for something that has been closed.
var ErrClosed = errors.New("closed")

// TokenSource exchanges a refresh token for access tokens at Login with Amazon.
// It keeps one, renews it early while it is still good, so that renewal stops
// nobody, and has one exchange in flight at most, whoever asks. It has a
// goroutine only during an exchange and the pauses between failed ones.
type TokenSource struct {
	opts    TokenOptions
	conf    oauth2.Config
	client  *http.Client
	backoff backoff
	cond    *ops.Condition
	name    string // of the condition
	metrics *TokenMetrics

	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu       sync.Mutex
	refresh  string // the refresh token in force
	current  AccessToken
	obtained time.Time
	renewAt  time.Time
	expires  time.Time // zero when there is no token to use
	renewing bool
	forced   bool          // the renewal under way was asked for by a refusal
	changed  chan struct{} // closed when a token has arrived
}

// NewTokenSource returns a source that asks for its first token when it is
// first used.
func NewTokenSource(opts TokenOptions) (*TokenSource, error) {
	u, err := endpoint("token URL (--token-url)", opts.URL)
	if err != nil {
		return nil, err
	}
	for _, s := range []struct{ setting, value string }{
		{"--client-id", opts.ClientID},
		{"--client-secret", opts.ClientSecret},
		{"--refresh-token", opts.RefreshToken},
	} {
		if strings.TrimSpace(s.value) != s.value || strings.ContainsAny(s.value, "\r\n\x00") {
			return nil, fmt.Errorf("%s: begins or ends with a space, or has a line break in it: want it as Amazon gave it", s.setting)
		}
		if s.value == "" {
			return nil, fmt.Errorf("%s is missing: want the value from Login with Amazon", s.setting)
		}
	}
	setDefault(&opts.Timeout, 10*time.Second)
	setDefault(&opts.RenewBefore, 5*time.Minute)
	setDefault(&opts.BackoffMin, time.Second)
	setDefault(&opts.BackoffMax, time.Minute)
	opts.Now = orNow(opts.Now)
	s := &TokenSource{
		opts:   opts,
		client: noRedirects(opts.HTTPClient),
		conf: oauth2.Config{
			ClientID:     opts.ClientID,
			ClientSecret: opts.ClientSecret,
			// Fixed, since oauth2 would otherwise try the header first, and
			// Login with Amazon wants the credentials in the body.
			Endpoint: oauth2.Endpoint{TokenURL: u.String(), AuthStyle: oauth2.AuthStyleInParams},
		},
		backoff: backoff{opts.BackoffMin, opts.BackoffMax, orRand(opts.Rand)},
		name:    strings.TrimSpace("token " + opts.Account),
		metrics: opts.Metrics,
		refresh: opts.RefreshToken,
		changed: make(chan struct{}),
	}
	s.cond = condition(opts.Conditions, s.name)
	s.ctx, s.cancel = context.WithCancel(context.Background())
	if s.metrics == nil {
		s.metrics = NewTokenMetrics(nil)
	}
	s.metrics.add(s)
	return s, nil
}

// Token implements Tokens.
func (s *TokenSource) Token(ctx context.Context, refused AccessToken) (AccessToken, error) {
	for {
		token, wait := s.take(refused)
		if wait == nil {
			return token, nil
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return AccessToken{}, ctx.Err()
		case <-s.ctx.Done():
			return AccessToken{}, ErrClosed
		}
	}
}

// take returns a token, or what to wait for.
func (s *TokenSource) take(refused AccessToken) (AccessToken, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.opts.Now()
	good := now.Before(s.expires)
	usable := good && s.current.generation > refused.generation
	s.forced = s.forced || good && !usable
	if !usable || !now.Before(s.renewAt) {
		s.renew()
	}
	if usable {
		return s.current, nil
	}
	return AccessToken{}, s.changed
}

// renew starts an exchange unless one is going on. The caller holds mu.
func (s *TokenSource) renew() {
	if s.renewing || s.ctx.Err() != nil {
		return
	}
	s.renewing = true
	s.wg.Go(s.renewal)
}

// renewal exchanges until it succeeds: work goes on by itself when the fault
// ends, whether or not somebody is waiting.
func (s *TokenSource) renewal() {
	s.mu.Lock()
	early := s.obtained.Add(renewalSpacing).Sub(s.opts.Now())
	forced := s.forced
	s.mu.Unlock()
	if forced && early > 0 && !sleep(s.ctx, early) {
		return
	}
	for n := 0; ; n++ {
		began := s.opts.Now()
		tok, err := s.exchange()
		if s.ctx.Err() != nil {
			return
		}
		if err == nil {
			s.store(tok, began)
			s.cond.OK()
			s.metrics.refreshes.WithLabelValues(s.opts.Account, "ok").Inc()
			return
		}
		f := explainRefusal(err, s.opts.Timeout)
		s.cond.Fail(s.standing() + s.inItsFile(f.text))
		s.metrics.refreshes.WithLabelValues(s.opts.Account, f.label).Inc()
		if !sleep(s.ctx, s.backoff.spaced(n)) {
			return
		}
	}
}

// standing says what a failed refresh means at present.
func (s *TokenSource) standing() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opts.Now().Before(s.expires) {
		return "the access token lasts until " + s.expires.UTC().Format(time.TimeOnly) + " UTC and cannot be renewed: "
	}
	return "no access token, nothing is sent: "
}

func (s *TokenSource) exchange() (*oauth2.Token, error) {
	ctx, cancel := context.WithTimeout(s.ctx, s.opts.Timeout)
	defer cancel()
	s.mu.Lock()
	refresh := s.refresh
	s.mu.Unlock()
	ctx = context.WithValue(ctx, oauth2.HTTPClient, s.client)
	tok, err := s.conf.TokenSource(ctx, &oauth2.Token{RefreshToken: refresh}).Token()
	if err == nil && !sendable(tok.AccessToken) {
		return nil, errUnsendable
	}
	return tok, err
}

// store puts a new token in force. Its life is counted from when it was asked
// for, and ends a little early: it must still be good when Amazon reads it.
func (s *TokenSource) store(tok *oauth2.Token, began time.Time) {
	life := time.Duration(tok.ExpiresIn) * time.Second
	if life <= 0 {
		life = assumedLifetime
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if tok.RefreshToken != "" && tok.RefreshToken != s.refresh {
		s.refresh = tok.RefreshToken
		s.opts.Log.Info().Msg("Login with Amazon replaced the refresh token; the new one is in use until this process ends")
	}
	s.current = AccessToken{tok.AccessToken, s.current.generation + 1}
	s.obtained = began
	s.renewAt = began.Add(life - min(s.opts.RenewBefore, life/4))
	s.expires = began.Add(life - min(10*time.Second, life/10))
	s.renewing, s.forced = false, false
	close(s.changed)
	s.changed = make(chan struct{})
}

// settings puts the names that an accounts file has in the place of flags.
var settings = strings.NewReplacer("--client-id", "client_id", "--client-secret", "client_secret", "--refresh-token", "refresh_token", "--token-url", "token_url")

// inItsFile rewords what names a flag for an account whose settings are in a
// file.
func (s *TokenSource) inItsFile(text string) string {
	if s.opts.Account == "" {
		return text
	}
	return settings.Replace(text) + " of account " + s.opts.Account
}

// Retire is Close for a source whose account is there no more: its condition and
// metrics go, too. A successor of the same account keeps them, and finds out for
// itself how it stands.
func (s *TokenSource) Retire(succeeded bool) {
	s.Close()
	s.metrics.remove(s)
	s.cond.OK()
	if cs := s.opts.Conditions; cs != nil && !succeeded {
		cs.Remove(s.name)
	}
}

// Close ends an exchange in flight and wakes those who wait for a token.
func (s *TokenSource) Close() {
	s.mu.Lock()
	s.cancel() // under mu, so that no renewal starts after it
	s.mu.Unlock()
	s.wg.Wait()
	s.client.CloseIdleConnections()
}

// sendable tells whether a token can stand in a header.
func sendable(token string) bool {
	for i := range len(token) {
		if token[i] <= ' ' || token[i] > '~' {
			return false
		}
	}
	return token != ""
}

func setDefault[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

// condition is cs.Condition for a set that may be nil.
func condition(cs *ops.Conditions, name string) *ops.Condition {
	if cs == nil {
		return nil
	}
	return cs.Condition(name)
}
