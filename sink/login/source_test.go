package login

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/rs/zerolog"

	"github.com/tracklayer/amazon-capi/internal/health"
)

const (
	testClient  = "amzn1.application-oa2-client.test"
	testSecret  = "amzn1.oa2-cs.v1.secret"
	testRefresh = "Atzr|refresh-1"
)

// lwa is Login with Amazon as a test wants it.
type lwa struct {
	mu     sync.Mutex
	answer func(n int) reply
	forms  []url.Values
	at     []time.Time
	auth   []string
	now    int // exchanges under way
	most   int
}

func (l *lwa) become(answer func(n int) reply) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answer = answer
}

func (l *lwa) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.forms)
}

func (l *lwa) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	l.forms = append(l.forms, form)
	l.at = append(l.at, time.Now())
	l.auth = append(l.auth, r.Header.Get("Authorization"))
	l.now++
	l.most = max(l.most, l.now)
	rep := l.answer(len(l.forms))
	l.mu.Unlock()
	defer func() { l.mu.Lock(); l.now--; l.mu.Unlock() }()
	if rep.delay > 0 {
		select {
		case <-time.After(rep.delay):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	if rep.err != nil {
		return nil, rep.err
	}
	resp := &http.Response{StatusCode: rep.status, Header: http.Header{"Content-Type": {"application/json"}}, Request: r, Body: io.NopCloser(strings.NewReader(rep.body))}
	if rep.cut {
		resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(rep.body), iotest.ErrReader(io.ErrUnexpectedEOF)))
	}
	for k, v := range rep.header {
		resp.Header.Set(k, v)
	}
	return resp, nil
}

// granted is a good answer for the n-th exchange.
func granted(n, expiresIn int) reply {
	return reply{status: 200, body: fmt.Sprintf(`{"access_token":"Atza|access-%d","token_type":"bearer","expires_in":%d,"refresh_token":%q}`, n, expiresIn, testRefresh)}
}

func hourly(n int) reply { return granted(n, 3600) }

type tokenRig struct {
	*Source
	lwa   *lwa
	conds *health.Conditions
	log   *logBuffer
	reg   *prometheus.Registry
}

func newTokenRig(t *testing.T, answer func(n int) reply, change ...func(*Options)) *tokenRig {
	t.Helper()
	r := &tokenRig{lwa: &lwa{answer: answer}, log: &logBuffer{}, reg: prometheus.NewRegistry()}
	log := zerolog.New(r.log)
	r.conds = health.NewConditions(log, nil)
	opts := Options{
		URL: "https://lwa.test/auth/o2/token", ClientID: testClient, ClientSecret: testSecret, RefreshToken: testRefresh,
		HTTPClient: &http.Client{Transport: r.lwa}, Log: log, Conditions: r.conds, Metrics: NewMetrics(r.reg),
		Rand: func() float64 { return 0.999999999 },
	}
	for _, c := range change {
		c(&opts)
	}
	s, err := NewSource(opts)
	if err != nil {
		t.Fatal(err)
	}
	r.Source = s
	t.Cleanup(s.Close)
	return r
}

func (r *tokenRig) get(t *testing.T) string {
	t.Helper()
	tok, err := r.Token(t.Context(), AccessToken{})
	if err != nil {
		t.Fatal(err)
	}
	return tok.Secret()
}

func (r *tokenRig) reason() string {
	for _, s := range r.conds.States() {
		if !s.OK {
			return s.Reason
		}
	}
	return ""
}

func TestATokenIsExchangedAsLoginWithAmazonWantsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newTokenRig(t, hourly)
		if got := r.get(t); got != "Atza|access-1" {
			t.Errorf("token %s", got)
		}
		want := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {testRefresh}, "client_id": {testClient}, "client_secret": {testSecret}}
		if diff := cmp.Diff(want, r.lwa.forms[0]); diff != "" {
			t.Errorf("form (-want +got):\n%s", diff)
		}
		if r.lwa.auth[0] != "" {
			t.Error("there is an Authorization header")
		}
	})
}

func TestATokenIsKeptAndRenewedEarlyInTheBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newTokenRig(t, func(n int) reply {
			rep := hourly(n)
			rep.delay = 3 * time.Second
			return rep
		})
		r.get(t)
		for range 10 {
			r.get(t)
		}
		time.Sleep(54 * time.Minute)
		r.get(t)
		if n := r.lwa.count(); n != 1 {
			t.Fatalf("%d exchanges in the first 54 minutes", n)
		}
		time.Sleep(2 * time.Minute) // within five minutes of the end
		before := time.Now()
		for range 10 {
			if got := r.get(t); got != "Atza|access-1" {
				t.Errorf("while it is renewed, the token that is still good must do: got %s", got)
			}
		}
		if time.Since(before) != 0 {
			t.Error("renewal held up those who had a good token")
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if got := r.get(t); got != "Atza|access-2" || r.lwa.count() != 2 {
			t.Errorf("token %s after %d exchanges", got, r.lwa.count())
		}
	})
}

func TestShortLivedTokensAreRenewedInProportion(t *testing.T) {
	for lifetime, want := range map[int]time.Duration{
		60:   45 * time.Second,
		8:    6 * time.Second,
		1:    750 * time.Millisecond,
		0:    55 * time.Minute, // not said: an hour is assumed
		-5:   55 * time.Minute,
		3600: 55 * time.Minute,
		1200: 15 * time.Minute,
		7200: 115 * time.Minute,
	} {
		t.Run(fmt.Sprint(lifetime), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newTokenRig(t, func(n int) reply { return granted(n, lifetime) })
				r.get(t)
				time.Sleep(want - time.Nanosecond)
				r.get(t)
				synctest.Wait()
				if n := r.lwa.count(); n != 1 {
					t.Fatalf("%d exchanges before %s", n, want)
				}
				time.Sleep(time.Nanosecond)
				r.get(t)
				synctest.Wait()
				if n := r.lwa.count(); n != 2 {
					t.Errorf("%d exchanges after %s, want a renewal", n, want)
				}
			})
		})
	}
}

func TestAnExpiredTokenIsNotUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newTokenRig(t, hourly)
		r.get(t)
		time.Sleep(time.Hour - 10*time.Second)
		if got := r.get(t); got != "Atza|access-2" {
			t.Errorf("got %s ten seconds before its end: want a new one, since Amazon reads it later", got)
		}
	})
}

func TestOneExchangeWhoeverAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newTokenRig(t, func(n int) reply {
			rep := hourly(n)
			rep.delay = time.Second
			return rep
		})
		var refused AccessToken
		for round := 1; round <= 2; round++ { // in the second, all have been refused
			var wg sync.WaitGroup
			for range 200 {
				wg.Go(func() {
					tok, err := r.Token(context.Background(), refused)
					if want := fmt.Sprintf("Atza|access-%d", round); err != nil || tok.Secret() != want {
						t.Errorf("%s, %v; want %s", tok.Secret(), err, want)
					}
				})
			}
			wg.Wait()
			refused, _ = r.Token(context.Background(), AccessToken{})
		}
		if r.lwa.count() != 2 || r.lwa.most != 1 {
			t.Errorf("%d exchanges, %d at once; want 2 and 1", r.lwa.count(), r.lwa.most)
		}
	})
}

func TestARefusalRenewsTheTokenInForceOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newTokenRig(t, hourly)
		first, _ := r.Token(t.Context(), AccessToken{})
		second, err := r.Token(t.Context(), first)
		if err != nil || second.Secret() != "Atza|access-2" {
			t.Fatalf("after a refusal: %s, %v", second.Secret(), err)
		}
		// A late report about the old token: there is another already.
		if tok, err := r.Token(t.Context(), first); err != nil || tok != second || r.lwa.count() != 2 {
			t.Errorf("a late report: %s, %v, %d exchanges", tok.Secret(), err, r.lwa.count())
		}
	})
}

// A renewal that one profile asked for, and that fails, must not stop those whom
// the token serves.
func TestARefusalLeavesOthersTheirToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newTokenRig(t, func(n int) reply {
			if n == 1 {
				return hourly(n)
			}
			return reply{status: 503}
		})
		first, _ := r.Token(t.Context(), AccessToken{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if tok, err := r.Token(ctx, first); err == nil {
			t.Errorf("who was refused got %s", tok.Secret())
		}
		if tok, err := r.Token(t.Context(), AccessToken{}); err != nil || tok != first {
			t.Errorf("the others got %s, %v; want the token they had", tok.Secret(), err)
		}
	})
}

func TestRenewalsKeepADistance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newTokenRig(t, hourly)
		began := time.Now()
		tok, _ := r.Token(t.Context(), AccessToken{})
		for range 10 { // withdrawn as soon as it is given
			tok, _ = r.Token(t.Context(), tok)
		}
		if took := time.Since(began); r.lwa.count() != 11 || took < 10*renewalSpacing {
			t.Errorf("%d exchanges in %s, want 11 a second apart", r.lwa.count(), took)
		}
	})
}

func TestAFailedRefreshSaysWhyAndGoesOnByItself(t *testing.T) {
	long := strings.Repeat("a", 60)
	for name, tt := range map[string]struct {
		bad    reply
		want   string
		result string
	}{
		"revoked":       {reply{status: 400, body: `{"error":"invalid_grant","error_description":"Atzr|refresh-1 is revoked"}`}, "the refresh token was revoked", refreshRefused},
		"wrong secret":  {reply{status: 401, body: `{"error":"invalid_client","error_description":"` + testSecret + `"}`}, "the client id or the client secret is wrong", refreshRefused},
		"unauthorized":  {reply{status: 400, body: `{"error":"unauthorized_client"}`}, "may not use a refresh token", refreshRefused},
		"another code":  {reply{status: 400, body: `{"error":"slow_down"}`}, "400, slow_down", refreshRefused},
		"an odd code":   {reply{status: 400, body: `{"error":"` + testRefresh + `"}`}, "an error code of an unknown kind", refreshRefused},
		"a long code":   {reply{status: 400, body: `{"error":"` + long + `"}`}, "an error code of an unknown kind", refreshRefused},
		"error and 200": {reply{status: 200, body: `{"error":"invalid_grant"}`}, "the refresh token was revoked", refreshRefused},
		"a page":        {reply{status: 200, body: webPage}, "a web page or another server: see --token-url", refreshNonsense},
		"no token":      {reply{status: 200, body: `{"access_token":"","x":"` + testSecret + `"}`}, "a web page or another server", refreshNonsense},
		"odd token":     {reply{status: 200, body: `{"access_token":"a\r\nb"}`}, "no header may carry", refreshNonsense},
		"404":           {reply{status: 404, body: webPage}, "answers 404 without a reason: see --token-url", refreshNonsense},
		"redirect":      {reply{status: 307, header: map[string]string{"Location": "https://elsewhere.test"}}, "redirect (307)", refreshNonsense},
		"throttled":     {reply{status: 429}, "answers 429", refreshUnavailable},
		"503":           {reply{status: 503, body: webPage}, "answers 503", refreshUnavailable},
		"half":          {reply{status: 200, body: `{"access_`, cut: true}, "broke off", refreshUnavailable},
		"refused":       {reply{err: syscall.ECONNREFUSED}, "connection refused", refreshUnavailable},
		"silence":       {reply{status: 200, delay: time.Hour}, "no answer within 10s", refreshUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newTokenRig(t, func(int) reply { return tt.bad })
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				if _, err := r.Token(ctx, AccessToken{}); !errors.Is(err, context.DeadlineExceeded) {
					t.Fatalf("error %v: want to wait as long as it takes", err)
				}
				if got := r.reason(); !strings.Contains(got, tt.want) || !strings.HasPrefix(got, "no access token, nothing is sent") {
					t.Errorf("reason %q: want %q in it", got, tt.want)
				}
				// No storm: from a second to a minute apart.
				if n := r.lwa.count(); n < 50 || n > 75 {
					t.Errorf("%d exchanges in an hour", n)
				}
				if got := r.counter(t, tt.result); got != float64(r.lwa.count()) {
					t.Errorf("result %s counted %v times of %d", tt.result, got, r.lwa.count())
				}
				r.lwa.become(hourly)
				time.Sleep(2 * time.Minute)
				synctest.Wait()
				before := time.Now()
				if got := r.get(t); !strings.HasPrefix(got, "Atza|access-") || time.Since(before) != 0 {
					t.Errorf("got %s after %s: want it to have gone on by itself", got, time.Since(before))
				}
				if got := r.reason(); got != "" {
					t.Errorf("still failing: %s", got)
				}
				if n := strings.Count(r.log.String(), "\n"); n != 2 {
					t.Errorf("%d log lines, want 2:\n%s", n, r.log)
				}
				for _, secret := range []string{testSecret, testRefresh, "Atza", "Atzr", "refresh-1", long} {
					if strings.Contains(r.log.String(), secret) {
						t.Errorf("%q is in the log:\n%s", secret, r.log)
					}
				}
			})
		})
	}
}

func (r *tokenRig) counter(t *testing.T, result string) float64 {
	var m dto.Metric
	if err := r.metrics.refreshes.WithLabelValues("", result).Write(&m); err != nil {
		t.Fatal(err)
	}
	return m.GetCounter().GetValue()
}

func TestWhileRenewalFailsTheOldTokenIsUsedToItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newTokenRig(t, hourly)
		r.get(t)
		r.lwa.become(func(int) reply { return reply{status: 503} })
		time.Sleep(56 * time.Minute)
		if got := r.get(t); got != "Atza|access-1" {
			t.Errorf("got %s", got)
		}
		synctest.Wait()
		if got := r.reason(); !strings.HasPrefix(got, "the access token lasts until ") {
			t.Errorf("reason %q: want to know how long there is", got)
		}
		if age, left := r.ages(); left <= 0 || age != (56*time.Minute).Seconds() {
			t.Errorf("age %v, left %v", age, left)
		}
		time.Sleep(4 * time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if tok, err := r.Token(ctx, AccessToken{}); err == nil {
			t.Errorf("got %s past its end", tok.Secret())
		}
		if _, left := r.ages(); left != 0 {
			t.Errorf("%v seconds left", left)
		}
	})
}

func TestARotatedRefreshTokenIsUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newTokenRig(t, func(n int) reply {
			return reply{status: 200, body: fmt.Sprintf(`{"access_token":"Atza|%d","expires_in":3600,"refresh_token":"Atzr|new-%d"}`, n, n)}
		})
		first, _ := r.Token(t.Context(), AccessToken{})
		if _, err := r.Token(t.Context(), first); err != nil {
			t.Fatal(err)
		}
		if got := r.lwa.forms[1].Get("refresh_token"); got != "Atzr|new-1" {
			t.Errorf("second exchange with %s", got)
		}
		if strings.Contains(r.log.String(), "Atzr") || !strings.Contains(r.log.String(), "replaced the refresh token") {
			t.Errorf("log:\n%s", r.log)
		}
	})
}

func TestCloseEndsExchangesAndWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newTokenRig(t, func(int) reply { return reply{status: 200, delay: time.Hour} })
		done := make(chan error)
		go func() {
			_, err := r.Token(context.Background(), AccessToken{})
			done <- err
		}()
		time.Sleep(time.Second)
		before := time.Now()
		r.Close()
		if err := <-done; !errors.Is(err, ErrClosed) || time.Since(before) != 0 {
			t.Errorf("%v after %s", err, time.Since(before))
		}
		if _, err := r.Token(context.Background(), AccessToken{}); !errors.Is(err, ErrClosed) {
			t.Errorf("%v", err)
		}
	})
}

func TestTokenOptionsAreChecked(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*Options)
		want   []string
	}{
		"no URL":       {func(o *Options) { o.URL = "" }, []string{"--token-url", "absolute URL"}},
		"no scheme":    {func(o *Options) { o.URL = "api.amazon.com" }, []string{"--token-url", "api.amazon.com"}},
		"not a URL":    {func(o *Options) { o.URL = "http://x:y z" }, []string{"--token-url"}},
		"password":     {func(o *Options) { o.URL = "https://me:hunter2@h/" }, []string{"--token-url", "password"}},
		"query":        {func(o *Options) { o.URL = "https://h/?client_secret=hunter2" }, []string{"--token-url", "query"}},
		"no client":    {func(o *Options) { o.ClientID = "" }, []string{"--client-id"}},
		"no secret":    {func(o *Options) { o.ClientSecret = "" }, []string{"--client-secret"}},
		"no refresh":   {func(o *Options) { o.RefreshToken = "" }, []string{"--refresh-token"}},
		"a line break": {func(o *Options) { o.ClientSecret = "hunter2\n" }, []string{"--client-secret", "line break"}},
		"a space":      {func(o *Options) { o.RefreshToken = " hunter2" }, []string{"--refresh-token", "space"}},
	} {
		opts := Options{URL: "https://lwa.test", ClientID: "c", ClientSecret: "s", RefreshToken: "r"}
		tt.change(&opts)
		_, err := NewSource(opts)
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		for _, w := range tt.want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %v: want %q in it", name, err, w)
			}
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the secret is in the error: %v", name, err)
		}
	}
}

// A token that is printed by mistake must not be one that can be used.
func TestAnAccessTokenPrintsAsAPlaceholder(t *testing.T) {
	tok := NewAccessToken("Atza|secret", 1)
	for _, s := range []string{fmt.Sprint(tok), fmt.Sprintf("%+v %#v %s %q %x", tok, tok, tok, tok, tok), fmt.Sprintf("%+v", struct{ Token AccessToken }{tok}), fmt.Sprintf("%v", &tok)} {
		if strings.Contains(s, "secret") || strings.Contains(s, "41747a61") {
			t.Errorf("printed %s", s)
		}
	}
}
