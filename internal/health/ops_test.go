package health

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

// TestConditionLogsChangesOnly: an hour of faults is two lines, and readiness
// knows since when.
func TestConditionLogsChangesOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		cs := NewConditions(zerolog.New(&log), nil)
		c := cs.Condition("token")
		c.OK()
		if log.Len() != 0 {
			t.Fatalf("a condition that was never ill logged %s", &log)
		}
		started := time.Now()
		for i := range 3600 {
			c.Fail([]string{"refused", "timed out"}[i%2])
			time.Sleep(time.Second)
		}
		if n := strings.Count(log.String(), "\n"); n != 1 {
			t.Errorf("an hour of faults logged %d lines, want 1:\n%s", n, &log)
		}
		st := cs.States()[0]
		if st.OK || st.Reason != "timed out" || !st.Since.Equal(started) {
			t.Errorf("state %+v; want failing with the latest reason since the first fault, %v", st, started)
		}
		c.OK()
		c.OK()
		if n := strings.Count(log.String(), "\n"); n != 2 {
			t.Errorf("%d lines after the fault ended, want 2:\n%s", n, &log)
		}
		if st := cs.States()[0]; !st.OK || !st.Since.Equal(time.Now()) {
			t.Errorf("state %+v, want well since now", st)
		}
	})
}

func TestPendingIsNotReadyAndNotLogged(t *testing.T) {
	var log bytes.Buffer
	cs := NewConditions(zerolog.New(&log), nil)
	c := cs.Condition("assignment")
	c.Pending("joining")
	if st := cs.States()[0]; st.OK || log.Len() != 0 {
		t.Errorf("pending: ready %v, log %q; want not ready, silent", st.OK, &log)
	}
	c.OK()
	if log.Len() != 0 {
		t.Errorf("the end of starting was logged as a recovery: %s", &log)
	}
	c.Pending("joining")
	c.Fail("refused")
	if !strings.Contains(log.String(), "refused") {
		t.Error("a fault while pending was not logged")
	}
}

func TestStatesShowFaultsFirst(t *testing.T) {
	cs := NewConditions(zerolog.Nop(), nil)
	for _, name := range []string{"b", "a", "c"} {
		cs.Condition(name)
	}
	cs.Condition("c").Fail("x")
	cs.Remove("b")
	got := ""
	for _, st := range cs.States() {
		got += st.Name
	}
	if got != "ca" {
		t.Errorf("order %q, want the failing one first and b gone: ca", got)
	}
	var none *Condition
	none.Fail("x")
	none.OK()
	none.Pending("x")
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestServerPages(t *testing.T) {
	cs := NewConditions(zerolog.Nop(), nil)
	reg := prometheus.NewRegistry()
	reg.MustRegister(prometheus.NewCounter(prometheus.CounterOpts{Name: "amazon_capi_test_total"}))
	var hang error
	s := NewServer(cs, func() error { return hang }, reg)
	if err := s.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	defer s.Close(context.Background())
	base := "http://" + s.Addr()

	cs.Condition("token").Fail("the token endpoint refuses: invalid_grant")
	cs.Condition("brokers").OK()
	if code, body := get(t, base+"/readyz"); code != 503 || !strings.Contains(body, "[-] token: the token endpoint refuses: invalid_grant (since ") || !strings.Contains(body, "[+] brokers ok") {
		t.Errorf("/readyz with a fault: %d\n%s", code, body)
	}
	if code, body := get(t, base+"/readyz?format=json"); code != 503 || !strings.Contains(body, `"name":"token","ok":false`) {
		t.Errorf("/readyz as JSON: %d\n%s", code, body)
	}
	cs.Condition("token").OK()
	if code, body := get(t, base+"/readyz"); code != 200 || !strings.HasSuffix(body, "ok\n") {
		t.Errorf("/readyz when well: %d\n%s", code, body)
	}
	if code, _ := get(t, base+"/livez"); code != 200 {
		t.Errorf("/livez: %d", code)
	}
	hang = errors.New("the poll loop has been busy for 2m0s")
	if code, body := get(t, base+"/livez"); code != 503 || !strings.Contains(body, "busy for 2m0s") {
		t.Errorf("/livez of a process that hangs: %d\n%s", code, body)
	}
	if code, body := get(t, base+"/metrics"); code != 200 || !strings.Contains(body, "amazon_capi_test_total 0") {
		t.Errorf("/metrics: %d\n%s", code, body)
	}
	if err := NewServer(cs, nil, reg).Start(s.Addr()); err == nil || !strings.Contains(err.Error(), "--listen") {
		t.Errorf("a taken port: %v, want an error that names --listen", err)
	}
}

func TestNewLogger(t *testing.T) {
	var b bytes.Buffer
	log, err := NewLogger(&b, "json", "warn")
	if err != nil {
		t.Fatal(err)
	}
	log.Info().Msg("quiet")
	log.Warn().Msg("loud")
	if s := b.String(); strings.Contains(s, "quiet") || !strings.Contains(s, `"message":"loud"`) {
		t.Errorf("log at level warn: %s", s)
	}
	log.Warn().Dur("after_ms", 90*time.Second).Msg("well again")
	if !strings.Contains(b.String(), `"after_ms":90000`) {
		t.Errorf("a duration that is not in the unit of its name: %s", &b)
	}
	for _, bad := range [][2]string{{"xml", "info"}, {"json", "loud"}, {"json", ""}} {
		if _, err := NewLogger(&b, bad[0], bad[1]); err == nil || !strings.Contains(err.Error(), "want") {
			t.Errorf("NewLogger(%q, %q): %v, want an error that says what would be right", bad[0], bad[1], err)
		}
	}
}

func TestProfiles(t *testing.T) {
	for _, asked := range []bool{false, true} {
		s := NewServer(NewConditions(zerolog.Nop(), nil), nil, prometheus.NewRegistry())
		want := 404
		if asked {
			s.Profile()
			want = 200
		}
		if err := s.Start("127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		for _, page := range []string{"heap", "goroutine?debug=1", "profile?seconds=1", "trace?seconds=0.1"} {
			if code, _ := get(t, "http://"+s.Addr()+"/debug/pprof/"+page); code != want {
				t.Errorf("asked for %v: /debug/pprof/%s: %d, want %d", asked, page, code, want)
			}
		}
		// It would show secrets that were given as flags.
		if code, _ := get(t, "http://"+s.Addr()+"/debug/pprof/cmdline"); code != 404 {
			t.Errorf("asked for %v: the command line is served: %d", asked, code)
		}
		s.Close(context.Background())
	}
}

// TestNoColoursInFiles: a log that is not a terminal gets no escape sequences.
func TestNoColoursInFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var buffer bytes.Buffer
	for _, w := range []io.Writer{file, &buffer} {
		log, err := NewLogger(w, "console", "trace")
		if err != nil {
			t.Fatal(err)
		}
		log.Warn().Str("condition", "token").Err(errors.New("refused")).Msg("condition failing")
		log.Error().Msg("x")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{string(text), buffer.String()} {
		if strings.Contains(s, "\x1b") || !strings.Contains(s, "condition=token") {
			t.Errorf("%q", s)
		}
	}
}
