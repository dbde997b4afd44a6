package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// withFaults returns a harness on the clock of the test's bubble.
func withFaults(t *testing.T, list ...Fault) *harness {
	t.Helper()
	o := Options{Now: time.Now}
	o.Faults = list
	return newHarness(t, o)
}

// past is a valid event for the clock of a synctest bubble, which starts in 2000.
func past(id string) string { return strings.Replace(lead(id), "2026-", "1999-", 1) }

func TestDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := withFaults(t,
			Fault{Do: Delay, Latency: 2 * time.Second, Jitter: time.Second},
			Fault{Do: Delay, Latency: time.Minute, Profile: "another"},
			Fault{Do: Status, Count: 1})
		for i, status := range []int{503, 200} {
			begin := time.Now()
			h.send(past(fmt.Sprint(i))).wantStatus(t, status)
			if d := time.Since(begin); d < 2*time.Second || d > 3*time.Second {
				t.Errorf("answer after %s, want 2s to 3s", d)
			}
		}
	})
}

// TestDelayOutlastsTheClient: the sender gave up, and its events were taken.
func TestDelayOutlastsTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := withFaults(t, Fault{Do: Delay, Latency: time.Hour})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		h.do(h.request(`{"events":[` + past("a") + `]}`).WithContext(ctx))
		if h.Accepted("a") != 1 {
			t.Errorf("accepted %d times, want 1", h.Accepted("a"))
		}
	})
}

func TestStatusFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			fault      Fault
			status     int
			retryAfter string
			taken      int
		}{
			{Fault{Do: Status}, 503, "", 0},
			{Fault{Do: Status, Status: 500, Taken: true}, 500, "", 1},
			{Fault{Do: Status, Status: 429, RetryAfter: 1500 * time.Millisecond}, 429, "2", 0},
			{Fault{Do: Status, Status: 429, RetryAfter: time.Minute, RetryDate: true}, 429, "Sat, 01 Jan 2000 00:01:00 GMT", 0},
			{Fault{Do: Status, Status: 422}, 422, "", 0},
			{Fault{Do: Status, Status: 403, Profile: profile}, 403, "", 0},
			{Fault{Do: Status, Profile: "another"}, 200, "", 1},
			{Fault{Do: Status, At: AtToken}, 200, "", 1},
		} {
			h := withFaults(t, c.fault)
			got := h.send(past("a"))
			if got.status != c.status || got.header.Get("Retry-After") != c.retryAfter || h.Accepted("a") != c.taken {
				t.Errorf("%+v: status %d, Retry-After %q, taken %d; want %d, %q, %d", c.fault,
					got.status, got.header.Get("Retry-After"), h.Accepted("a"), c.status, c.retryAfter, c.taken)
			}
		}
	})
}

func TestLimitsOfFaults(t *testing.T) {
	statuses := func(h *harness, n int) (out []int) {
		for i := range n {
			out = append(out, h.send(past(fmt.Sprint(i))).status)
		}
		return out
	}
	t.Run("count", func(t *testing.T) {
		h := newHarness(t, Options{})
		if err := h.SetFaults(Fault{Do: Status, Count: 2}); err != nil {
			t.Fatal(err)
		}
		if got := statuses(h, 3); !slices.Equal(got, []int{503, 503, 200}) {
			t.Errorf("statuses %v", got)
		}
		if f := h.Stats().Faults[0]; f.Hits != 2 || !f.Over {
			t.Errorf("hits %d, over %v; want 2 and over", f.Hits, f.Over)
		}
	})
	t.Run("time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			h := withFaults(t, Fault{Do: Status, For: time.Minute})
			time.Sleep(time.Minute - time.Second)
			h.send(past("a")).wantStatus(t, 503)
			time.Sleep(time.Second)
			h.send(past("a")).wantStatus(t, 200)
		})
	})
	t.Run("chance, by its seed", func(t *testing.T) {
		run := func(seed uint64) []int {
			o := Options{Seed: seed}
			o.Faults = []Fault{{Do: Status, Chance: 0.3}}
			return statuses(newHarness(t, o), 200)
		}
		first := run(7)
		if !slices.Equal(first, run(7)) || slices.Equal(first, run(8)) {
			t.Error("want the same statuses for the same seed, and others for another")
		}
		hits := 0
		for _, s := range first {
			if s == 503 {
				hits++
			}
		}
		if hits < 40 || hits > 80 {
			t.Errorf("%d of 200 requests struck, want about 60", hits)
		}
	})
	t.Run("the first that strikes hides the rest", func(t *testing.T) {
		h := newHarness(t, Options{})
		if err := h.SetFaults(Fault{Do: Status, Status: 500, Count: 1}, Fault{Do: Status, Status: 502, Count: 1}); err != nil {
			t.Fatal(err)
		}
		if got := statuses(h, 3); !slices.Equal(got, []int{500, 502, 200}) {
			t.Errorf("statuses %v", got)
		}
	})
}

func TestThrottle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := withFaults(t, Fault{Do: Throttle, Rate: 2, RetryAfter: time.Second})
		for i, want := range []int{200, 200, 429, 429} {
			if got := h.send(past("a")).status; got != want {
				t.Errorf("request %d: status %d, want %d", i, got, want)
			}
		}
		time.Sleep(500 * time.Millisecond)
		h.send(past("a")).wantStatus(t, 200)
		h.send(past("a")).wantStatus(t, 429)
		time.Sleep(time.Minute) // the bucket does not fill beyond a second's worth
		for i, want := range []int{200, 200, 429} {
			if got := h.send(past("a")).status; got != want {
				t.Errorf("request %d after a minute: status %d, want %d", i, got, want)
			}
		}
	})
}

func TestRefuseResetHang(t *testing.T) {
	t.Run("refuse", func(t *testing.T) {
		h := withFaults(t, Fault{Do: Refuse})
		if got := h.send(lead("a")); !got.cut || got.status != 0 || got.body != "" {
			t.Errorf("%+v, want a closed connection and nothing else", got)
		}
		if h.Accepted("a") != 0 || h.Requests()[0].Status != 0 {
			t.Errorf("accepted %d times, status on record %d; want 0 and 0", h.Accepted("a"), h.Requests()[0].Status)
		}
	})
	t.Run("reset", func(t *testing.T) {
		h := withFaults(t, Fault{Do: Reset})
		got := h.send(lead("a"))
		if !got.cut || got.status != 200 || !strings.HasPrefix(got.body, `{"success"`) || strings.HasSuffix(got.body, "}") {
			t.Errorf("%+v, want half of an answer", got)
		}
		if h.Accepted("a") != 1 {
			t.Errorf("accepted %d times, want 1", h.Accepted("a"))
		}
	})
	t.Run("hang forever", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			h := withFaults(t, Fault{Do: Hang})
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			got := h.do(h.request(`{"events":[` + past("a") + `]}`).WithContext(ctx))
			if !got.cut || got.status != 0 || h.Accepted("a") != 1 {
				t.Errorf("%+v, accepted %d times; want no answer and 1", got, h.Accepted("a"))
			}
		})
	})
	t.Run("hang for a while", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			h := withFaults(t, Fault{Do: Hang, Latency: time.Minute})
			begin := time.Now()
			go func() {
				time.Sleep(time.Second)
				if h.Accepted("a") != 1 {
					t.Error("not on record while the answer hangs")
				}
			}()
			h.send(past("a")).wantStatus(t, 200)
			if d := time.Since(begin); d != time.Minute {
				t.Errorf("answer after %s, want a minute", d)
			}
		})
	})
}

// TestConnectionFaultsOverNetwork shows what a real client makes of them.
func TestConnectionFaultsOverNetwork(t *testing.T) {
	h := newHarness(t, Options{})
	base, client := started(t, h.Amazon)
	send := func(f Fault) (int, error) {
		t.Helper()
		if err := h.SetFaults(f); err != nil {
			t.Fatal(err)
		}
		status, _, err := overNetwork(t, client, base, h.request(`{"events":[`+lead("a")+`]}`))
		return status, err
	}
	if _, err := send(Fault{Do: Refuse}); !errors.Is(err, io.EOF) {
		t.Errorf("refuse: %v, want EOF", err)
	}
	if status, err := send(Fault{Do: Reset}); status != 200 || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("reset: status %d, %v; want 200 and an unexpected EOF", status, err)
	}
	if status, err := send(Fault{Do: HTML}); status != 200 || err != nil {
		t.Errorf("html: status %d, %v", status, err)
	}
}

func TestExpire(t *testing.T) {
	h := withFaults(t, Fault{Do: Expire, Count: 1})
	h.send(lead("a")).wantStatus(t, 401)
	h.send(lead("a")).wantStatus(t, 401) // the fault is over; the token stays withdrawn
	h.token = h.tokens.issue(&h.tokens.accounts[0])
	h.send(lead("a")).wantStatus(t, 200)
}

func TestItemFaults(t *testing.T) {
	t.Run("items", func(t *testing.T) {
		h := withFaults(t, Fault{Do: Items, Share: 0.4, Code: "INTERNAL_ERROR"})
		got := h.send(leads(100)...)
		got.wantStatus(t, 207)
		taken, refused := got.items(t)
		if len(taken)+len(refused) != 100 || len(refused) < 20 || len(refused) > 60 {
			t.Errorf("%d taken, %d refused; want 100 in all, about 40 refused", len(taken), len(refused))
		}
		for i, code := range refused {
			if code != "INTERNAL_ERROR" || h.Accepted(fmt.Sprintf("lead_%04d", i)) != 0 {
				t.Errorf("event %d: code %s, accepted %d times", i, code, h.Accepted(fmt.Sprintf("lead_%04d", i)))
			}
		}
		if s := h.Stats(); s.Later != int64(len(refused)) || s.Taken != int64(len(taken)) {
			t.Errorf("%+v, want %d later and %d taken", s.Totals, len(refused), len(taken))
		}
	})
	t.Run("omit", func(t *testing.T) {
		for _, alsoTaken := range []bool{false, true} {
			h := withFaults(t, Fault{Do: Omit, Share: 0.5, Taken: alsoTaken})
			taken, refused := h.send(leads(100)...).items(t)
			if len(refused) != 0 || len(taken) < 30 || len(taken) > 70 {
				t.Errorf("%d listed, %d refused; want about 50 and none", len(taken), len(refused))
			}
			want := int64(len(taken))
			if alsoTaken {
				want = 100
			}
			if got := h.Stats().Taken; got != want {
				t.Errorf("taken %d, want %d", got, want)
			}
		}
	})
	t.Run("one at least", func(t *testing.T) {
		h := withFaults(t, Fault{Do: Items, Share: 0.0001})
		if _, refused := h.send(leads(3)...).items(t); len(refused) != 1 {
			t.Errorf("%d refused, want 1", len(refused))
		}
	})
	t.Run("beside refused events", func(t *testing.T) {
		h := withFaults(t, Fault{Do: Items, Share: 1})
		h.send(lead("a"), `{}`).wantStatus(t, 422)
	})
}

func TestWrongAnswers(t *testing.T) {
	h := withFaults(t, Fault{Do: HTML, Count: 1}, Fault{Do: HTML, Status: 502, Count: 1}, Fault{Do: Garbage, Count: 1})
	for _, want := range []struct {
		status        int
		kind, content string
	}{{200, "text/html; charset=utf-8", "<!DOCTYPE"}, {502, "text/html; charset=utf-8", "<!DOCTYPE"}, {200, "application/json", "{"}} {
		got := h.send(lead("a"))
		if got.status != want.status || got.header.Get("Content-Type") != want.kind || !strings.HasPrefix(got.body, want.content) || got.cut {
			t.Errorf("%d %s %s, want %+v", got.status, got.header.Get("Content-Type"), got.body, want)
		}
	}
	if h.Accepted("a") != 0 {
		t.Errorf("accepted %d times, want 0", h.Accepted("a"))
	}
}

// TestDeny: the status is one of success, the body says that it failed, and no
// event is taken.
func TestDeny(t *testing.T) {
	h := withFaults(t, Fault{Do: Deny, Count: 20}, Fault{Do: Deny, Status: 202, Count: 1})
	seen := make(map[string]bool)
	for range 20 {
		got := h.send(lead("a"))
		if got.status != 200 || got.cut || !slices.Contains(denials, got.body) {
			t.Errorf("%d %q", got.status, got.body)
		}
		seen[got.body] = true
	}
	if len(seen) < 2 {
		t.Errorf("one body alone: %v", seen)
	}
	h.send(lead("a")).wantStatus(t, 202)
	if h.Accepted("a") != 0 {
		t.Errorf("accepted %d times, want 0", h.Accepted("a"))
	}
	h.send(lead("a")).wantStatus(t, 200)
	if h.Accepted("a") != 1 {
		t.Errorf("accepted %d times, want 1", h.Accepted("a"))
	}
}

func TestTokenFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := withFaults(t,
			Fault{At: AtToken, Do: Status, Status: 400, Code: "invalid_grant", Count: 1},
			Fault{At: AtToken, Do: Status, Count: 1},
			Fault{At: AtToken, Do: HTML, Count: 1},
			Fault{At: AtToken, Do: Garbage, Count: 1},
			Fault{At: AtToken, Do: Refuse, Count: 1},
			Fault{At: AtToken, Do: Reset, Count: 1},
			Fault{At: AtToken, Do: Hang, Latency: time.Minute, Count: 1})
		for i, want := range []struct {
			status int
			body   string
			cut    bool
		}{
			{400, `{"error":"invalid_grant"`, false},
			{503, `{"error":"server_error"`, false},
			{200, "<!DOCTYPE", false},
			{200, `{"success":[{"ind`, false},
			{0, "", true},
			{200, `{"access_token":"`, true},
			{200, `{"access_token":"`, false},
		} {
			got := h.askToken(tokenForm(DefaultAccount()))
			if got.status != want.status || got.cut != want.cut || !strings.HasPrefix(got.body, want.body) {
				t.Errorf("request %d: status %d, cut %v, body %.20q; want %+v", i, got.status, got.cut, got.body, want)
			}
		}
		h.send(past("a")).wantStatus(t, 200) // events are not concerned
	})
}

// TestRestart: an Amazon that went away refuses connections, and one that comes
// back remembers.
func TestRestart(t *testing.T) {
	h := newHarness(t, Options{})
	base, client := started(t, h.Amazon)
	if _, err := h.Start("127.0.0.1:0"); err == nil {
		t.Error("started twice")
	}
	send := func(id string) (int, error) {
		status, _, err := overNetwork(t, client, base, h.request(`{"events":[`+lead(id)+`]}`))
		return status, err
	}
	if status, err := send("a"); status != http.StatusOK {
		t.Fatal(status, err)
	}
	h.Close()
	h.Close()
	if _, err := send("b"); err == nil {
		t.Error("an answer from a closed Amazon")
	}
	if _, err := h.Start(strings.TrimPrefix(base, "http://")); err != nil {
		t.Fatal(err)
	}
	if status, err := send("b"); status != http.StatusOK {
		t.Fatal(status, err)
	}
	if h.Accepted("a") != 1 || h.Accepted("b") != 1 {
		t.Errorf("accepted %d and %d times, want 1 and 1", h.Accepted("a"), h.Accepted("b"))
	}
}

func TestStart(t *testing.T) {
	h := newHarness(t, Options{})
	base, err := h.Start(":0")
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if !strings.HasPrefix(base, "http://localhost:") {
		t.Errorf("base URL %s, want one of localhost", base)
	}
	if _, err := newHarness(t, Options{}).Start("nowhere:http:1"); err == nil || !strings.HasPrefix(err.Error(), "sandbox Amazon: ") {
		t.Errorf("%v, want an error that says who could not listen", err)
	}
}

// TestCloseEndsWhatHangs: Close returns although an answer would hang forever,
// and the event of that request is on record.
func TestCloseEndsWhatHangs(t *testing.T) {
	h := withFaults(t, Fault{Do: Hang})
	base, client := started(t, h.Amazon)
	failed := make(chan error)
	go func() {
		_, _, err := overNetwork(t, client, base, h.request(`{"events":[`+lead("a")+`]}`))
		failed <- err
	}()
	for h.Accepted("a") == 0 {
		time.Sleep(time.Millisecond)
	}
	h.Close()
	if err := <-failed; err == nil {
		t.Error("an answer, want a broken connection")
	}
}
