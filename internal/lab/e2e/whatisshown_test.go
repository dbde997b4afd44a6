//go:build !kafka

package e2e

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/lab/testkit"
	"github.com/tracklayer/amazon-capi/internal/pipeline"
)

// A stranger repeats whatever it was sent, and says beside what names a person.
const (
	registryUser     = "capi-reader"
	registryPassword = `r3g"istry&p%40ss wörd`
	clientSecret     = "lowercase_client_secret_of_letters"
	refreshToken     = "Atzr|IwEBIrefreshXyz0123456789"
)

var told = []string{
	"jane.doe@example.com", "Jane Doe <jane.doe@example.com>", "jane.doe&#64;example.com", `jane.doe\u0040example.com`, "jane.doe%2540example.com", "jane.doe＠example.com",
	base64.StdEncoding.EncodeToString([]byte("jane.doe@example.com")), "+1 (555) 123-4567", "555\u00a0123\u00a04567", "٥٥٥١٢٣٤٥٦٧",
	"86e0b9e56c17cc4d12387e1949b85053fbe73bc3ce5a1188713a9d300cc6133d", "AEBE52E7-03EE-455A-B3C4-E57283966239", "amzn1.click.abc123def",
	// A digest in groups, hex with colons, quoted-printable, an escaped text in
	// base64, and addresses of other forms.
	"93/eb/0a/11/c5/77/4d/9e/a0/12/3b/5f/66/7d/8c/d1", "a3f19c2e4b57d860-91ac33fe07b2d4e8", "6f:74:74:6f:40:78:2e:64:65", "otto=40quoted.example",
	base64.RawURLEncoding.EncodeToString([]byte("otto%40quoted.example")), "o'quoted@example.com", "otto@xn--quoted-kva.example", "➊➎➎➎➊➋➌➍➎➏➐",
	"\x1b[31mred", "\u202erev",
}

// remains is what must not be left of any of it.
func remains() []string {
	all := []string{
		"jane.doe", "jane doe", "123-4567", "123\u00a04567", "5551234567", "٥٥٥", "86e0b9e5", "aebe52e7", "abc123def", "\x1b", `\u001b`, "\u202e",
		base64.StdEncoding.EncodeToString([]byte("jane.doe@example.com"))[:12],
		"93/eb", "6/7d", "a3f19c2e", "91ac33fe", "6f:74:74", "quoted", "➊➎", base64.RawURLEncoding.EncodeToString([]byte("otto%40quoted.example"))[:12],
		clientSecret, "iwebirefresh", base64.StdEncoding.EncodeToString([]byte(registryUser + ":" + registryPassword))[:20],
	}
	return append(all, registryPassword, url.QueryEscape(registryPassword), html.EscapeString(registryPassword))
}

// hostile are ways to answer with everything that there is to tell.
var hostile = map[string]func(w http.ResponseWriter, all string){
	"a registry's error": func(w http.ResponseWriter, all string) {
		reply(w, 500, "application/json", map[string]any{"error_code": 50001, "message": all})
	},
	"a refusal": func(w http.ResponseWriter, all string) {
		reply(w, 422, "application/json", map[string]any{"error_code": 42201, "message": all, "code": all, "details": all})
	},
	"OAuth's error": func(w http.ResponseWriter, all string) {
		reply(w, 400, "application/json", map[string]any{"error": clientSecret, "error_description": all})
	},
	"Amazon's error": func(w http.ResponseWriter, all string) {
		reply(w, 403, "application/json", map[string]any{"code": all, "message": all})
	},
	"a proxy's page": func(w http.ResponseWriter, all string) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(502)
		_, _ = io.WriteString(w, "<html><title>"+all+"</title>"+all)
	},
	"text": func(w http.ResponseWriter, all string) { w.WriteHeader(401); _, _ = io.WriteString(w, all) },
	"a redirect": func(w http.ResponseWriter, all string) {
		w.Header().Set("Location", "http://127.0.0.1:1/?q="+url.QueryEscape(all))
		w.WriteHeader(307)
	},
	"no HTTP": func(w http.ResponseWriter, all string) {
		c, buf, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_, _ = buf.WriteString(strings.ReplaceAll(all, "\n", " ") + "\r\n\r\n")
			_ = buf.Flush()
			_ = c.Close()
		}
	},
	"a bad header": func(w http.ResponseWriter, all string) {
		c, buf, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_, _ = buf.WriteString("HTTP/1.1 200 OK\r\n" + strings.ReplaceAll(all, "\n", " ") + "\r\n\r\n")
			_ = buf.Flush()
			_ = c.Close()
		}
	},
	"a request id": func(w http.ResponseWriter, all string) {
		w.Header().Set("X-Amzn-Requestid", "AEBE52E7.jane.doe@example.com")
		w.Header().Set("X-Amz-Rid", refreshToken)
		reply(w, 400, "application/json", map[string]any{"code": "BAD", "message": all})
	},
}

func reply(w http.ResponseWriter, status int, kind string, doc any) {
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(doc)
}

// stranger answers one way, with what it was sent and told.
func stranger(t *testing.T, answer func(http.ResponseWriter, string)) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(io.LimitReader(r.Body, 8<<10))
		user, password, _ := r.BasicAuth()
		answer(w, strings.Join(append([]string{
			r.Header.Get("Authorization"), user + ":" + password, url.QueryEscape(password), html.EscapeString(password), string(body),
		}, told...), " and "))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// TestNothingThatStrangersSayIsShown has each server that the program talks to be
// hostile in turn, and looks for what it says wherever people look.
func TestNothingThatStrangersSayIsShown(t *testing.T) {
	sideBySide(t)
	for name, answer := range hostile {
		for who, change := range map[string]func(c *pipeline.Config, at string){
			"registry": func(c *pipeline.Config, at string) {
				c.Registry.URL, c.Registry.Username, c.Registry.Password = at, registryUser, registryPassword
			},
			"token endpoint": func(c *pipeline.Config, at string) { c.TokenURL = at + sandbox.TokenPath },
			"Amazon":         func(c *pipeline.Config, at string) { c.AmazonURL = at },
		} {
			t.Run(who+" answers with "+name, func(t *testing.T) {
				t.Parallel()
				account := sandbox.DefaultAccount()
				account.ClientSecret, account.RefreshToken = clientSecret, refreshToken
				w := newWorldAlone(t, sandbox.Options{Accounts: []sandbox.Account{account}})
				w.publish(generated(t, 3, 1, sample.GeneratorOptions{}))
				c := w.config()
				c.ClientSecret, c.RefreshToken, c.AuthHold, c.Drain, c.MaxAttempts = clientSecret, refreshToken, 300*time.Millisecond, 100*time.Millisecond, 2
				change(&c, stranger(t, answer))
				p := w.start(c)
				w.eventually(p, "it is noticed", func() bool {
					return strings.Contains(p.log(), "condition failing") || w.lag() == 0
				})
				w.nothingShown(p)
			})
		}
	}
}

// nothingShown looks through all that a running program shows.
func (w *world) nothingShown(p program) {
	w.t.Helper()
	var seen testkit.Buffer
	for _, page := range []string{"/readyz", "/readyz?format=json", "/status", "/livez", "/metrics"} {
		_, body := w.get(p, page)
		fmt.Fprintln(&seen, page, body)
	}
	records, _ := w.deadLetters()
	for _, r := range records {
		for _, h := range r.Headers {
			fmt.Fprintf(&seen, "%s=%s\n", h.Key, h.Value)
		}
	}
	fmt.Fprintln(&seen, p.log())
	all := strings.ToLower(seen.String())
	for _, left := range remains() {
		if i := strings.Index(all, strings.ToLower(left)); i >= 0 {
			w.t.Errorf("%q is shown:\n…%s…", left, all[max(0, i-300):min(len(all), i+100)])
		}
	}
}
