package auth

import (
	"context"
	"sync"
	"time"
)

const (
	// earlyFraction of a token's life is left when it is renewed. Connections ask
	// again when 95 % of their session are over, which ends with the token.
	earlyFraction = 0.2
	// unknownLife is how long a token is used of which nobody said when it ends.
	unknownLife = time.Minute
	// renewAgain is when an early renewal that failed is tried again.
	renewAgain = 10 * time.Second
)

// renewed is a token that is asked for when it is needed and renewed before it ends.
// One renewal runs at a time: a client that connects to twenty brokers asks once. A
// token that still holds is used while its renewal runs, or fails.
type renewed struct {
	fetch func(context.Context) (token string, expires time.Time, err error)

	mu      sync.Mutex
	token   string
	early   time.Time // from when on to renew it
	expires time.Time
	running chan struct{} // of the renewal that runs; nil for none
}

func (r *renewed) get(ctx context.Context) (string, error) {
	for {
		r.mu.Lock()
		now := time.Now()
		holds := r.token != "" && now.Before(r.expires)
		if holds && (now.Before(r.early) || r.running != nil) {
			defer r.mu.Unlock()
			return r.token, nil
		}
		if r.running == nil {
			r.running = make(chan struct{})
			r.mu.Unlock()
			return r.renew(ctx)
		}
		running := r.running
		r.mu.Unlock()
		select {
		case <-running: // its outcome is looked at as anybody's
		case <-ctx.Done():
			return "", context.Cause(ctx)
		}
	}
}

func (r *renewed) renew(ctx context.Context) (string, error) {
	asked := time.Now()
	token, expires, err := r.fetch(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.running)
	r.running = nil
	if err != nil {
		if now := time.Now(); r.token != "" && now.Before(r.expires) {
			r.early = now.Add(renewAgain)
			return r.token, nil
		}
		return "", err
	}
	if expires.IsZero() {
		expires = asked.Add(unknownLife)
	}
	life := expires.Sub(asked)
	r.token, r.expires = token, expires
	r.early = expires.Add(-time.Duration(float64(life) * earlyFraction))
	return token, nil
}
