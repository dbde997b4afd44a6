package login

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// What is odd about an answer's expires_in must not make its token useless.
func TestALifetimeIsReadOrAssumed(t *testing.T) {
	const hour, day = time.Hour, 24 * time.Hour
	for value, want := range map[string]time.Duration{
		`3600`: hour, `"3600"`: hour, `3600.0`: hour, `"3600.0"`: hour, `" 3600 "`: hour, `3.6e3`: hour, `"3.6E3"`: hour,
		`1.5`: 1500 * time.Millisecond, `"1.5"`: 1500 * time.Millisecond, `0.25`: 250 * time.Millisecond, `1e-30`: 1,
		`"0x10"`: 0, `"1_000"`: 0, `"0x1e3"`: 0, `"1e"`: 0, `"-"`: 0, `"1.2.3"`: 0,
		`""`: 0, `" "`: 0, `null`: 0, `0`: 0, `-0`: 0, `-5`: 0, `"-5"`: 0, `-1e12`: 0, `-1e999`: 0,
		`"abc"`: 0, `"3600s"`: 0, `"1 hour"`: 0, `"NaN"`: 0, `"Infinity"`: 0, `"inf"`: 0, `true`: 0, `[]`: 0, `{"seconds":3600}`: 0,
		`86400`: day, `86401`: day, `1e12`: day, `"1e12"`: day, `1e400`: day, `99999999999999999999`: day, `9223372036854775807`: day,
	} {
		life, odd := lifetime(json.RawMessage(value))
		if life != want {
			t.Errorf("expires_in %s: %s, want %s", value, life, want)
		}
		if plain := strings.Trim(value, `" `); odd == "" && want == 0 && plain != "" && plain != "null" {
			t.Errorf("expires_in %s is assumed to be an hour, and nothing is said", value)
		}
		if strings.Contains(odd, value) && len(value) > 3 {
			t.Errorf("expires_in %s is repeated: %s", value, odd)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.OneOf(
			rapid.Map(rapid.Float64(), func(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }),
			rapid.Map(rapid.String(), func(s string) string { q, _ := json.Marshal(s); return string(q) }),
			rapid.String(),
		).Draw(t, "expires_in")
		if life, _ := lifetime(json.RawMessage(value)); life < 0 || life > longestLife {
			t.Fatalf("expires_in %q: %s", value, life)
		}
	})
}

func gzipped(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(s))
	_ = z.Close()
	return b.String()
}

func TestATokenIsTakenFromAnyAnswerThatHasOne(t *testing.T) {
	const good = `{"access_token":"Atza|access-1","token_type":"bearer","expires_in":3600}`
	for name, rep := range map[string]reply{
		"as text":             {status: 200, body: good, header: map[string]string{"Content-Type": "text/plain; charset=utf-8"}},
		"as a page":           {status: 200, body: good, header: map[string]string{"Content-Type": "text/html"}},
		"without a type":      {status: 200, body: good, header: map[string]string{"Content-Type": ""}},
		"as a form":           {status: 200, body: good, header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}},
		"a form":              {status: 200, body: "access_token=Atza%7Caccess-1&expires_in=3600", header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}},
		"a form as JSON":      {status: 200, body: "access_token=Atza%7Caccess-1&expires_in=3600"},
		"201":                 {status: 201, body: good},
		"a byte order mark":   {status: 200, body: "\ufeff" + good},
		"blanks around":       {status: 200, body: "\r\n \t" + good + "\n\n"},
		"words behind":        {status: 200, body: good + "\n<!-- 12 ms -->"},
		"Bearer":              {status: 200, body: `{"access_token":"Atza|access-1","token_type":"Bearer"}`},
		"BEARER ":             {status: 200, body: `{"access_token":"Atza|access-1","token_type":"BEARER "}`},
		"no type of token":    {status: 200, body: `{"access_token":"Atza|access-1","token_type":null}`},
		"a type in a number":  {status: 200, body: `{"access_token":"Atza|access-1","token_type":2}`},
		"blanks in the token": {status: 200, body: `{"access_token":" Atza|access-1\r\n"}`},
		"other case":          {status: 200, body: `{"Access_Token":"Atza|access-1","EXPIRES_IN":3600}`},
		"no error":            {status: 200, body: `{"access_token":"Atza|access-1","error":null,"error_description":""}`},
		"an empty error":      {status: 200, body: `{"access_token":"Atza|access-1","error":""}`},
		"odd life":            {status: 200, body: `{"access_token":"Atza|access-1","expires_in":"abc"}`},
		"a long life":         {status: 200, body: `{"access_token":"Atza|access-1","expires_in":1e12}`},
		"odd refresh token":   {status: 200, body: `{"access_token":"Atza|access-1","refresh_token":17}`},
		"split refresh token": {status: 200, body: `{"access_token":"Atza|access-1","refresh_token":"a\nb"}`},
		"blank refresh token": {status: 200, body: `{"access_token":"Atza|access-1","refresh_token":" "}`},
		"compressed":          {status: 200, body: gzipped(good), header: map[string]string{"Content-Encoding": "gzip"}},
		"in silence":          {status: 200, body: gzipped(good)},
		"x-gzip":              {status: 200, body: gzipped(good), header: map[string]string{"Content-Encoding": "X-Gzip"}},
		"deflate":             {status: 200, body: compressed("deflate", good), header: map[string]string{"Content-Encoding": "deflate"}},
		"br":                  {status: 200, body: compressed("br", good), header: map[string]string{"Content-Encoding": "br"}},
		"zstd":                {status: 200, body: compressed("zstd", good), header: map[string]string{"Content-Encoding": "zstd"}},
		"twice":               {status: 200, body: compressed("br", gzipped(good)), header: map[string]string{"Content-Encoding": "gzip, br"}},
		"only by its word":    {status: 200, body: good, header: map[string]string{"Content-Encoding": "gzip"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newTokenRig(t, func(int) reply { return rep })
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				tok, err := r.Token(ctx, AccessToken{})
				if err != nil || tok.Secret() != "Atza|access-1" {
					t.Fatalf("%q, %v; readiness says %s", tok.Secret(), err, r.reason())
				}
				if _, err := r.Token(t.Context(), tok); err != nil || r.lwa.count() != 2 {
					t.Fatalf("%v, %d exchanges", err, r.lwa.count())
				}
				if got := r.lwa.forms[1].Get("refresh_token"); got != testRefresh {
					t.Errorf("the second exchange was with refresh token %q", got)
				}
				if r.reason() != "" || strings.Contains(r.log.String(), "Atza") {
					t.Errorf("readiness says %q, and the log\n%s", r.reason(), r.log)
				}
				if odd := strings.Contains(name, "life"); strings.Contains(r.log.String(), "expires_in") != odd || strings.Count(r.log.String(), "\n") > 1 {
					t.Errorf("log:\n%s", r.log)
				}
			})
		})
	}
}

func TestAnAnswerWithoutATokenSaysWhatIsWrong(t *testing.T) {
	for name, tt := range map[string]struct {
		bad    reply
		want   string
		result string
	}{
		"invalid_grant as text":   {reply{status: 400, body: `{"error":"invalid_grant"}`, header: map[string]string{"Content-Type": "text/plain"}}, "the refresh token was revoked", refreshRefused},
		"invalid_grant as a page": {reply{status: 400, body: "\ufeff{\"error\":\" Invalid_Grant \"}", header: map[string]string{"Content-Type": "text/html"}}, "the refresh token was revoked", refreshRefused},
		"invalid_grant in a form": {reply{status: 400, body: `error=invalid_grant&error_description=x`, header: map[string]string{"Content-Type": "text/plain"}}, "the refresh token was revoked", refreshRefused},
		"invalid_client inside":   {reply{status: 401, body: `{"error":{"code":"invalid_client","message":"` + testSecret + `"}}`}, "the client id or the client secret is wrong", refreshRefused},
		"a code in a number":      {reply{status: 400, body: `{"error":{"code":17}}`}, "400, unknown", refreshRefused},
		"error and a token":       {reply{status: 200, body: `{"error":"invalid_grant","access_token":"Atza|x"}`}, "the refresh token was revoked", refreshRefused},
		"a token and 400":         {reply{status: 400, body: `{"access_token":"Atza|x"}`}, "400 without a reason", refreshNonsense},
		"missing":                 {reply{status: 200, body: `{"token_type":"bearer"}`}, "has no access_token", refreshNonsense},
		"null":                    {reply{status: 200, body: `{"access_token":null}`}, "has no access_token", refreshNonsense},
		"a number":                {reply{status: 200, body: `{"access_token":17}`}, "has no access_token", refreshNonsense},
		"blank":                   {reply{status: 200, body: `{"access_token":" \n"}`}, "has no access_token", refreshNonsense},
		"a blank inside":          {reply{status: 200, body: `{"access_token":"Atza| x"}`}, "no header may carry", refreshNonsense},
		"not ASCII":               {reply{status: 200, body: `{"access_token":"Atza|ü"}`}, "no header may carry", refreshNonsense},
		"of another type":         {reply{status: 200, body: `{"access_token":"Atza|x","token_type":"mac"}`}, "token_type is not bearer", refreshNonsense},
		"huge":                    {reply{status: 200, body: `{"access_token":"` + strings.Repeat("a", 100<<10) + `"}`}, "the access token has 100 KiB", refreshNonsense},
		"endless":                 {reply{status: 200, body: `{"x":"` + strings.Repeat("a", 1<<20)}, "more than 256 KiB", refreshNonsense},
		"unpacks to much":         {reply{status: 200, body: gzipped(strings.Repeat("a", 10<<20))}, "more than 256 KiB", refreshNonsense},
		"broken packing":          {reply{status: 200, body: "\x1f\x8b\x08xxxxxxxxxxx"}, "cannot be read: it", refreshUnavailable},
		"packed by who knows":     {reply{status: 200, body: "\x01\x02", header: map[string]string{"Content-Encoding": "exi"}}, "compressed (exi)", refreshUnavailable},
		"packed and 503":          {reply{status: 503, body: "\x01\x02", header: map[string]string{"Content-Encoding": "exi"}}, "answers 503", refreshUnavailable},
		"packed invalid_grant":    {reply{status: 400, body: compressed("br", `{"error":"invalid_grant"}`), header: map[string]string{"Content-Encoding": "br"}}, "the refresh token was revoked", refreshRefused},
		"half":                    {reply{status: 200, body: `{"access_token":"Atza|x","expires_in":36`}, "a web page or another server", refreshNonsense},
		"empty":                   {reply{status: 200}, "a web page or another server", refreshNonsense},
		"204":                     {reply{status: 204}, "a web page or another server", refreshNonsense},
		"an array":                {reply{status: 200, body: `[{"access_token":"Atza|x"}]`}, "a web page or another server", refreshNonsense},
		"a page and 503":          {reply{status: 503, body: webPage}, "answers 503", refreshUnavailable},
		"a page and 404":          {reply{status: 404, body: webPage}, "404 without a reason", refreshNonsense},
		"UTF-16":                  {reply{status: 200, body: "\xff\xfe{\x00}\x00"}, "a web page or another server", refreshNonsense},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newTokenRig(t, func(int) reply { return tt.bad })
				ctx, cancel := context.WithTimeout(t.Context(), 25*time.Second)
				defer cancel()
				if tok, err := r.Token(ctx, AccessToken{}); err == nil {
					t.Fatalf("got token %q", tok.Secret())
				}
				if got := r.reason(); !strings.Contains(got, tt.want) || !strings.HasPrefix(got, "no access token, nothing is sent") {
					t.Errorf("readiness says %q: want %q in it", got, tt.want)
				}
				if n := r.lwa.count(); n > 6 {
					t.Errorf("%d exchanges in 25 s", n)
				}
				if got := r.counter(t, tt.result); got != float64(r.lwa.count()) {
					t.Errorf("result %s counted %v times of %d", tt.result, got, r.lwa.count())
				}
				for _, secret := range []string{testSecret, testRefresh, "Atza", "aaaa"} {
					if strings.Contains(r.log.String()+r.reason(), secret) {
						t.Errorf("%q is shown:\n%s", secret, r.log)
					}
				}
			})
		})
	}
}

// busy asks for a token every few milliseconds for that long, as lanes with
// traffic do, and returns how often there was one.
func (r *tokenRig) busy(d time.Duration) (had int) {
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if _, err := r.Token(ended, AccessToken{}); err == nil {
			had++
		}
	}
	return had
}

// A token that ends before it arrives serves nobody, and another one at once does
// no better.
func TestATokenThatEndsBeforeItArrives(t *testing.T) {
	for name, life := range map[string]string{"a second": "1", "half a second": "0.5", "a hair": "1e-9", "as long as it takes": "2.2"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				late := func(n int) reply {
					return reply{status: 200, delay: 2 * time.Second, body: fmt.Sprintf(`{"access_token":"Atza|%d","expires_in":%s,"refresh_token":"Atzr|new-%d"}`, n, life, n)}
				}
				r := newTokenRig(t, late)
				if had := r.busy(25 * time.Second); had != 0 {
					t.Errorf("a token was given out %d times", had)
				}
				if n := r.lwa.count(); n < 3 || n > 5 {
					t.Errorf("%d exchanges in 25 s", n)
				}
				if got := r.reason(); !strings.Contains(got, "expire before they can be used") {
					t.Errorf("readiness says %q", got)
				}
				if got := r.lwa.forms[1].Get("refresh_token"); got != "Atzr|new-1" {
					t.Errorf("the second exchange was with refresh token %q: the first answer's was lost", got)
				}
				r.lwa.become(hourly)
				r.busy(2 * time.Minute)
				if r.reason() != "" {
					t.Errorf("readiness says %q once they last", r.reason())
				}
			})
		})
	}
}

// Tokens that arrive in time and end soon are used while they last. They are no
// reason to ask all the time, or to say that all is well.
func TestShortTokensMakeNoStorm(t *testing.T) {
	for _, life := range []float64{0.1, 0.5, 1, 1.5, 4} {
		t.Run(fmt.Sprint(life), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newTokenRig(t, func(n int) reply {
					return reply{status: 200, delay: time.Millisecond, body: fmt.Sprintf(`{"access_token":"Atza|%d","expires_in":%v}`, n, life)}
				})
				had := r.busy(25 * time.Second)
				if most := shortRow + int(math.Log2(25)) + 3; r.lwa.count() > most {
					t.Errorf("%d exchanges in 25 s, want at most %d", r.lwa.count(), most)
				}
				if had == 0 || !strings.Contains(r.reason(), "only") {
					t.Errorf("a token was there %d times, and readiness says %q", had, r.reason())
				}
				r.lwa.become(hourly)
				r.busy(2 * time.Minute)
				if r.reason() != "" {
					t.Errorf("readiness says %q once they last", r.reason())
				}
			})
		})
	}
}

// Login with Amazon, too, is left alone for as long as it asks, by the rule that holds
// for Amazon's answers.
func TestTheTokenEndpointIsLeftAloneForAsLongAsItAsks(t *testing.T) {
	for name, tt := range map[string]struct {
		rep  reply
		want time.Duration // between exchanges, at least
	}{
		"429":         {reply{status: 429, header: map[string]string{"Retry-After": "90"}}, 90 * time.Second},
		"503":         {reply{status: 503, header: map[string]string{"Retry-After": "120"}}, 2 * time.Minute},
		"too long":    {reply{status: 503, header: map[string]string{"Retry-After": "1000000000000"}}, 5 * time.Minute},
		"a date":      {reply{status: 503, header: map[string]string{"Retry-After": "Fri, 31 Dec 2999 23:59:59 GMT"}}, 5 * time.Minute},
		"400":         {reply{status: 400, body: `{"error":"invalid_grant"}`, header: map[string]string{"Retry-After": "90"}}, 90 * time.Second},
		"half of it":  {reply{status: 429, body: "{", cut: true, header: map[string]string{"Retry-After": "90"}}, 90 * time.Second},
		"a page":      {reply{status: 200, body: webPage, header: map[string]string{"Retry-After": "90"}}, 90 * time.Second},
		"negative":    {reply{status: 429, header: map[string]string{"Retry-After": "-90"}}, 0},
		"nonsense":    {reply{status: 429, header: map[string]string{"Retry-After": "soon"}}, 0},
		"in the past": {reply{status: 429, header: map[string]string{"Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"}}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newTokenRig(t, func(int) reply { return tt.rep })
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Minute)
				defer cancel()
				if tok, err := r.Token(ctx, AccessToken{}); err == nil {
					t.Fatalf("got token %q", tok.Secret())
				}
				synctest.Wait()
				for i, at := range r.lwa.at[1:] {
					if gap := at.Sub(r.lwa.at[i]); gap < tt.want || gap > max(tt.want, time.Minute)+time.Second {
						t.Errorf("exchange %d came %s after the one before, want %s", i+2, gap, tt.want)
					}
				}
				if asked := strings.Contains(r.reason(), "left alone"); asked != (tt.want > 0) {
					t.Errorf("readiness says %q", r.reason())
				}
			})
		})
	}
}

// While a token is good, an endpoint that wants to be left alone stops nobody.
func TestAnEndpointLeftAloneStopsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newTokenRig(t, func(n int) reply {
			if n == 2 {
				return reply{status: 503, header: map[string]string{"Retry-After": "200"}}
			}
			return hourly(n)
		})
		r.get(t)
		time.Sleep(56 * time.Minute)
		if got := r.get(t); got != "Atza|access-1" {
			t.Errorf("got %s", got)
		}
		time.Sleep(201 * time.Second)
		if got := r.get(t); got != "Atza|access-3" || r.reason() != "" {
			t.Errorf("got %s; readiness says %q", got, r.reason())
		}
	})
}
