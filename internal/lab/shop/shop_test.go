package shop

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/tracklayer/amazon-capi/capture"
	"github.com/tracklayer/amazon-capi/schemas"
)

// world is a shop without Kafka and Amazon: what it publishes is noted, what
// becomes of it is made up.
type world struct {
	t         *testing.T
	shop      *httptest.Server
	elsewhere *httptest.Server
	client    *http.Client
	log       bytes.Buffer

	mu        sync.Mutex
	published []schemas.Event
	fail      error
	fates     map[string]Fate
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, fates: make(map[string]Fate)}
	// TLS, since Go's cookie jar keeps Secure cookies for nothing else.
	w.shop, w.elsewhere = httptest.NewUnstartedServer(nil), httptest.NewUnstartedServer(nil)
	w.shop.StartTLS()
	w.elsewhere.StartTLS()
	t.Cleanup(w.shop.Close)
	t.Cleanup(w.elsewhere.Close)
	elsewhere, err := NewElsewhere(w.shop.URL, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(Options{
		Elsewhere: w.elsewhere.URL, Paid: elsewhere.Paid, Log: zerolog.New(&w.log),
		Publish: func(_ context.Context, ev *schemas.Event) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			if w.fail == nil {
				w.published = append(w.published, *ev)
			}
			return w.fail
		},
		Fate: func(id string) Fate {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.fates[id]
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.shop.Config.Handler, w.elsewhere.Config.Handler = s.Handler(), elsewhere.Handler()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	w.client = w.shop.Client()
	w.client.Jar = jar
	return w
}

// page is one that was opened, at the end of its redirects.
type page struct {
	status int
	url    *url.URL
	body   string
	header http.Header
}

func (w *world) do(method, address string, form url.Values) page {
	w.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = w.shop.URL + address
	}
	r, err := http.NewRequestWithContext(w.t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		w.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := w.client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(resp.Body); err != nil {
		w.t.Fatal(err)
	}
	return page{resp.StatusCode, resp.Request.URL, b.String(), resp.Header}
}

func (w *world) get(address string) page { w.t.Helper(); return w.do("GET", address, nil) }

func (w *world) post(address string, fields ...string) page {
	w.t.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return w.do("POST", address, form)
}

// arrive clicks on the ad, answers the banner without scripts, and returns the
// click id.
func (w *world) arrive(answer string) string {
	w.t.Helper()
	p := w.get(w.elsewhere.URL + "/ad")
	id := p.url.Query().Get("amzn_click_id")
	if p.status != 200 || id == "" || p.url.Query().Get("aref") == "" || p.url.Host != w.shop.Listener.Addr().String() {
		w.t.Fatalf("the ad leads to %d %s", p.status, p.url.Path)
	}
	// What the browser would do with the landing page's referrer.
	r, err := http.NewRequestWithContext(w.t.Context(), "POST", w.shop.URL+"/consent", strings.NewReader("answer="+answer))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Referer", p.url.String())
	resp, err := w.client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	resp.Body.Close()
	if got := resp.Request.URL.String(); got != p.url.String() {
		w.t.Errorf("the banner led away from the landing page")
	}
	return id
}

// buy orders a product and pays.
func (w *world) buy(product string) page {
	w.t.Helper()
	p := w.post("/order", "product", product)
	if p.status != 200 || p.url.Path != "/pay" || p.url.Host != w.elsewhere.Listener.Addr().String() {
		w.t.Fatalf("ordering leads to %d %s", p.status, p.url)
	}
	return w.post(w.elsewhere.URL+"/pay", "order", p.url.Query().Get("order"))
}

func (w *world) events() []schemas.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.published
}

func TestPurchaseCarriesTheClick(t *testing.T) {
	w := newWorld(t)
	id := w.arrive("yes")
	w.post("/newsletter", "email", "mary@example.com")
	w.post("/account", "email", "mary@example.com")
	if p := w.buy("stove"); p.url.Path != "/status" || p.status != 200 {
		t.Errorf("paying leads to %d %s", p.status, p.url.Path)
	}
	events := w.events()
	if len(events) != 3 {
		t.Fatalf("%d events, want three", len(events))
	}
	ids := map[string]bool{}
	for i, name := range []string{"Lead", "Signup", "Purchase"} {
		ev := events[i]
		if ev.EventName != name || ev.ClickID != id || ev.ClickCapturedAt == 0 || ev.OccurredAt < ev.ClickCapturedAt {
			t.Errorf("event %d is a %s, with the click: %t, kept at %d, done at %d", i, ev.EventName, ev.ClickID == id, ev.ClickCapturedAt, ev.OccurredAt)
		}
		if ev.Consent.AdStorage != "GRANTED" || ev.Consent.AdUserData != "GRANTED" || ev.ProfileID != Profile || ev.EventID == "" {
			t.Errorf("%s: consent %+v, profile %s, id %q", name, ev.Consent, ev.ProfileID, ev.EventID)
		}
		ids[ev.EventID] = true
	}
	if len(ids) != 3 {
		t.Errorf("event ids repeat: %v", ids)
	}
	if c := events[2].Custom; c.Value.String() != "59.95" || c.Currency != "USD" {
		t.Errorf("the purchase is of %s %s", c.Value, c.Currency)
	}
	if body := w.get("/status").body; strings.Contains(body, id) || strings.Contains(body, "mary@") {
		t.Error("the status page shows the click id or the address")
	}
	if w.log.Len() > 0 {
		t.Errorf("log: %s", w.log.String())
	}
}

func TestConsentRefused(t *testing.T) {
	for _, answer := range []string{"no", ""} {
		w := newWorld(t)
		if answer != "" {
			w.arrive(answer)
		} else {
			w.get(w.elsewhere.URL + "/ad")
		}
		w.post("/newsletter", "email", "mary@example.com")
		w.buy("lamp")
		for _, ev := range w.events() {
			if ev.ClickID != "" || ev.Consent.AdStorage != "DENIED" || ev.Consent.AdUserData != "DENIED" {
				t.Errorf("answer %q: a %s with a click: %t, consent %+v", answer, ev.EventName, ev.ClickID != "", ev.Consent)
			}
		}
		u, _ := url.Parse(w.shop.URL)
		for _, c := range w.client.Jar.Cookies(u) {
			if c.Name != sessionCookie && c.Name != consentCookie {
				t.Errorf("answer %q: there is a cookie %s", answer, c.Name)
			}
		}
	}
}

// TestWithdrawn: the form clears at once what the server had kept.
func TestWithdrawn(t *testing.T) {
	w := newWorld(t)
	w.arrive("yes")
	if p := w.get("/status"); !strings.Contains(p.body, "characters)") {
		t.Error("the status page does not show that a click was kept")
	}
	if p := w.post("/consent", "answer", "no", "by", "script"); p.status != http.StatusNoContent {
		t.Errorf("the banner's script is answered %d", p.status)
	}
	u, _ := url.Parse(w.shop.URL)
	for _, c := range w.client.Jar.Cookies(u) {
		if strings.HasPrefix(c.Name, "amzn_") {
			t.Errorf("withdrawn, but there is a cookie %s", c.Name)
		}
	}
}

// TestPaidOnce: a purchase is what was paid, once, by whom it was ordered.
func TestPaidOnce(t *testing.T) {
	w := newWorld(t)
	order := w.post("/order", "product", "tent").url.Query().Get("order")
	if p := w.get("/paid?order=" + order); p.status != http.StatusPaymentRequired {
		t.Errorf("not paid: %d", p.status)
	}
	w.post(w.elsewhere.URL+"/pay", "order", order)
	for range 2 {
		if p := w.get("/paid?order=" + order); p.status != 200 {
			t.Errorf("paid: %d", p.status)
		}
	}
	if n := len(w.events()); n != 1 {
		t.Errorf("%d purchases of one order", n)
	}
	for name, address := range map[string]string{"nobody's": "/paid?order=ord_x", "none": "/paid"} {
		if p := w.get(address); p.status != http.StatusNotFound {
			t.Errorf("%s order: %d", name, p.status)
		}
	}
	w.client.Jar, _ = cookiejar.New(nil)
	if p := w.get("/paid?order=" + order); p.status != http.StatusNotFound {
		t.Errorf("somebody else's order: %d", p.status)
	}
}

func TestStatusPage(t *testing.T) {
	w := newWorld(t)
	id := w.arrive("yes")
	w.post("/newsletter", "email", "mary@example.com")
	lead := w.events()[0].EventID
	for _, step := range []struct {
		name    string
		fate    Fate
		want    string
		refresh bool
	}{
		{"not sent yet", Fate{}, `data-verdict="on its way"`, true},
		{"tried", Fate{Attempts: []Attempt{{time.Now(), 503}, {time.Now(), 0}}, ClickID: id}, `data-verdict="on its way"`, true},
		{"accepted", Fate{Attempts: []Attempt{{time.Now(), 503}, {time.Now(), 200}}, Accepted: true, ClickID: id}, `data-verdict="accepted" data-same="true"`, false},
		{"with another click", Fate{Attempts: []Attempt{{time.Now(), 200}}, Accepted: true, ClickID: "amzn1.click.somebodyelses"}, `data-verdict="accepted" data-same="false"`, false},
		{"refused", Fate{Attempts: []Attempt{{time.Now(), 422}}, Refused: "rejected: no <b>good</b>"}, "rejected: no &lt;b&gt;good&lt;/b&gt;", false},
	} {
		w.mu.Lock()
		w.fates[lead] = step.fate
		w.mu.Unlock()
		p := w.get("/status")
		if !strings.Contains(p.body, step.want) || p.header.Get("Refresh") != "" != step.refresh {
			t.Errorf("%s: want %s and looking again: %t\n%s", step.name, step.want, step.refresh, p.body)
		}
		if strings.Contains(p.body, id) {
			t.Errorf("%s: the page shows the click id", step.name)
		}
	}
	w.mu.Lock()
	w.fail = errors.New("brokers away")
	w.mu.Unlock()
	if p := w.post("/newsletter", "email", "mary@example.com"); p.status != 200 || !strings.Contains(p.body, "not published") {
		t.Errorf("brokers away: %d", p.status)
	}
	if got := w.log.String(); !strings.Contains(got, "brokers away") || strings.Contains(got, id) || strings.Contains(got, "mary@") {
		t.Error("the log says nothing of it, or too much")
	}
}

// TestWrongRequests: what strangers send is refused, with what would be right.
func TestWrongRequests(t *testing.T) {
	w := newWorld(t)
	for name, tc := range map[string]struct {
		got  page
		want int
	}{
		"no such page":        {w.get("/admin"), 404},
		"no such product":     {w.get("/product/boat"), 404},
		"ordering it":         {w.post("/order", "product", "boat"), 400},
		"no address":          {w.post("/newsletter", "email", "<script>"), 400},
		"an address and more": {w.post("/account", "email", "Mary <mary@example.com>"), 400},
		"a long address":      {w.post("/account", "email", strings.Repeat("x", 300)+"@example.com"), 400},
		"a huge form":         {w.post("/newsletter", "email", strings.Repeat("x", maxForm)), 400},
		"no answer":           {w.post("/consent", "answer", "perhaps"), 400},
		"the wrong method":    {w.get("/order"), 405},
	} {
		if tc.got.status != tc.want || strings.Contains(tc.got.body, "<script>alert") {
			t.Errorf("%s: %d, want %d", name, tc.got.status, tc.want)
		}
	}
	if len(w.events()) > 0 {
		t.Error("something was published of it")
	}
	csp := w.get("/").header.Get("Content-Security-Policy")
	if !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
		t.Errorf("policy: %s", csp)
	}
}

// TestConsentLeadsNowhereElse: the banner's form comes back to this site only.
func TestConsentLeadsNowhereElse(t *testing.T) {
	for _, referrer := range []string{"https://thief.example/page", "//thief.example/page", "", "::", "https://127.0.0.1:1/page"} {
		w := newWorld(t)
		r, err := http.NewRequestWithContext(t.Context(), "POST", w.shop.URL+"/consent", strings.NewReader("answer=yes"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Referer", referrer)
		resp, err := w.client.Transport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got := resp.Header.Get("Location"); got != "/" {
			t.Errorf("from %q to %q", referrer, got)
		}
	}
}

// TestConsentComesBackHere: whatever path the visitor answered at, the way back
// is one of this site, to browsers too.
func TestConsentComesBackHere(t *testing.T) {
	w := newWorld(t)
	for path, want := range map[string]string{
		"/product/tent?a=1":              "/product/tent?a=1",
		"?amzn_click_id=amzn1.click.abc": "/?amzn_click_id=amzn1.click.abc",
		"//thief.example/":               "/thief.example/",
		"///thief.example/?a=//b":        "/thief.example/?a=//b",
		"/%5Cthief.example/":             "/%5Cthief.example/",
		"/\\thief.example/":              "/%5Cthief.example/",
		"/%09/thief.example":             "/%09/thief.example",
		"/%2F/thief.example":             "/%2F/thief.example",
		"/.//thief.example":              "/thief.example",
	} {
		r, err := http.NewRequestWithContext(t.Context(), "POST", w.shop.URL+"/consent", strings.NewReader("answer=yes"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Referer", w.shop.URL+path)
		resp, err := w.client.Transport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		got := resp.Header.Get("Location")
		to, err := resp.Request.URL.Parse(strings.ReplaceAll(got, "\\", "/"))
		if got != want || err != nil || to.Host != resp.Request.URL.Host {
			t.Errorf("from %q to %q, want %q", path, got, want)
		}
	}
}

// TestOtherSitesAnswerForNobody: a form of another site's page, or of a page
// in another's frame, changes nothing.
func TestOtherSitesAnswerForNobody(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/consent", "/newsletter", "/account", "/order"} {
		for name, header := range map[string][2]string{
			"another site":               {"Sec-Fetch-Site", "cross-site"},
			"another site of the domain": {"Sec-Fetch-Site", "same-site"},
			"an origin":                  {"Origin", "https://thief.example"},
			"an origin on another port":  {"Origin", "https://127.0.0.1:1"},
			"an origin that is hidden":   {"Origin", "null"},
		} {
			form := url.Values{"answer": {"yes"}, "email": {"jane@example.com"}, "product": {"tent"}}
			r, err := http.NewRequestWithContext(t.Context(), "POST", w.shop.URL+path, strings.NewReader(form.Encode()))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set(header[0], header[1])
			resp, err := w.client.Transport.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != http.StatusForbidden || len(resp.Cookies()) > 0 {
				t.Errorf("%s from %s: %d, cookies %d", path, name, resp.StatusCode, len(resp.Cookies()))
			}
		}
	}
	if len(w.events()) > 0 {
		t.Error("something was published of it")
	}
	for _, header := range [][2]string{{"Sec-Fetch-Site", "same-origin"}, {"Sec-Fetch-Site", "none"}, {"Origin", w.shop.URL}} {
		r, err := http.NewRequestWithContext(t.Context(), "POST", w.shop.URL+"/consent", strings.NewReader("answer=yes&by=script"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set(header[0], header[1])
		resp, err := w.client.Transport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusNoContent {
			t.Errorf("%s: %d, want the answer taken", header, resp.StatusCode)
		}
	}
	for _, address := range []string{"/", w.elsewhere.URL + "/"} {
		if h := w.get(address).header; !strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
			t.Errorf("%s can be framed: %s", address, h.Get("Content-Security-Policy"))
		}
	}
}

func TestVisitorsAreBounded(t *testing.T) {
	vs := newVisitors()
	for range maxVisitors + 10 {
		vs.of(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	}
	if len(vs.by) != maxVisitors || len(vs.order) != maxVisitors {
		t.Errorf("%d visitors remembered in %d places, want %d", len(vs.by), len(vs.order), maxVisitors)
	}
}

// TestAmazonRemembers: every request an event was in, what it was sent with, and
// hang-ups, too.
func TestAmazonRemembers(t *testing.T) {
	statuses := []int{503, 0, 200}
	taken := map[string]int{}
	n := 0
	a := NewAmazon(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status := statuses[n]
		n++
		if status == 0 {
			panic(http.ErrAbortHandler)
		}
		if status == 200 {
			taken["lead_1"]++
		}
		w.WriteHeader(status)
	}), func(id string) int { return taken[id] }, time.Now)
	for range statuses {
		func() {
			defer func() { _ = recover() }()
			r := httptest.NewRequest("POST", "/events", strings.NewReader(`{"events":[{"eventId":"lead_1","clickId":"amzn1.click.abc123"},{"eventId":"lead_2"}]}`))
			a.ServeHTTP(httptest.NewRecorder(), r)
		}()
	}
	f := a.Fate("lead_1")
	if len(f.Attempts) != 3 || f.Attempts[0].Status != 503 || f.Attempts[1].Status != 0 || f.Attempts[2].Status != 200 || !f.Accepted || f.ClickID != "amzn1.click.abc123" {
		t.Errorf("%d attempts, accepted %t", len(f.Attempts), f.Accepted)
	}
	if f := a.Fate("lead_2"); f.Accepted || f.ClickID != "" || len(f.Attempts) != 3 {
		t.Errorf("the other event: %+v", f)
	}
	if f := a.Fate("lead_3"); len(f.Attempts) > 0 || f.Accepted {
		t.Errorf("an event that was never sent: %+v", f)
	}
}

var _ capture.Event = (*schemas.Event)(nil)
