package bearer

import (
	"context"
	"errors"
	"regexp"
	"sync"
	"time"

	"github.com/tracklayer/amazon-capi/internal/redact"
)

const (
	// earlyFraction of a token's life is left when it is renewed. Connections to brokers
	// reauthenticate after 95 % of their session, which ends with the token.
	earlyFraction = 0.2
	// unknownLife is how long a token without a known expiry is used.
	unknownLife = time.Minute
	// renewAgain is when a failed early renewal is tried again.
	renewAgain = 10 * time.Second
	// earlyTimeout bounds an early renewal. The caller waits for it although its token is still
	// valid.
	earlyTimeout = 3 * time.Second
)

// Source provides tokens. It is safe for concurrent use, starts no goroutine, and sends its
// endpoint one request at a time.
type Source struct {
	fetch func(context.Context) (token string, expires time.Time, err error)

	mu      sync.Mutex
	token   string
	asked   time.Time // when it was requested
	early   time.Time // when to renew it
	expires time.Time
	running *renewal // nil for none
}

// renewal is a request to the endpoint in progress.
type renewal struct {
	done chan struct{}
	// Valid once done is closed.
	token     string
	err       error
	abandoned bool // the requester's context ended; the waiting callers make their own request
}

// Fixed returns a Source of the token that read returns. read is called each time, because the
// token may be renewed in a file. If it fails, as while the file is being replaced, the previous
// token is used.
func Fixed(token string, read func() (string, error)) *Source {
	return &Source{fetch: func(context.Context) (string, time.Time, error) { // one at a time
		if now, err := read(); err == nil && Check(now) == nil {
			token = now
		}
		return token, time.Now(), nil
	}}
}

// wellFormed is RFC 6750's b64token. Other characters could end the header's value and begin
// another header.
var wellFormed = regexp.MustCompile(`^[A-Za-z0-9\-._~+/]+=*$`)

// Check returns an error unless the token is well-formed.
func Check(token string) error {
	if !wellFormed.MatchString(token) {
		return errMalformed
	}
	return nil
}

// errMalformed does not show what is wrong, which may be another secret.
var errMalformed = errors.New("it is not a bearer token: want one line of A-Z a-z 0-9 - . _ ~ + / =")

// Token returns a valid token, a new one if necessary.
func (s *Source) Token(ctx context.Context) (string, error) {
	for {
		s.mu.Lock()
		now := time.Now()
		holds := s.token != "" && now.Before(s.expires)
		if holds && (now.Before(s.early) || s.running != nil) {
			defer s.mu.Unlock()
			return s.token, nil
		}
		r := s.running
		if r == nil {
			r = &renewal{done: make(chan struct{})}
			s.running = r
			s.mu.Unlock()
			return s.renew(ctx, r, holds)
		}
		s.mu.Unlock()
		select {
		case <-r.done:
		case <-ctx.Done():
			return "", context.Cause(ctx)
		}
		if !r.abandoned {
			return r.token, r.err
		}
	}
}

func (s *Source) renew(ctx context.Context, r *renewal, early bool) (string, error) {
	asked, asking := time.Now(), ctx
	if early {
		var cancel context.CancelFunc
		asking, cancel = context.WithTimeout(ctx, earlyTimeout)
		defer cancel()
	}
	token, expires, err := s.fetch(asking)
	redact.Secret(token)
	if err == nil {
		err = Check(token)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	defer close(r.done)
	s.running = nil
	if now := time.Now(); err != nil && s.token != "" && now.Before(s.expires) {
		s.early = now.Add(renewAgain)
		r.token = s.token
		return s.token, nil
	}
	if err != nil {
		r.err, r.abandoned = err, ctx.Err() != nil
		return "", err
	}
	if expires.IsZero() {
		expires = asked.Add(unknownLife)
	}
	s.token, s.asked, s.expires, r.token = token, asked, expires, token
	s.early = expires.Add(-time.Duration(float64(expires.Sub(asked)) * earlyFraction))
	return token, nil
}

// Refused discards a token that a server refused, so that the next one is new. A token
// that was just issued stays: a new one would be refused as well, and the endpoint would
// be asked for every request.
func (s *Source) Refused(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token == token && time.Since(s.asked) > renewAgain {
		s.token = ""
	}
}
