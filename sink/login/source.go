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

// Tokens is where lanes get their access tokens.
type Tokens interface {
	// Token returns a token to send with, other than refused, which Amazon did
	// not take; the zero token if none was refused. While there is none it
	// waits, until there is one or ctx ends: nothing is sent without a token,
	// and a missing token never fails an event. If ctx has ended before the
	// call, a token that is there is returned all the same.
	//
	// Who was refused waits for the renewal alone. Others go on with the token
	// they have: it may well be the profile and not the token, and a renewal
	// that fails must not stop those whom the token serves.
	Token(ctx context.Context, refused AccessToken) (AccessToken, error)
}

// Options are the settings of a Source. URL, ClientID, ClientSecret
// and RefreshToken are required.
type Options struct {
	// Account tells this source from others: in metrics, and in the name of its
	// condition, "token" and the account. Empty for the only one, whose settings
	// are flags.
	Account string

	URL          string // Login with Amazon's token endpoint
	ClientID     string
	ClientSecret string
	RefreshToken string

	HTTPClient *http.Client  // nil means NewClient
	Timeout    time.Duration // of one exchange; 0 means 10s
	// RenewBefore is how long before its end a token is renewed; 0 means 5m.
	// Tokens that live shorter are renewed after three quarters of their life.
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
	// assumedLifetime is Login with Amazon's own, for answers that do not say.
	// If it is wrong, a 401 corrects it.
	assumedLifetime = time.Hour
	// shortLife is a lifetime with which an endpoint cannot be meant to be asked
	// for ever. A few tokens in a row that live no longer are renewed as they end;
	// then the exchanges are spaced like failed ones.
	shortLife = 5 * time.Second
	shortRow  = 3
	// renewalSpacing is the least age of a token that a refusal has renewed: one
	// may be withdrawn as soon as it is given.
	renewalSpacing = time.Second
)

// ErrClosed is returned to those who wait for something that has been closed.
var ErrClosed = errors.New("closed")

// Source exchanges a refresh token for access tokens at Login with Amazon.
// It keeps one, renews it early while it is still good, so that renewal stops
// nobody, and has one exchange in flight at most, whoever asks. It has a
// goroutine only during an exchange and the pauses between failed ones.
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
	refresh  string // the refresh token in force
	current  AccessToken
	obtained time.Time
	renewAt  time.Time
	expires  time.Time // zero when there is no token to use
	renewing bool
	forced   bool          // the renewal under way was asked for by a refusal
	short    int           // tokens in a row that lived no longer than shortLife
	oddity   string        // what was last warned of
	changed  chan struct{} // closed when a token has arrived
}

// NewSource returns a source that asks for its first token when it is
// first used.
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

// await asks take until it has a token: whenever what it says to wait for has come, the
// caller's context has not ended, and the source, whose context is open, is not closed.
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

// renew starts an exchange unless one is going on. The caller holds mu.
func (s *Source) renew() {
	if s.renewing || s.ctx.Err() != nil {
		return
	}
	s.renewing = true
	s.wg.Go(s.renewal)
}

// renewal exchanges until it succeeds: work goes on by itself when the fault
// ends, whether or not somebody is waiting.
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

// early is how much too early a renewal is that starts now: one may follow the
// next as fast as tokens are refused or expire, and the endpoint is not to pay
// for that.
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

// standing says what a failed refresh means at present.
func (s *Source) standing() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opts.Now().Before(s.expires) {
		return "the access token lasts until " + s.expires.UTC().Format(time.TimeOnly) + " UTC and cannot be renewed: "
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
	// The credentials are in the body, where Login with Amazon wants them.
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

// store puts a new token in force. Its life is counted from when it was asked
// for, and ends a little early: it must still be good when Amazon reads it. One
// that has ended before it arrived is an error, since it serves nobody; the one
// before stays in force.
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
		return tokenError{Label: refreshUnavailable, Text: fmt.Sprintf("the access tokens are good for %s and take %s to arrive, so that they end before they can be used",
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
		s.cond.Fail(fmt.Sprintf("the access tokens are good for %s only: events wait for the next one most of the time, since the endpoint is not asked for ever more of them",
			life.Round(time.Millisecond)))
	} else {
		s.cond.OK()
	}
	close(s.changed)
	s.changed = make(chan struct{})
	return nil
}

// keepRefresh puts another refresh token in force. mu is held.
func (s *Source) keepRefresh(token string) {
	if token == "" || token == s.refresh {
		return
	}
	s.refresh = token
	s.opts.Log.Info().Msg("Login with Amazon replaced the refresh token; the new one is in use until this process ends")
}

// warnOf logs what is odd about an answer that is used all the same, once. mu is
// held.
func (s *Source) warnOf(odd string) {
	if odd != "" && odd != s.oddity {
		s.opts.Log.Warn().Str("condition", s.name).Str("answer", odd).Dur("assumed", assumedLifetime).
			Msg("the token endpoint's answer is odd; the token is used, and renewed when Amazon refuses it at the latest")
	}
	s.oddity = odd
}

// inFile puts the names that an accounts file has in the place of those that users
// give settings by elsewhere.
var inFile = strings.NewReplacer(
	setting.ClientID.String(), setting.ClientID.InFile(), setting.ClientSecret.String(), setting.ClientSecret.InFile(),
	setting.RefreshToken.String(), setting.RefreshToken.InFile(), setting.TokenURL.String(), setting.TokenURL.InFile(),
)

// inItsFile rewords what names a setting for an account whose settings are in a
// file.
func (s *Source) inItsFile(text string) string {
	if s.opts.Account == "" {
		return text
	}
	return inFile.Replace(text) + " of account " + s.opts.Account
}

// Retire is Close for a source whose account is there no more: its condition and
// metrics go, too. A successor of the same account keeps them, and finds out for
// itself how it stands.
func (s *Source) Retire(succeeded bool) {
	s.Close()
	s.metrics.remove(s)
	s.cond.OK()
	if cs := s.opts.Conditions; cs != nil && !succeeded {
		cs.Remove(s.name)
	}
}

// Close ends an exchange in flight and wakes those who wait for a token.
func (s *Source) Close() {
	s.mu.Lock()
	s.cancel() // under mu, so that no renewal starts after it
	s.mu.Unlock()
	s.wg.Wait()
	s.client.CloseIdleConnections()
}
