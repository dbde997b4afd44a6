package login

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/tracklayer/amazon-capi/internal/backoff"
	"github.com/tracklayer/amazon-capi/internal/crash"
	"github.com/tracklayer/amazon-capi/internal/health"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/internal/wait"
	"github.com/tracklayer/amazon-capi/sink/web"
)

// Tokens gives lanes their access tokens.
type Tokens interface {
	// Token returns a token other than refused, the one that Amazon rejected; the zero
	// token means that none was. Token waits until there is one or ctx ends: nothing is
	// sent without a token, and a missing token never fails an event. If ctx has already
	// ended, an available token is returned all the same.
	//
	// Only callers with a refused token wait for the renewal. Others continue with the
	// token they have: the profile may be at fault rather than the token, and a failed
	// renewal must not stop those for whom the token works.
	Token(ctx context.Context, refused AccessToken) (AccessToken, error)
}

// Options are the settings of a Source. URL, ClientID, ClientSecret
// and RefreshToken are required.
type Options struct {
	// Account distinguishes this source in metrics and in its condition, "token" and the
	// account. It is empty for the single source that is configured by flags.
	Account string

	URL          string // Login with Amazon's token endpoint
	ClientID     string
	ClientSecret string
	RefreshToken string

	HTTPClient *http.Client  // nil means NewClient
	Timeout    time.Duration // of one exchange; 0 means 10s
	// RenewBefore is how long before its expiry a token is renewed; 0 means 5m. Tokens
	// with a shorter life are renewed after three quarters of it.
	RenewBefore time.Duration
	BackoffMin  time.Duration // between failed exchanges; 0 means 1s
	BackoffMax  time.Duration // 0 means 1m

	Log        zerolog.Logger
	Conditions *health.Conditions // reports "token"; nil reports nothing
	Metrics    *Metrics           // nil means none
	Now        func() time.Time   // nil means time.Now
	Rand       func() float64     // in [0,1); nil means math/rand
}

const (
	// assumedLifetime is the life of a token if the answer does not give one: Login with
	// Amazon's usual. If it is wrong, a 401 corrects it.
	assumedLifetime = time.Hour
	// shortLife is a lifetime too short for renewing at that pace forever. The first few such
	// tokens in a row are renewed as they expire; further exchanges are spaced like failed
	// ones.
	shortLife = 5 * time.Second
	shortRow  = 3
	// renewalSpacing is the minimum age of a token that replaced a refused one before it is
	// renewed in turn: each might be revoked as soon as it is issued.
	renewalSpacing = time.Second
)

// ErrClosed is returned to callers that wait for something that was closed.
var ErrClosed = errors.New("closed")

// Source exchanges a refresh token for access tokens at Login with Amazon. It keeps one,
// renews it while it is still valid so that nobody waits for the renewal, and has at most
// one exchange in flight. It has a goroutine only during an exchange and the pauses after
// failed ones.
type Source struct {
	opts    Options
	url     string
	client  *http.Client
	backoff backoff.Backoff
	cond    *health.Condition
	name    string // of the condition
	metrics *Metrics

	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu       sync.Mutex
	refresh  string // the current refresh token
	current  AccessToken
	obtained time.Time
	renewAt  time.Time
	expires  time.Time // zero if there is no usable token
	renewing bool
	forced   bool          // a refusal caused the renewal in progress
	short    int           // consecutive tokens that lived no longer than shortLife
	oddity   string        // the last warning
	changed  chan struct{} // closed when a token has arrived
}

// NewSource returns a source that requests its first token on first use.
func NewSource(opts Options) (*Source, error) {
	u, err := web.Endpoint(fmt.Sprintf("token URL (%s)", setting.TokenURL), opts.URL)
	if err != nil {
		return nil, err
	}
	for _, s := range []struct {
		key   setting.Key
		value string
	}{
		{setting.ClientID, opts.ClientID},
		{setting.ClientSecret, opts.ClientSecret},
		{setting.RefreshToken, opts.RefreshToken},
	} {
		if strings.TrimSpace(s.value) != s.value || strings.ContainsAny(s.value, "\r\n\x00") {
			return nil, fmt.Errorf("%s: begins or ends with a space, or has a line break in it: want it as Amazon gave it", s.key)
		}
		if s.value == "" {
			return nil, fmt.Errorf("%s is missing: want the value from Login with Amazon", s.key)
		}
	}
	redact.Secret(opts.ClientSecret)
	redact.Secret(opts.RefreshToken)
	opts.Timeout = cmp.Or(opts.Timeout, 10*time.Second)
	opts.RenewBefore = cmp.Or(opts.RenewBefore, 5*time.Minute)
	opts.BackoffMin = cmp.Or(opts.BackoffMin, time.Second)
	opts.BackoffMax = cmp.Or(opts.BackoffMax, time.Minute)
	if opts.Now == nil {
		opts.Now = time.Now
	}
	s := &Source{
		opts:    opts,
		client:  web.NoRedirects(opts.HTTPClient),
		url:     u.String(),
		backoff: backoff.New(opts.BackoffMin, opts.BackoffMax, opts.Rand),
		name:    strings.TrimSpace("token " + opts.Account),
		metrics: opts.Metrics,
		refresh: opts.RefreshToken,
		changed: make(chan struct{}),
	}
	s.cond = opts.Conditions.Condition(s.name)
	s.ctx, s.cancel = context.WithCancel(context.Background())
	if s.metrics == nil {
		s.metrics = NewMetrics(nil)
	}
	s.metrics.add(s)
	return s, nil
}

// Token implements Tokens.
func (s *Source) Token(ctx context.Context, refused AccessToken) (AccessToken, error) {
	return await(ctx, s.ctx, func() (AccessToken, <-chan struct{}) { return s.take(refused) })
}

// await calls take, again whenever the channel that it returned closes, until it returns a
// token or the caller's context or the source ends.
func await(ctx, open context.Context, take func() (AccessToken, <-chan struct{})) (AccessToken, error) {
	for {
		token, wait := take()
		if wait == nil {
			return token, nil
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return AccessToken{}, ctx.Err()
		case <-open.Done():
			return AccessToken{}, ErrClosed
		}
	}
}

// take returns a token, or what to wait for.
func (s *Source) take(refused AccessToken) (AccessToken, <-chan struct{}) {
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

// renew starts an exchange unless one is in progress. The caller holds mu.
func (s *Source) renew() {
	if s.renewing || s.ctx.Err() != nil {
		return
	}
	s.renewing = true
	s.wg.Go(s.renewal)
}

// renewal makes exchanges until one succeeds, so that work continues by itself when the fault
// ends, whether or not anybody waits.
func (s *Source) renewal() {
	defer crash.Report()
	if !wait.For(s.ctx, s.early()) {
		return
	}
	for n := 0; ; n++ {
		began := s.opts.Now()
		a, err := s.exchange(s.ctx)
		if s.ctx.Err() != nil {
			return
		}
		if err == nil {
			err = s.store(a, began)
		}
		if err == nil {
			s.metrics.refreshes.WithLabelValues(s.opts.Account, "ok").Inc()
			return
		}
		f := asFault(err)
		s.cond.Fail(s.standing() + s.inItsFile(f.Text) + a.asksForRest())
		s.metrics.refreshes.WithLabelValues(s.opts.Account, f.Label).Inc()
		if !wait.For(s.ctx, max(s.backoff.Spaced(n), a.wait)) {
			return
		}
	}
}

// early returns how long a renewal must still wait: renewals could otherwise follow each
// other as fast as tokens are refused or expire, at the endpoint's cost.
func (s *Source) early() (wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.short >= shortRow:
		wait = s.backoff.Spaced(s.short - shortRow)
	case s.forced:
		wait = renewalSpacing
	default:
		return 0
	}
	return s.obtained.Add(wait).Sub(s.opts.Now())
}

// standing describes the current effect of a failed refresh.
func (s *Source) standing() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opts.Now().Before(s.expires) {
		return "the access token lasts until " + s.expires.UTC().Format("15:04:05Z") + " and cannot be renewed: "
	}
	return "no access token, nothing is sent: "
}

// exchange makes one exchange. The error is a tokenError.
func (s *Source) exchange(ctx context.Context) (tokenAnswer, error) {
	ctx, cancel := context.WithTimeout(ctx, s.opts.Timeout)
	defer cancel()
	s.mu.Lock()
	refresh := s.refresh
	s.mu.Unlock()
	// Login with Amazon expects the credentials in the body.
	form := url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {refresh},
		"client_id": {s.opts.ClientID}, "client_secret": {s.opts.ClientSecret},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, strings.NewReader(form.Encode()))
	if err != nil {
		return tokenAnswer{}, unreachable(err, s.opts.Timeout)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Accept-Encoding", "identity")
	req.Header.Set("User-Agent", "amazon-capi")
	resp, err := s.client.Do(req)
	if err != nil {
		return tokenAnswer{}, unreachable(err, s.opts.Timeout)
	}
	defer resp.Body.Close()
	wait := web.RetryAfter(resp.Header, s.opts.Now())
	body, err := readTokenBody(resp)
	if err != nil {
		return tokenAnswer{wait: wait}, brokenOff(err, s.opts.Timeout)
	}
	a, err := readTokenAnswer(resp.StatusCode, body)
	a.wait = wait
	return a, err
}

// store makes a new token the current one. Its life counts from the request, and ends a
// little early so that it is still valid when Amazon reads it. A token that expired before
// it arrived is an error, because nobody can use it; the previous one stays current.
func (s *Source) store(a tokenAnswer, began time.Time) error {
	redact.Secret(a.access)
	redact.Secret(a.refresh)
	life := a.life
	if life <= 0 {
		life = assumedLifetime
	}
	now := s.opts.Now()
	expires := began.Add(life - min(10*time.Second, life/10))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keepRefresh(a.refresh)
	s.warnOf(a.odd)
	if !now.Before(expires) {
		return tokenError{Label: refreshUnavailable, Text: fmt.Sprintf("the access tokens are valid for %s and take %s to arrive, so they expire before they can be used",
			life.Round(time.Millisecond), now.Sub(began).Round(time.Millisecond))}
	}
	s.current = AccessToken{a.access, s.current.generation + 1}
	s.obtained = began
	s.renewAt = began.Add(life - min(s.opts.RenewBefore, life/4))
	s.expires = expires
	s.renewing, s.forced = false, false
	if s.short++; life > shortLife {
		s.short = 0
	}
	if s.short >= shortRow {
		s.cond.Fail(fmt.Sprintf("the access tokens are valid for only %s: events wait for the next token most of the time, because the endpoint is not asked more often",
			life.Round(time.Millisecond)))
	} else {
		s.cond.OK()
	}
	close(s.changed)
	s.changed = make(chan struct{})
	return nil
}

// keepRefresh makes another refresh token the current one. mu is held.
func (s *Source) keepRefresh(token string) {
	if token == "" || token == s.refresh {
		return
	}
	s.refresh = token
	s.opts.Log.Info().Msg("Login with Amazon replaced the refresh token; the new one is in use until this process ends")
}

// warnOf logs, once, what is odd about an answer that is used nevertheless. mu is held.
func (s *Source) warnOf(odd string) {
	if odd != "" && odd != s.oddity {
		s.opts.Log.Warn().Str("condition", s.name).Str("answer", odd).Dur("assumed_ms", assumedLifetime).
			Msg("the token endpoint's answer is odd; the token is used, and renewed no later than when Amazon refuses it")
	}
	s.oddity = odd
}

// inFile replaces the names of settings with those of the accounts file.
var inFile = strings.NewReplacer(
	setting.ClientID.String(), setting.ClientID.InFile(), setting.ClientSecret.String(), setting.ClientSecret.InFile(),
	setting.RefreshToken.String(), setting.RefreshToken.InFile(), setting.TokenURL.String(), setting.TokenURL.InFile(),
)

// inItsFile rewords settings' names for an account that is configured in a file.
func (s *Source) inItsFile(text string) string {
	if s.opts.Account == "" {
		return text
	}
	return inFile.Replace(text) + " of account " + s.opts.Account
}

// Retire is Close for a source whose account was removed: its condition and metrics are
// removed as well. A successor of the same account keeps them and finds out its own state.
func (s *Source) Retire(succeeded bool) {
	s.Close()
	s.metrics.remove(s)
	s.cond.OK()
	if cs := s.opts.Conditions; cs != nil && !succeeded {
		cs.Remove(s.name)
	}
}

// Close ends an exchange in flight and releases callers that wait for a token.
func (s *Source) Close() {
	s.mu.Lock()
	s.cancel() // under mu, so that no renewal starts afterwards
	s.mu.Unlock()
	s.wg.Wait()
	s.client.CloseIdleConnections()
}
