package sandbox

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRequests(t *testing.T) {
	one := `{"events":[` + lead("e") + `]}`
	header := func(key string, values ...string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Del(key)
			for _, v := range values {
				r.Header.Add(key, v)
			}
		}
	}
	const client, scope = "Amazon-Advertising-API-ClientId", "Amazon-Advertising-API-Scope"
	for _, c := range []struct {
		name   string
		change func(*http.Request)
		body   string
		status int
	}{
		{"as it should be", nil, one, 200},
		{"charset", header("Content-Type", "application/json; charset=UTF-8"), one, 200},
		{"GET", func(r *http.Request) { r.Method = http.MethodGet }, one, 405},
		{"another path", func(r *http.Request) { r.URL.Path += "/" }, one, 404},
		{"the other contract's path", func(r *http.Request) { r.URL.Path = "/adsApi/v1/create/events" }, one, 400},
		{"no content type", header("Content-Type"), one, 415},
		{"form", header("Content-Type", "application/x-www-form-urlencoded"), one, 415},
		{"another charset", header("Content-Type", "application/json; charset=latin1"), one, 415},
		{"gzip", header("Content-Encoding", "gzip"), one, 415},
		{"no token", header("Authorization"), one, 401},
		{"another scheme", header("Authorization", "Basic abc"), one, 401},
		{"unknown token", header("Authorization", "Bearer Atza|unknown"), one, 401},
		{"no client id", header(client), one, 400},
		{"another client id", header(client, "amzn1.application-oa2-client.other"), one, 403},
		{"no profile", header(scope), one, 400},
		{"profile with spaces", header(scope, "12 34"), one, 400},
		{"two profiles", header(scope, "1", "2"), one, 400},
		{"forbidden profile", header(scope, ForbiddenProfile), one, 403},

		{"no body", nil, ``, 400},
		{"no JSON", nil, `events=1`, 400},
		{"cut off", nil, one[:len(one)-2], 400},
		{"a second value", nil, one + `{}`, 400},
		{"not UTF-8", nil, strings.Replace(one, `"Lead"`, "\"L\xe9ad\"", 1), 400},
		{"a list", nil, `[` + lead("e") + `]`, 400},
		{"no events field", nil, `{}`, 400},
		{"another field", nil, `{"dryRun":true,"events":[` + lead("e") + `]}`, 400},
		{"events twice", nil, `{"events":[` + lead("e") + `],"events":[]}`, 400},
		{"events is an object", nil, `{"events":{}}`, 400},
		{"events is null", nil, `{"events":null}`, 400},
		{"no events", nil, `{"events":[]}`, 400},
		{"an event id twice", nil, `{"events":[` + lead("e") + `,` + purchase("e") + `]}`, 422},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHarness(t, Options{})
			r := h.request(c.body)
			if c.change != nil {
				c.change(r)
			}
			got := h.do(r)
			got.wantStatus(t, c.status)
			if c.status == 200 {
				return
			}
			if !strings.Contains(got.body, `"code":"`) || !strings.Contains(got.body, `"message":"`) {
				t.Errorf("body %s, want a code and a message", got.body)
			}
			if n := h.Stats().Taken; n != 0 {
				t.Errorf("%d events taken, want none", n)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	h := newHarness(t, Options{})
	h.send(leads(500)...).wantStatus(t, 200)
	h.send(leads(501)...).wantStatus(t, 413)

	h = newHarness(t, Options{MaxBody: 1000})
	fits := `{"events":[` + lead("e") + `]}`
	fits += strings.Repeat(" ", 1000-len(fits))
	h.do(h.request(fits)).wantStatus(t, 200)
	h.do(h.request(fits+" ")).wantStatus(t, 413)
}

// TestTooLargeOverNetwork: a client that is still writing gets the 413 and not
// a broken connection.
func TestTooLargeOverNetwork(t *testing.T) {
	h := newHarness(t, Options{})
	base, client := started(t, h.Amazon)
	status, _, err := overNetwork(t, client, base, h.request(strings.Repeat(" ", 6<<20)))
	if err != nil || status != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d, %v; want 413", status, err)
	}
}

func TestAnswers(t *testing.T) {
	t.Run("all taken", func(t *testing.T) {
		h := newHarness(t, Options{})
		got := h.send(lead("a"), purchase("b"))
		got.wantStatus(t, 200)
		want := `{"success":[{"index":0,"eventId":"a"},{"index":1,"eventId":"b"}],"error":[]}`
		if got.body != want {
			t.Errorf("body %s, want %s", got.body, want)
		}
	})
	t.Run("every success status", func(t *testing.T) {
		for _, status := range []int{200, 201, 202, 204, 207} {
			h := newHarness(t, Options{Behaviour: Behaviour{SuccessStatus: status}})
			got := h.send(lead("a"))
			got.wantStatus(t, status)
			if (got.body == "") != (status == 204) || h.Accepted("a") != 1 {
				t.Errorf("status %d: body %q, accepted %d times", status, got.body, h.Accepted("a"))
			}
		}
	})
	t.Run("echo", func(t *testing.T) {
		h := newHarness(t, Options{Behaviour: Behaviour{Echo: true}})
		got := h.send(lead("a"))
		if want := `{"success":[{"index":0,"event":` + lead("a") + `}],"error":[]}`; got.body != want {
			t.Errorf("body %s, want %s", got.body, want)
		}
	})
	t.Run("values are quoted only on demand", func(t *testing.T) {
		bad := strings.Replace(lead("a"), hash, hash[:63], 1)
		for _, refusal := range []Refusal{RefuseBatch, RefuseItem} {
			for _, quote := range []bool{false, true} {
				h := newHarness(t, Options{Behaviour: Behaviour{Refusal: refusal, QuoteValues: quote}})
				if got := h.send(bad); strings.Contains(got.body, hash[:63]) != quote {
					t.Errorf("%s, quote %v: body %s", refusal, quote, got.body)
				}
			}
		}
	})
	t.Run("the batch gets the status of its first bad event", func(t *testing.T) {
		h := newHarness(t, Options{})
		h.send(lead("a"), lead("sandbox-409"), `{}`).wantStatus(t, 409)
		h.send(`{}`, lead("sandbox-409")).wantStatus(t, 422)
	})
}

func TestMagicIDs(t *testing.T) {
	for id, status := range map[string]int{
		"sandbox-400": 400, "ord_sandbox-404_x": 404, "sandbox-409": 409, "sandbox-413": 413, "lead-sandbox-422": 422,
		"sandbox-401": 200, "sandbox-403": 200, "sandbox-500": 200, "sandbox": 200,
	} {
		h := newHarness(t, Options{})
		h.send(lead(id)).wantStatus(t, status)
		if got, want := h.Accepted(id) == 1, status == 200; got != want {
			t.Errorf("%s: accepted %v, want %v", id, got, want)
		}
		h = newHarness(t, Options{Behaviour: Behaviour{Refusal: RefuseItem}})
		taken, refused := h.send(lead("a"), lead(id)).items(t)
		if status != 200 && (!slices.Equal(taken, []int{0}) || refused[1] == "") {
			t.Errorf("%s by item: taken %v, refused %v", id, taken, refused)
		}
		if code := refused[1]; code == "CONFLICT" || code == "TOO_MANY_REQUESTS" || code == "INTERNAL_ERROR" {
			t.Errorf("%s by item: code %s asks to be tried again, want a permanent one", id, code)
		}
	}
}

func TestAccountsHaveTheirProfiles(t *testing.T) {
	one, two := DefaultAccount(), DefaultAccount()
	one.Profiles = []string{profile}
	two.ClientID, two.RefreshToken, two.Profiles = "client-2", "Atzr|2", []string{"2"}
	h := newHarness(t, Options{Accounts: []Account{one, two}})
	h.send(lead("a")).wantStatus(t, 200)

	r := h.request(`{"events":[` + lead("a") + `]}`)
	r.Header.Set("Amazon-Advertising-API-Scope", "2")
	h.do(r).wantStatus(t, 403)

	h.token = h.tokens.issue(&h.tokens.accounts[1])
	h.send(lead("a")).wantStatus(t, 403)
	r = h.request(`{"events":[` + lead("a") + `]}`)
	r.Header.Set("Authorization", "Bearer "+h.token)
	r.Header.Set("Amazon-Advertising-API-Scope", "2")
	r.Header.Set("Amazon-Advertising-API-ClientId", "client-2")
	h.do(r).wantStatus(t, 200)
}

// witness looks at the record at the moment the answer begins.
type witness struct {
	*httptest.ResponseRecorder
	look func()
}

func (w witness) WriteHeader(status int) {
	w.look()
	w.ResponseRecorder.WriteHeader(status)
}

func TestRecordedBeforeTheAnswer(t *testing.T) {
	var disk strings.Builder
	h := newHarness(t, Options{Record: &disk})
	looked := false
	w := witness{httptest.NewRecorder(), func() {
		looked = true
		if h.Accepted("a") != 1 || len(h.Requests()) != 1 || strings.Count(disk.String(), "\n") != 1 {
			t.Errorf("as the answer began: accepted %d times, %d requests, record %q", h.Accepted("a"), len(h.Requests()), disk.String())
		}
	}}
	h.ServeHTTP(w, h.request(`{"events":[`+lead("a")+`]}`))
	if !looked {
		t.Fatal("there was no answer")
	}
}

type failingWriter struct {
	strings.Builder
	fail bool
}

func (w *failingWriter) Write(p []byte) (int, error) {
	if w.fail {
		n, _ := w.Builder.Write(p[:len(p)/2])
		return n, errors.New("disk full")
	}
	return w.Builder.Write(p)
}

// TestRecordThatCannotBeWritten: what is not on record was not accepted, and
// the line that broke off does not swallow the next.
func TestRecordThatCannotBeWritten(t *testing.T) {
	disk := &failingWriter{fail: true}
	h := newHarness(t, Options{Record: disk})
	h.send(lead("a")).wantStatus(t, 500)
	if h.Accepted("a") != 0 || h.Stats().Requests != 0 {
		t.Errorf("accepted %d times, %d requests; want none", h.Accepted("a"), h.Stats().Requests)
	}
	disk.fail = false
	h.send(lead("a")).wantStatus(t, 200)
	lines := strings.Split(strings.TrimSpace(disk.String()), "\n")
	if len(lines) != 2 || !strings.HasPrefix(lines[1], `{"seq":1,`) {
		t.Errorf("record %q, want a broken line and a whole one", disk.String())
	}
}

func TestManySendersAtOnce(t *testing.T) {
	h := newHarness(t, Options{})
	const senders, rounds, size = 8, 20, 10
	var wg sync.WaitGroup
	for s := range senders {
		wg.Go(func() {
			for r := range rounds {
				var events []string
				for i := range size {
					events = append(events, lead(fmt.Sprintf("%d-%d-%d", s, r, i)))
				}
				req := h.request(`{"events":[` + strings.Join(events, ",") + `]}`)
				req.Header.Set("Amazon-Advertising-API-Scope", fmt.Sprint("profile-", s%3))
				h.do(req)
				if r%5 == 0 {
					if err := h.SetFaults(); err != nil {
						t.Error(err)
					}
					h.Stats()
				}
			}
		})
	}
	wg.Wait()
	s := h.Stats()
	want := Totals{Requests: senders * rounds, Taken: senders * rounds * size, Accepted: senders * rounds * size}
	if diff := cmp.Diff(want, s.Totals); diff != "" {
		t.Errorf("totals (-want +got):\n%s", diff)
	}
	if len(s.Profiles) != 3 {
		t.Errorf("%d profiles, want 3", len(s.Profiles))
	}
}

func TestRefusedTypes(t *testing.T) {
	h := newHarness(t, Options{Behaviour: Behaviour{RefuseTypes: []string{"LEAD"}}})
	h.send(purchase("a")).wantStatus(t, 200)
	if got := h.send(lead("b")); got.status != 422 || !strings.Contains(got.body, "eventType is not a type") {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := h.Accepted("b"); got != 0 {
		t.Errorf("a refused type was accepted %d times", got)
	}
}

func TestCompressedRequests(t *testing.T) {
	body := `{"events":[` + lead("e") + `]}`
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = io.WriteString(z, body)
	_ = z.Close()
	for _, c := range []struct {
		name   string
		takes  bool
		sent   string
		status int
	}{
		{"taken", true, zipped.String(), 200},
		{"not taken", false, zipped.String(), 415},
		{"not what it says", true, body, 415},
		{"cut off", true, zipped.String()[:zipped.Len()-12], 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHarness(t, Options{Behaviour: Behaviour{Gzip: c.takes}})
			r := h.request(c.sent)
			r.Header.Set("Content-Encoding", "gzip")
			got := h.do(r)
			if c.status == 0 { // half a request is none
				if !got.cut || h.Stats().Taken != 0 {
					t.Errorf("half a body was answered: %+v", got)
				}
				return
			}
			got.wantStatus(t, c.status)
		})
	}
}
