package bearer

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// given is a source of tokens t1, t2 and so on, of a life each, which fails and hangs
// when told to.
type given struct {
	life    time.Duration
	err     error
	takes   time.Duration
	asked   int
	running int
	most    int
}

func (g *given) fetch(ctx context.Context) (string, time.Time, error) {
	g.asked++
	g.running++
	g.most = max(g.most, g.running)
	defer func() { g.running-- }()
	asked := time.Now()
	select {
	case <-time.After(g.takes):
	case <-ctx.Done():
		return "", time.Time{}, ctx.Err()
	}
	if g.err != nil {
		return "", time.Time{}, g.err
	}
	if g.life == 0 {
		return fmt.Sprintf("t%d", g.asked), time.Time{}, nil
	}
	return fmt.Sprintf("t%d", g.asked), asked.Add(g.life), nil
}

func want(t *testing.T, s *Source, token string) {
	t.Helper()
	if got, err := s.Token(t.Context()); got != token || err != nil {
		t.Errorf("token %q, %v, want %q", got, err, token)
	}
}

func TestRenewedEarlyAndKeptWhileTheEndpointIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &given{life: 100 * time.Second}
		s := &Source{fetch: g.fetch}
		want(t, s, "t1")
		time.Sleep(79 * time.Second)
		want(t, s, "t1")
		g.err = errors.New("away")
		time.Sleep(2 * time.Second)
		want(t, s, "t1") // the renewal fails, and the token holds
		want(t, s, "t1") // not asked again at once
		if g.asked != 2 {
			t.Errorf("asked %d times, want 2", g.asked)
		}
		g.err = nil
		time.Sleep(renewAgain)
		want(t, s, "t3")
		g.err = errors.New("away")
		time.Sleep(101 * time.Second)
		if token, err := s.Token(t.Context()); err == nil {
			t.Errorf("token %q that has ended", token)
		}
	})
}

// TestAnEarlyRenewalThatHangs: whoever has a token that holds waits a moment at most.
func TestAnEarlyRenewalThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &given{life: 100 * time.Second}
		s := &Source{fetch: g.fetch}
		want(t, s, "t1")
		time.Sleep(85 * time.Second)
		g.takes = time.Hour
		start := time.Now()
		want(t, s, "t1")
		if took := time.Since(start); took > earlyTimeout {
			t.Errorf("it took %s", took)
		}
	})
}

func TestOneQuestionAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &given{life: time.Hour, takes: time.Second, err: errors.New("away")}
		s := &Source{fetch: g.fetch}
		ask := func(token string, fails bool) {
			var wg sync.WaitGroup
			for range 32 {
				wg.Go(func() {
					if got, err := s.Token(t.Context()); got != token || (err != nil) != fails {
						t.Errorf("%q, %v", got, err)
					}
				})
			}
			wg.Wait()
		}
		ask("", true)
		if g.asked != 1 || g.most != 1 {
			t.Errorf("asked %d times, %d at once", g.asked, g.most)
		}
		g.err = nil
		ask("t2", false)
		if g.asked != 2 || g.most != 1 {
			t.Errorf("asked %d times, %d at once", g.asked, g.most)
		}
	})
}

// TestAnAskerThatLeaves: those who waited for its answer ask themselves.
func TestAnAskerThatLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &given{life: time.Hour, takes: time.Minute}
		s := &Source{fetch: g.fetch}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := s.Token(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("the one that left: %v", err)
			}
		})
		synctest.Wait()
		wg.Go(func() { want(t, s, "t2") })
		synctest.Wait()
		g.takes = time.Second
		cancel()
		wg.Wait()
	})
}

func TestATokenOfUnknownLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &given{}
		s := &Source{fetch: g.fetch}
		want(t, s, "t1")
		time.Sleep(unknownLife / 2)
		want(t, s, "t1")
		time.Sleep(unknownLife / 2)
		want(t, s, "t2")
	})
}

func TestARefusedTokenIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &given{life: time.Hour}
		s := &Source{fetch: g.fetch}
		want(t, s, "t1")
		s.Refused("t1")
		want(t, s, "t1") // it is new: another would be refused, too
		time.Sleep(time.Minute)
		s.Refused("t0")
		want(t, s, "t1")
		s.Refused("t1")
		want(t, s, "t2")
	})
}

func TestAFixedTokenIsReadAgain(t *testing.T) {
	text, bad := "one", error(nil)
	s := Fixed(text, func() (string, error) { return text, bad })
	want(t, s, "one")
	text = "two"
	want(t, s, "two")
	bad = errors.New("being replaced")
	want(t, s, "two")
	text, bad = "two lines\r\nX-Header: of it", nil
	want(t, s, "two")
	for _, token := range []string{"", "a b", "a\nb", "a=b", "ä", "a,b"} {
		if Check(token) == nil {
			t.Errorf("%q is taken", token)
		}
	}
}

// endpoint is a token endpoint.
type endpoint struct {
	status atomic.Int32
	body   atomic.Value
	asked  chan map[string]string
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id, secret, _ := r.BasicAuth()
	e.asked <- map[string]string{"id": id, "secret": secret, "scope": r.FormValue("scope"), "grant": r.FormValue("grant_type")}
	w.Header().Set("Content-Type", "application/json")
	if status := int(e.status.Load()); status != 0 {
		w.WriteHeader(status)
	}
	io.WriteString(w, e.body.Load().(string))
}

func client(t *testing.T) (*endpoint, *Source, *string) {
	e := &endpoint{asked: make(chan map[string]string, 10)}
	srv := httptest.NewServer(e)
	t.Cleanup(srv.Close)
	secret := "s3cret"
	return e, ClientCredentials(Credentials{
		URL: srv.URL, ClientID: "me", Secret: func() (string, error) { return secret, nil }, Scopes: []string{"a", "b"},
		Named: Settings{URL: "url", ClientID: "id", Secret: "secret", Scopes: "scopes"},
	}), &secret
}

func TestClientCredentials(t *testing.T) {
	e, s, secret := client(t)
	e.body.Store(`{"access_token":"tok","token_type":"Bearer","expires_in":1}`)
	want(t, s, "tok")
	if got := <-e.asked; got["id"] != "me" || got["secret"] != "s3cret" || got["scope"] != "a b" || got["grant"] != "client_credentials" {
		t.Errorf("asked %v", got)
	}
	*secret = "n3w" // as in a file that was renewed
	s.token = ""
	want(t, s, "tok")
	if got := <-e.asked; got["secret"] != "n3w" {
		t.Errorf("asked %v", got)
	}
}

func TestAJWTSaysWhenItEnds(t *testing.T) {
	e, s, _ := client(t)
	end := time.Now().Add(time.Hour).Truncate(time.Second)
	jwt := func(claims string) string {
		return "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln"
	}
	e.body.Store(fmt.Sprintf(`{"access_token":%q,"token_type":"Bearer"}`, jwt(fmt.Sprintf(`{"exp":%d}`, end.Unix()))))
	if _, err := s.Token(t.Context()); err != nil || !s.expires.Equal(end) {
		t.Errorf("until %s, %v, want %s", s.expires, err, end)
	}
	for _, token := range []string{"a.b", "a.%.c", jwt(`{}`), jwt(`{"exp":"x"}`), jwt(`{"exp":-1}`), jwt(`{"exp":1e300}`), jwt(`[`)} {
		if at := expiryOf(token); !at.IsZero() {
			t.Errorf("%s: %s", token, at)
		}
	}
}

func TestWhatAnEndpointRefuses(t *testing.T) {
	e, s, _ := client(t)
	for _, c := range []struct {
		status int
		body   string
		says   string
	}{
		{401, `{"error":"invalid_client","error_description":"s3cret is wrong"}`, "--url answers 401 invalid_client: see --id and --secret"},
		{400, `{"error":"invalid_client"}`, "see --id and --secret"},
		{400, `{"error":"invalid_scope"}`, "see --scopes"},
		{403, `nothing of ours`, "answers 403: see --id"},
		{503, `{}`, "answers 503"},
		{307, ``, "redirect (307)"},
		{200, `{"access_token":"","token_type":"Bearer"}`, "--url"},
		{200, `<html>`, "--url"},
		{200, `{"access_token":"two lines\r\nX: y","token_type":"Bearer","expires_in":60}`, "not a bearer token"},
	} {
		e.status.Store(int32(c.status))
		e.body.Store(c.body)
		token, err := s.Token(t.Context())
		<-e.asked
		if err == nil || token != "" || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "two lines") {
			t.Errorf("%d %s: %q, %v, want %q", c.status, c.body, token, err, c.says)
		}
	}
}
