package login

import (
	"context"
	"time"
)

// Grant is the result of one exchange of the refresh token.
type Grant struct {
	Token AccessToken
	// ExpiresIn is how long the token is valid; 0 if the answer did not say.
	ExpiresIn time.Duration
	// NewRefreshToken is set if Login with Amazon replaced the refresh token.
	NewRefreshToken bool
}

// Exchange makes one exchange with Login with Amazon and does not retry. The error says
// what is wrong and which setting it concerns, and contains no secret. The options that a
// Source needs for continuous operation (clock, backoff, conditions, metrics) are ignored.
func Exchange(ctx context.Context, o Options) (Grant, error) {
	o.Conditions, o.Metrics = nil, nil
	s, err := NewSource(o)
	if err != nil {
		return Grant{}, err
	}
	defer s.Close()
	a, err := s.exchange(ctx)
	if ctx.Err() != nil {
		return Grant{}, context.Cause(ctx)
	}
	if err != nil {
		f := asFault(err)
		f.Text = s.inItsFile(f.Text)
		return Grant{}, tokenError(f)
	}
	return Grant{
		Token:           AccessToken{a.access, 1},
		ExpiresIn:       a.life,
		NewRefreshToken: a.refresh != "" && a.refresh != o.RefreshToken,
	}, nil
}
