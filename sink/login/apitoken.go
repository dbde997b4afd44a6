package login

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/tracklayer/amazon-capi/internal/backoff"
	"github.com/tracklayer/amazon-capi/internal/crash"
	"github.com/tracklayer/amazon-capi/internal/health"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/internal/wait"
)

// APITokenOptions are the settings of an APIToken. Token is required.
type APITokenOptions struct {
	// Account is as in Options.
	Account string
	Token   string

	Conditions *health.Conditions // reports "token"; nil reports nothing
	Rand       func() float64     // in [0,1); nil means math/rand
}

const (
	// apiTokenTryMin is when a refused token is tried again; later trials are further and
	// further apart. A 401 can be a gateway's mistake, and then nobody should need to edit the
	// file.
	apiTokenTryMin = 30 * time.Second
	apiTokenTryMax = 10 * time.Minute
	// apiTokenProof is how long a token on trial must go without a refusal before it counts as
	// valid: as long as two requests that time out.
	apiTokenProof = time.Minute
)

// APIToken implements Tokens with one lasting API token. It does not use Login with Amazon,
// so nothing can be renewed. Once Amazon has refused the token, all its users stop, because
// it belongs to the account and not to a profile, until it is replaced or a trial succeeds.
type APIToken struct {
	opts    APITokenOptions
	name    string // of the condition
	cond    *health.Condition
	backoff backoff.Backoff

	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu      sync.Mutex
	current AccessToken
	held    bool // refused, and not to be tried yet
	tries   int  // consecutive refusals
	changed chan struct{}
}

// NewAPIToken returns a source of the token.
func NewAPIToken(o APITokenOptions) (*APIToken, error) {
	switch {
	case o.Token == "":
		return nil, errors.New("API token is missing: want the token that Amazon gave for the manager account")
	case strings.TrimSpace(o.Token) != o.Token || strings.ContainsAny(o.Token, "\r\n\x00"):
		return nil, errors.New("API token begins or ends with a space, or has a line break in it: want it as Amazon gave it")
	}
	redact.Secret(o.Token)
	s := &APIToken{
		opts: o, name: strings.TrimSpace("token " + o.Account),
		backoff: backoff.New(apiTokenTryMin, apiTokenTryMax, o.Rand),
		current: AccessToken{o.Token, 1}, changed: make(chan struct{}),
	}
	s.cond = o.Conditions.Condition(s.name)
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s, nil
}

// Token implements Tokens.
func (s *APIToken) Token(ctx context.Context, refused AccessToken) (AccessToken, error) {
	return await(ctx, s.ctx, func() (AccessToken, <-chan struct{}) { return s.take(refused) })
}

// take returns the token, or what to wait for.
func (s *APIToken) take(refused AccessToken) (AccessToken, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.held && s.current.RefusedBy(refused) {
		s.hold()
	}
	if s.held {
		return AccessToken{}, s.changed
	}
	return s.current, nil
}

// hold stops all users of the token for a while. The caller holds mu.
func (s *APIToken) hold() {
	if s.held = true; s.ctx.Err() != nil {
		return
	}
	where := setting.APIToken.String() + " or its file"
	if s.opts.Account != "" {
		where = setting.APIToken.InFile() + " of account " + s.opts.Account
	}
	s.cond.Fail("Amazon refuses the API token (401), nothing is sent with it: replace " + where)
	after := s.backoff.Spaced(s.tries) + apiTokenTryMin/2
	s.tries++
	s.wg.Go(func() { s.retry(after) })
}

// retry lets the token be tried once more after a while. It counts as valid if it was not
// refused for some time.
func (s *APIToken) retry(after time.Duration) {
	defer crash.Report()
	if !wait.For(s.ctx, after) {
		return
	}
	s.mu.Lock()
	// Another generation, because refused callers wait for a later one.
	s.current.generation++
	mine := s.current.generation
	s.held = false
	close(s.changed)
	s.changed = make(chan struct{})
	s.mu.Unlock()
	if !wait.For(s.ctx, apiTokenProof) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.held && s.current.generation == mine {
		s.tries = 0
		s.cond.OK()
	}
}

// Retire is like Source.Retire.
func (s *APIToken) Retire(succeeded bool) {
	s.Close()
	s.cond.OK()
	if cs := s.opts.Conditions; cs != nil && !succeeded {
		cs.Remove(s.name)
	}
}

// Close releases callers that wait for the token.
func (s *APIToken) Close() {
	s.mu.Lock()
	s.cancel() // under mu, so that no retry starts afterwards
	s.mu.Unlock()
	s.wg.Wait()
}
