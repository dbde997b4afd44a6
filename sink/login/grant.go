package login

import (
	"context"
	"time"
)

// Grant is what one exchange of the refresh token gave.
type Grant struct {
	Token AccessToken
	// ExpiresIn is how long the token is good for; 0 if the answer did not say.
	ExpiresIn time.Duration
	// NewRefreshToken tells that Login with Amazon gave another refresh token.
	NewRefreshToken bool
}

// Exchange makes one exchange at Login with Amazon and tries nothing twice.
// The error says what is wrong and which setting it is about, and holds no secret.
// What a Source needs to go on for ever is of no use here: clock, backoff,
// conditions and metrics of the options do nothing.
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
