package demo

import (
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/tracklayer/amazon-capi/internal/history"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/lab/shop"
	"github.com/tracklayer/amazon-capi/internal/lab/testkit"
	"github.com/tracklayer/amazon-capi/schemas"
)

// TestSite: what a visitor does goes through the whole pipeline, with their
// click. The same with a browser is make test-browser.
func TestSite(t *testing.T) {
	log := new(testkit.Buffer)
	s, err := StartSite(t.Context(), "127.0.0.1:0", zerolog.New(log).Level(zerolog.ErrorLevel))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()

	const click = "amzn1.click.abcdefgh2345"
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	cookies := "shop_consent=yes; amzn_click_id=" + click
	send := func(method, path, form string) (*http.Response, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, s.ShopURL+path, strings.NewReader(form))
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

	// Without their receipts the events would hold up the end for all of --drain.
	eventually(t, log, "both events have receipts", func() bool {
		receipts, err := history.ReadAll(t.Context(), kafka.Settings{Brokers: s.cluster.Brokers()}, receiptsTopic)
		return err == nil && len(receipts) >= 2
	})
}

func eventually(t *testing.T, log *testkit.Buffer, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("never came true: %s\n%s", what, log)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
