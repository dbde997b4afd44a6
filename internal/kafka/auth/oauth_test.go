package auth

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// initial is what OAUTHBEARER sends to a broker.
func initial(t *testing.T, s *Settings) (string, error) {
	t.Helper()
	m, err := s.New(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, sent, err := m.Authenticate(t.Context(), "broker:9092")
	return string(sent), err
}

// TestOAuthTokens: one token for many connections, and errors that keep what the
// endpoint said to themselves, since that may be the credentials.
func TestOAuthTokens(t *testing.T) {
	asked, sent := 0, ""
	answer := func(w http.ResponseWriter) {
		_, _ = w.Write([]byte(`{"access_token":"tok-1","token_type":"bearer","expires_in":3600}`))
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		if r.URL.Path == "/elsewhere" {
			t.Error("a redirect was followed with the secret")
		}
		if _, secret, ok := r.BasicAuth(); ok {
			sent = secret
		}
		w.Header().Set("Content-Type", "application/json")
		answer(w)
	}))
	defer srv.Close()
	s := Settings{Mechanism: "OAUTHBEARER", Username: "id", Password: "s3cret", OAuthTokenURL: srv.URL}
	m, err := s.New(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, got, err := m.Authenticate(t.Context(), ""); err != nil || !strings.Contains(string(got), "Bearer tok-1\x01") {
			t.Fatalf("%q, %v", got, err)
		}
	}
	if asked != 1 {
		t.Errorf("asked %d times for one token", asked)
	}
	for body, want := range map[string]string{
		`{"error":"invalid_client","error_description":"s3cret is wrong"}`: "401 invalid_client: see --sasl-username and --sasl-password",
		`{"error":"invalid_scope"}`:                                        "--sasl-oauth-scopes",
		`<html>s3cret</html>`:                                              "401",
	} {
		answer = func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(body))
		}
		if _, err := initial(t, &s); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("refused: %v; want %q, and nothing of the body", err, want)
		}
	}
	answer = func(w http.ResponseWriter) {
		w.Header().Set("Location", srv.URL+"/elsewhere")
		w.WriteHeader(http.StatusTemporaryRedirect)
	}
	if _, err := initial(t, &s); err == nil || !strings.Contains(err.Error(), "redirect (307)") {
		t.Errorf("redirected: %v; want it said", err)
	}
	s.Reread = func() (string, error) { return "n3w", nil }
	answer = func(w http.ResponseWriter) {
		_, _ = w.Write([]byte(`{"access_token":"tok-2","token_type":"bearer","expires_in":3600}`))
	}
	if got, err := initial(t, &s); err != nil || !strings.Contains(got, "tok-2") || !strings.HasSuffix(sent, "n3w") {
		t.Errorf("%q, %v; want a token for the renewed secret", got, err)
	}
	answer = func(w http.ResponseWriter) {
		_, _ = w.Write([]byte("{\"access_token\":\"a\\u0001auth=b\",\"token_type\":\"bearer\"}"))
	}
	if got, err := initial(t, &s); err == nil {
		t.Errorf("a token that ends its field was sent: %q", got)
	}
}

// TestFixedTokens: the token may be given, or be in a file that is read again.
func TestFixedTokens(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	write := func(token string) {
		if err := os.WriteFile(path, []byte(token), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("first")
	s := Settings{Mechanism: "oauthbearer", Password: "given", OAuthExtensions: map[string]string{"logicalCluster": "lkc-1", "identityPoolId": "pool-2"}}
	if got, err := initial(t, &s); err != nil || got != "n,,\x01auth=Bearer given\x01identityPoolId=pool-2\x01logicalCluster=lkc-1\x01\x01" {
		t.Errorf("%q, %v", got, err)
	}
	s.Reread = func() (string, error) { b, err := os.ReadFile(path); return string(b), err }
	for _, token := range []string{"first", "second"} {
		write(token)
		if got, err := initial(t, &s); err != nil || !strings.Contains(got, "Bearer "+token+"\x01") {
			t.Errorf("%q, %v; want %s", got, err, token)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if got := s.password(); got != "given" {
		t.Errorf("with a file that is gone the token is %q", got)
	}
}

func TestWhatCannotBeSent(t *testing.T) {
	for name, tc := range map[string]struct {
		s    Settings
		want string
	}{
		"unknown":              {Settings{Mechanism: "DIGEST-MD5"}, Mechanisms},
		"Kerberos":             {Settings{Mechanism: "GSSAPI"}, "Kerberos is not supported"},
		"no mechanism":         {Settings{Username: "x"}, "--sasl-mechanism"},
		"no password":          {Settings{Mechanism: "PLAIN", Username: "x"}, "--sasl-password"},
		"no client id":         {Settings{Mechanism: "OAUTHBEARER", Password: "x", OAuthTokenURL: "http://x"}, "--sasl-username"},
		"NUL":                  {Settings{Mechanism: "PLAIN", Username: "x", Password: "a\x00b"}, "NUL"},
		"IAM with a password":  {Settings{Mechanism: "AWS_MSK_IAM", Username: "x", Password: "y"}, "AWS's"},
		"extension auth":       {Settings{Mechanism: "OAUTHBEARER", Password: "x", OAuthExtensions: map[string]string{"auth": "x"}}, "--sasl-oauth-extensions"},
		"extension with \\x01": {Settings{Mechanism: "OAUTHBEARER", Password: "x", OAuthExtensions: map[string]string{"a": "x\x01auth=y"}}, "--sasl-oauth-extensions"},
	} {
		if _, err := tc.s.New(nil, nil); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
		if tc.s.Advice() == "" {
			t.Errorf("%s: no advice", name)
		}
	}
}
