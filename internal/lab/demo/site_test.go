//go:build ignore

package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/tracklayer/amazon-capi/internal/lab/shop"
	"github.com/tracklayer/amazon-capi/internal/lab/testkit"
	"github.com/tracklayer/amazon-capi/schemas"
)

// TestSite: what a visitor does goes through the whole pipeline, with their
// click. The same with a browser is make test-browser.
func TestSite(t *testing.T) {
	log := new(testkit.Buffer)
	s, err := startSite(t.Context(), "127.0.0.1:0", zerolog.New(log).Level(zerolog.ErrorLevel))
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()

	const click = "amzn1.click.abcdefgh2345"
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	cookies := "shop_consent=yes; amzn_click_id=" + click
	send := func(method, path, form string) (*http.Response, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, s.shopURL+path, strings.NewReader(form))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Cookie", cookies)
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range resp.Cookies() {
			cookies += "; " + c.Name + "=" + c.Value
		}
		return resp, string(body)
	}
	if resp, _ := send("POST", "/newsletter", url.Values{"email": {"mary@example.com"}}.Encode()); resp.Header.Get("Location") != "/status" {
		t.Fatalf("%s", resp.Status)
	}
	_, page := send("GET", "/status", "")
	id := regexp.MustCompile(`lead_\w+`).FindString(page)
	if id == "" {
		t.Fatalf("the status page shows no lead:\n%s", page)
	}
	eventually(t, log, "Amazon has the lead", func() bool { return s.amazon.Fate(id).Accepted })
	f := s.amazon.Fate(id)
	if f.ClickID != click {
		t.Error("the lead did not arrive with its click id")
	}
	if len(f.Attempts) < 2 || f.Attempts[0].Status == 200 {
		t.Errorf("%+v: the sandbox should have failed at first", f.Attempts)
	}
	if _, page = send("GET", "/status", ""); !strings.Contains(page, `data-verdict="accepted"`) || strings.Contains(page, click) {
		t.Error("the status page does not say that the lead was accepted, or says too much")
	}

	// An event that will never be accepted is told of, too.
	bad := &schemas.Event{EventID: "ord_bad", ProfileID: shop.Profile, EventName: "Purchase", ActionSource: "WEBSITE", OccurredAt: time.Now().UnixMilli()}
	if err := s.kafka.Publish(t.Context(), bad); err != nil {
		t.Fatal(err)
	}
	eventually(t, log, "the bad event's dead letter is read", func() bool { return s.kafka.Refused(bad.EventID) != "" })
	if why := s.kafka.Refused(bad.EventID); !strings.HasPrefix(why, "validation: ") {
		t.Errorf("it says %q", why)
	}
	if log.String() != "" {
		t.Errorf("log: %s", log)
	}
}

func TestSiteCommand(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	for name, tc := range map[string]struct {
		args []string
		code int
		want string
	}{
		"and --json":       {[]string{"--site", "--json"}, exitUsage, "--site"},
		"and --events":     {[]string{"--site", "--events", "5"}, exitUsage, "--events"},
		"not this machine": {[]string{"--site", "--listen", "0.0.0.0:8088"}, exitUsage, "want 127.0.0.1:PORT"},
		"no port":          {[]string{"--site", "--listen", "localhost"}, exitUsage, "want 127.0.0.1:PORT"},
		"a port in use":    {[]string{"--site", "--listen", busy.Addr().String()}, exitFailed, "--listen"},
	} {
		if r := command(t, "", append([]string{"demo"}, tc.args...)...); r.code != tc.code || !strings.Contains(r.stderr, tc.want) {
			t.Errorf("%s: exit %d, want %d and %q:\n%s", name, r.code, tc.code, tc.want, r.stderr)
		}
	}

	ctx, stop := context.WithCancel(t.Context())
	out, in := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, process{args: []string{"demo", "--site", "--listen", "localhost:0"}, stdin: strings.NewReader(""), stdout: in, stderr: io.Discard})
	}()
	buf := make([]byte, 4096)
	n, err := out.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	urls := regexp.MustCompile(`http://\S+`).FindAllString(string(buf[:n]), -1)
	if len(urls) != 2 || !strings.HasPrefix(urls[0], "http://127.0.0.1:") || !strings.HasPrefix(urls[1], "http://localhost:") {
		t.Fatalf("want the URLs of two sites:\n%s", buf[:n])
	}
	for _, u := range urls {
		resp, err := http.Get(u)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", u, resp.Status)
		}
	}
	http.DefaultClient.CloseIdleConnections()
	stop()
	if code := <-ended; code != exitOK {
		t.Errorf("interrupted: exit %d", code)
	}
}
