package registry

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"time"

	"github.com/twmb/franz-go/pkg/sr"
)

// question is what the registry is asked.
type question struct {
	op string // for errors
	// submits is true if the question contains a schema, which the registry may
	// refuse with 409 or 422. To other questions these are not an answer.
	submits bool
	// guid is true if the question names a GUID, which only newer registries know;
	// apicurio if it is one in Apicurio's own API, whose errors look different.
	guid, apicurio bool
}

// awayFor is how long an endpoint that gave no answer is not asked whether it knows what
// another one does not: garbage can name any number of ids, and each question to one that
// hangs takes its timeout.
const awayFor = 30 * time.Second

// ask asks one endpoint.
type ask func(context.Context, *sr.Client) error

// call asks the endpoints in turn until one gives an answer, yes or no. That there is no
// such thing is a no only if all that answer say so: they are copies of one registry, and
// a copy may learn of a schema later than the first who reads its records.
func (r *Client) call(ctx context.Context, q question, ask ask) error {
	token, err := r.token(ctx)
	if err != nil {
		r.requests.WithLabelValues("away").Inc()
		return r.classify(ctx, q, "", err)
	}
	first := r.current.Load()
	var none error // the answer of the first endpoint that has no such thing
	for i := range uint32(len(r.endpoints)) {
		n := (first + i) % uint32(len(r.endpoints))
		e := r.endpoints[n]
		if none != nil && time.Since(time.Unix(e.away.Load(), 0)) < awayFor {
			continue
		}
		err = r.classify(ctx, q, e.url, r.authorized(ctx, token, e.client, ask))
		switch _, away := errors.AsType[*AwayError](err); {
		case away:
			e.away.Store(time.Now().Unix())
			r.requests.WithLabelValues("away").Inc()
			if ctx.Err() != nil {
				return err
			}
		case missing(err):
			e.away.Store(0)
			r.requests.WithLabelValues("refused").Inc()
			if none == nil {
				none = err
				r.current.Store(n)
			}
		default:
			result := "ok"
			if err != nil {
				result = "refused"
			}
			r.requests.WithLabelValues(result).Inc()
			e.away.Store(0)
			r.current.Store(n)
			return err
		}
	}
	if none != nil {
		return none
	}
	return err
}

// authorized asks again with a new token if the endpoint does not take the one it was
// asked with: it was revoked, or has ended by the endpoint's clock.
func (r *Client) authorized(ctx context.Context, token string, cl *sr.Client, ask ask) error {
	err := ask(withToken(ctx, token), cl)
	answer, ok := errors.AsType[*sr.ResponseError](err)
	if !ok || answer.StatusCode != http.StatusUnauthorized || r.bearer == nil {
		return err
	}
	r.bearer.Refused(token)
	if renewed, _ := r.token(ctx); renewed != "" && renewed != token {
		return ask(withToken(ctx, renewed), cl)
	}
	return err
}

// tokenError says that there is no token to ask with.
type tokenError struct{ error }

func (e *tokenError) Unwrap() error { return e.error }

func (r *Client) token(ctx context.Context) (string, error) {
	if r.bearer == nil {
		return "", nil
	}
	token, err := r.bearer.Token(ctx)
	if err != nil {
		return "", &tokenError{err}
	}
	return token, nil
}

// Keys of what a question's context tells prepare.
type (
	tokenKey    struct{}
	dereference struct{} // the answer should hold all that it refers to
)

func withToken(ctx context.Context, token string) context.Context {
	if token == "" {
		return ctx
	}
	return context.WithValue(ctx, tokenKey{}, token)
}

// prepare adds to a request what sr has no option for.
func (r *Client) prepare(req *http.Request) error {
	maps.Copy(req.Header, r.headers)
	if token, ok := req.Context().Value(tokenKey{}).(string); ok {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if req.Context().Value(dereference{}) != nil {
		req.URL.RawQuery = "dereference=true"
	}
	return nil
}

// cloudHeaders are what Confluent Cloud wants in addition to a token: a token is of an
// organisation, and may be of several identity pools.
func cloudHeaders(o *Options) http.Header {
	h := make(http.Header)
	for name, value := range map[string]string{"target-sr-cluster": o.Cluster, "Confluent-Identity-Pool-Id": o.IdentityPool} {
		if value != "" {
			h.Set(name, value)
		}
	}
	return h
}
