package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	profile    = "1234567890"
	eventsPath = "/offAmazonEvents/2023-11-13/events"
	hash       = "86e0b9e56c17cc4d12387e1949b85053fbe73bc3ce5a1188713a9d300cc6133d"
	madid      = "AEBE52E7-03EE-455A-B3C4-E57283966239"
	clickID    = "amzn1.click.abc123"
)

// testNow is a moment after the timestamps of the events that tests send.
var testNow = time.Date(2026, 4, 23, 12, 0, 0, 0, time.UTC)

// harness sends requests to a sandbox without a network, so that tests can run
// on virtual time.
type harness struct {
	*Amazon
	t     *testing.T
	token string
}

func newHarness(t *testing.T, o Options) *harness {
	t.Helper()
	if o.Now == nil {
		o.Now = func() time.Time { return testNow }
	}
	a, err := NewAmazon(o)
	if err != nil {
		t.Fatal(err)
	}
	h := &harness{Amazon: a, t: t}
	h.token = a.tokens.issue(&a.tokens.accounts[0])
	return h
}

// answer is a response; status 0 says that the connection was closed.
type answer struct {
	status int
	header http.Header
	body   string
	cut    bool // the connection was closed after what is here
}

func (h *harness) do(r *http.Request) (a answer) {
	w := httptest.NewRecorder()
	w.Code = 0
	defer func() {
		if p := recover(); p != nil {
			if p != http.ErrAbortHandler {
				panic(p)
			}
			a.cut = true
		}
		a.status, a.header, a.body = w.Code, w.Header(), w.Body.String()
	}()
	h.ServeHTTP(w, r)
	return a
}

func (h *harness) request(body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, eventsPath, strings.NewReader(body))
	account := h.opts.Accounts[0]
	r.Header.Set("Authorization", "Bearer "+h.token)
	r.Header.Set("Amazon-Advertising-API-ClientId", account.ClientID)
	r.Header.Set("Amazon-Advertising-API-Scope", profile)
	r.Header.Set("Content-Type", "application/json")
	return r
}

// send posts events and returns the answer.
func (h *harness) send(events ...string) answer {
	return h.do(h.request(`{"events":[` + strings.Join(events, ",") + `]}`))
}

func (h *harness) get(path string) answer {
	return h.do(httptest.NewRequest(http.MethodGet, path, nil))
}

// lead is a valid event without value.
func lead(id string) string {
	return fmt.Sprintf(`{"name":"Lead","eventType":"LEAD","eventActionSource":"WEBSITE","timestamp":"2026-04-23T10:17:00Z","clickId":%q,`+
		`"userInfo":{"hashedEmail":%q,"countryCode":"US","postalCode":"10001"},"eventId":%q}`, clickID, hash, id)
}

// purchase is a valid event with every field the contract has.
func purchase(id string) string {
	return fmt.Sprintf(`{"name":"Purchase","eventType":"PURCHASE","eventActionSource":"WEBSITE","timestamp":"2026-04-23T10:15:30Z","clickId":%q,`+
		`"userInfo":{"hashedEmail":%q,"hashedPhone":%q,"madid":%q,"countryCode":"US","postalCode":"10001"},`+
		`"value":{"amount":129.95,"currencyCode":"USD"},"eventId":%q}`, clickID, hash, hash, madid, id)
}

func leads(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = lead(fmt.Sprintf("lead_%04d", i))
	}
	return out
}

func (a answer) wantStatus(t *testing.T, want int) {
	t.Helper()
	if a.status != want {
		t.Fatalf("status %d, want %d; body %s", a.status, want, a.body)
	}
}

// items reads the two lists of an answer: the indexes taken, and the codes of
// those refused.
func (a answer) items(t *testing.T) (taken []int, refused map[int]string) {
	t.Helper()
	var body struct {
		Success []struct{ Index int }
		Error   []struct {
			Index  int
			Errors []itemError
		}
	}
	if err := json.Unmarshal([]byte(a.body), &body); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
	refused = make(map[int]string)
	for _, s := range body.Success {
		taken = append(taken, s.Index)
	}
	for _, e := range body.Error {
		refused[e.Index] = e.Errors[0].Code
	}
	return taken, refused
}

func tokenForm(a Account) url.Values {
	return url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {a.RefreshToken},
		"client_id": {a.ClientID}, "client_secret": {a.ClientSecret},
	}
}

func (h *harness) askToken(form url.Values) answer {
	return h.do(tokenRequest(form))
}

func tokenRequest(form url.Values) *http.Request {
	r := httptest.NewRequest(http.MethodPost, TokenPath, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// started runs the sandbox's server for the length of the test and returns its
// base URL and a client.
func started(t *testing.T, a *Amazon) (string, *http.Client) {
	t.Helper()
	base, err := a.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		a.Close()
	})
	return base, &http.Client{Transport: transport}
}

// overNetwork sends a harness request through a real client.
func overNetwork(t *testing.T, client *http.Client, base string, r *http.Request) (int, string, error) {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	out, err := http.NewRequestWithContext(r.Context(), r.Method, base+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	out.Header = r.Header
	resp, err := client.Do(out)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(got), err
}
