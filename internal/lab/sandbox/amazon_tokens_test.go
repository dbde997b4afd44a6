package sandbox

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestTokenEndpoint(t *testing.T) {
	set := func(key, value string) func(*http.Request, url.Values) {
		return func(_ *http.Request, f url.Values) { f.Set(key, value) }
	}
	for _, c := range []struct {
		name   string
		change func(*http.Request, url.Values)
		status int
		code   string
	}{
		{"as it should be", func(*http.Request, url.Values) {}, 200, ""},
		{"GET", func(r *http.Request, _ url.Values) { r.Method = http.MethodGet }, 405, "invalid_request"},
		{"JSON", func(r *http.Request, _ url.Values) { r.Header.Set("Content-Type", "application/json") }, 400, "invalid_request"},
		{"Authorization header", func(r *http.Request, _ url.Values) { r.SetBasicAuth("id", "secret") }, 400, "invalid_request"},
		{"secrets in the URL", func(r *http.Request, f url.Values) { r.URL.RawQuery = f.Encode() }, 400, "invalid_request"},
		{"no grant type", set("grant_type", ""), 400, "invalid_request"},
		{"another grant type", set("grant_type", "authorization_code"), 400, "unsupported_grant_type"},
		{"no refresh token", func(_ *http.Request, f url.Values) { f.Del("refresh_token") }, 400, "invalid_request"},
		{"two refresh tokens", func(_ *http.Request, f url.Values) { f.Add("refresh_token", "x") }, 400, "invalid_request"},
		{"revoked refresh token", set("refresh_token", "Atzr|revoked"), 400, "invalid_grant"},
		{"unknown client", set("client_id", "someone"), 401, "invalid_client"},
		{"wrong secret", set("client_secret", "guess"), 401, "invalid_client"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHarness(t, Options{})
			form := tokenForm(DefaultAccount())
			r := httptest.NewRequest(http.MethodPost, TokenPath, nil)
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			c.change(r, form)
			r.Body = http.NoBody
			if r.Method == http.MethodPost {
				body := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(form.Encode()))
				r.Body, r.ContentLength = body.Body, body.ContentLength
			}
			got := h.do(r)
			got.wantStatus(t, c.status)
			if c.code != "" && !strings.Contains(got.body, `"error":"`+c.code+`"`) {
				t.Errorf("body %s, want error %s", got.body, c.code)
			}
			if got.header.Get("Cache-Control") != "no-store" {
				t.Errorf("Cache-Control %q, want no-store", got.header.Get("Cache-Control"))
			}
			if n := h.Stats().TokenStatuses[c.status]; c.status != 405 && n != 1 {
				t.Errorf("counted %d answers of status %d, want 1", n, c.status)
			}
		})
	}
}

// TestTokenLifetime follows one token from its issue to its end.
func TestTokenLifetime(t *testing.T) {
	now := testNow
	h := newHarness(t, Options{TokenTTL: 90 * time.Second, Now: func() time.Time { return now }})
	got := h.askToken(tokenForm(DefaultAccount()))
	got.wantStatus(t, 200)
	var token struct {
		AccessToken  string `json:"access_token"`
		TokenType    string `json:"token_type"`
		ExpiresIn    int    `json:"expires_in"`
		RefreshToken string `json:"refresh_token"`
	}
	if err := json.Unmarshal([]byte(got.body), &token); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(token.AccessToken, "Atza|") || token.TokenType != "bearer" || token.ExpiresIn != 90 || token.RefreshToken != DefaultAccount().RefreshToken {
		t.Errorf("answer has type %q, expires_in %d; want bearer, 90 and both tokens", token.TokenType, token.ExpiresIn)
	}
	h.token = token.AccessToken
	h.send(lead("a")).wantStatus(t, 200)
	now = now.Add(90*time.Second - 1)
	h.send(lead("b")).wantStatus(t, 200)
	now = now.Add(1)
	h.send(lead("c")).wantStatus(t, 401)
}

// TestTokensArePruned: a sandbox that runs for days with short tokens does not
// keep them all.
func TestTokensArePruned(t *testing.T) {
	now := testNow
	h := newHarness(t, Options{TokenTTL: time.Second, Now: func() time.Time { return now }})
	for range 1000 {
		h.askToken(tokenForm(DefaultAccount())).wantStatus(t, 200)
		now = now.Add(time.Second)
	}
	if n := len(h.tokens.live); n > 5 {
		t.Errorf("%d tokens kept, want only the last few", n)
	}
}

func TestWithdrawTokens(t *testing.T) {
	h := newHarness(t, Options{})
	h.WithdrawTokens()
	h.send(lead("a")).wantStatus(t, 401)
}
