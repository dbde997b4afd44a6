package sandbox

import (
	"crypto/rand"
	"crypto/subtle"
	"mime"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// tokens is Login with Amazon: it hands out access tokens and knows which are
// still good.
type tokens struct {
	accounts []Account
	ttl      time.Duration
	now      func() time.Time

	mu     sync.Mutex
	live   map[string]grant
	pruned time.Time
}

type grant struct {
	account *Account
	expires time.Time
}

func newTokens(o Options) *tokens {
	return &tokens{accounts: slices.Clone(o.Accounts), ttl: o.TokenTTL, now: o.Now, live: make(map[string]grant)}
}

// issue returns a new access token of the account.
func (t *tokens) issue(a *Account) string {
	token := "Atza|" + rand.Text()
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	// Once a lifetime is often enough to keep the table within two lifetimes
	// of tokens, and keeps issuing cheap.
	if now.Sub(t.pruned) > t.ttl {
		t.pruned = now
		for k, g := range t.live {
			if !now.Before(g.expires) {
				delete(t.live, k)
			}
		}
	}
	t.live[token] = grant{a, now.Add(t.ttl)}
	return token
}

// account returns whose token it is; nil if it never was, was withdrawn or has
// expired.
func (t *tokens) account(token string) *Account {
	t.mu.Lock()
	defer t.mu.Unlock()
	g, ok := t.live[token]
	if !ok || !t.now().Before(g.expires) {
		return nil
	}
	return g.account
}

func (t *tokens) withdraw(token string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.live, token)
}

func (t *tokens) withdrawAll() {
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.live)
}

// bearer returns the access token of a request; "" if it has none.
func bearer(h http.Header) string {
	scheme, token, _ := strings.Cut(h.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return token
}

// tokenError is an error of OAuth 2.0, as RFC 6749 has it in section 5.2.
type tokenError struct {
	status      int
	Code        string `json:"error"`
	Description string `json:"error_description,omitempty"`
}

// exchange checks a refresh request and returns the account that it is for.
func (t *tokens) exchange(r *http.Request) (*Account, *tokenError) {
	invalid := func(description string) (*Account, *tokenError) {
		return nil, &tokenError{http.StatusBadRequest, "invalid_request", description}
	}
	if ct, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); ct != "application/x-www-form-urlencoded" {
		return invalid("the content type must be application/x-www-form-urlencoded")
	}
	if r.Header.Get("Authorization") != "" {
		return invalid("credentials belong into the body: there must be no Authorization header")
	}
	if r.URL.RawQuery != "" {
		return invalid("parameters belong into the body, not into the URL, which proxies log")
	}
	if err := r.ParseForm(); err != nil {
		return invalid("the form cannot be read")
	}
	for _, name := range []string{"grant_type", "refresh_token", "client_id", "client_secret"} {
		if v := r.PostForm[name]; len(v) != 1 || v[0] == "" {
			return invalid(name + " must be given once")
		}
	}
	if r.PostForm.Get("grant_type") != "refresh_token" {
		return nil, &tokenError{http.StatusBadRequest, "unsupported_grant_type", "grant_type must be refresh_token"}
	}
	i := slices.IndexFunc(t.accounts, func(a Account) bool {
		return a.ClientID == r.PostForm.Get("client_id") && same(a.ClientSecret, r.PostForm.Get("client_secret"))
	})
	if i < 0 {
		return nil, &tokenError{http.StatusUnauthorized, "invalid_client", "client authentication failed"}
	}
	// A client may have more than one refresh token, each with its profiles.
	for a := range t.accounts {
		acc := &t.accounts[a]
		if acc.ClientID == t.accounts[i].ClientID && same(acc.RefreshToken, r.PostForm.Get("refresh_token")) {
			return acc, nil
		}
	}
	return nil, &tokenError{http.StatusBadRequest, "invalid_grant", "the refresh token is not known or was revoked"}
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// serveToken is the token endpoint.
func (a *Amazon) serveToken(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		send(w, r, tokenFailure(&tokenError{http.StatusMethodNotAllowed, "invalid_request", "tokens are asked for by POST"}), nil)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	wait, fault := a.faults.strike(AtToken, "")
	sleep(r.Context(), wait)
	rep, replaced := reply{}, false
	if fault != nil {
		rep, replaced = a.replyOf(fault)
	}
	if !replaced {
		rep = a.token(r)
	}
	a.record.tokenStatus(rep.status)
	send(w, r, rep, fault)
}

func (a *Amazon) token(r *http.Request) reply {
	account, bad := a.tokens.exchange(r)
	if bad != nil {
		return tokenFailure(bad)
	}
	return jsonReply(http.StatusOK, struct {
		AccessToken  string `json:"access_token"`
		TokenType    string `json:"token_type"`
		ExpiresIn    int    `json:"expires_in"`
		RefreshToken string `json:"refresh_token"`
	}{a.tokens.issue(account), "bearer", int(a.opts.TokenTTL.Seconds()), account.RefreshToken})
}

func tokenFailure(e *tokenError) reply { return jsonReply(e.status, e) }
