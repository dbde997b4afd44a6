package capture

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tracklayer/amazon-capi/schemas"
)

const site = "www.shop.example"

// visitor is a browser as far as cookies go.
type visitor struct {
	t       rapid.TB
	keeper  *Keeper
	now     time.Time
	consent Consent
	cookies map[string]string
	last    *httptest.ResponseRecorder
}

func newVisitor(t rapid.TB, o Options) *visitor {
	t.Helper()
	v := &visitor{t: t, now: time.UnixMilli(caseNow), consent: Granted, cookies: map[string]string{}}
	o.Now = func() time.Time { return v.now }
	k, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	v.keeper = k
	return v
}

// said is a Consent function that asks the visitor.
func (v *visitor) said(*http.Request) Consent { return v.consent }

// visit opens a page and returns the click that its handler sees.
func (v *visitor) visit(method, url string, header ...string) (seen Click) {
	v.t.Helper()
	r := httptest.NewRequest(method, "http://"+site+"/"+url, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	for name, value := range v.cookies {
		r.Header.Add("Cookie", name+"="+value)
	}
	v.last = httptest.NewRecorder()
	v.keeper.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen, _ = ClickID(r)
	})).ServeHTTP(v.last, r)
	for _, c := range v.last.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(v.cookies, c.Name)
		} else {
			v.cookies[c.Name] = c.Value
		}
	}
	return seen
}

// unmarked is the cookies without the mark of the server, as the script would
// have written them.
func unmarked(cookies map[string]string) map[string]string {
	m := maps.Clone(cookies)
	for name, v := range m {
		if strings.HasSuffix(name, Stamp) {
			m[name] = strings.TrimSuffix(v, servedMark)
		}
	}
	return m
}

func consents() map[string]Consent {
	return map[string]Consent{"": Granted, "granted": Granted, "refused": Refused, "unknown": Unknown}
}

// TestCases: what the script does in a browser, the Handler does on a server.
func TestCases(t *testing.T) {
	for _, c := range cases(t) {
		t.Run(c.Name, func(t *testing.T) {
			consent, ok := consents()[c.Consent]
			if !ok {
				t.Fatalf("consent %q: want granted, refused or unknown", c.Consent)
			}
			v := newVisitor(t, Options{Consent: func(*http.Request) Consent { return consent }})
			maps.Copy(v.cookies, c.Cookies)
			page, _, _ := strings.Cut(c.URL, "#") // browsers keep the rest to themselves
			header := []string{}
			if ref := c.referrer(site); ref != "" {
				header = append(header, "Referer", ref)
			}
			seen := v.visit("GET", page, header...)
			if diff := cmp.Diff(c.Want, unmarked(v.cookies)); diff != "" {
				t.Errorf("cookies (-want +got):\n%s", diff)
			}
			if seen.ID != c.Click || seen.Aref != c.Aref {
				t.Errorf("the page's own handler sees %q and %q, want %q and %q", seen.ID, seen.Aref, c.Click, c.Aref)
			}
			if again := v.visit("GET", "next"); again.ID != c.Click || again.Aref != c.Aref {
				t.Errorf("the next page sees %q and %q, want %q and %q", again.ID, again.Aref, c.Click, c.Aref)
			}
			if set := v.last.Header()["Set-Cookie"]; len(set) > 0 {
				t.Errorf("the next page sets cookies again: no cache can keep it: %q", set)
			}
		})
	}
}

func TestAttributes(t *testing.T) {
	for name, tc := range map[string]struct {
		o    Options
		want string
	}{
		"of the host":   {Options{}, "; Path=/; Max-Age=7776000; Secure; SameSite=Lax"},
		"HttpOnly":      {Options{HTTPOnly: true}, "; Path=/; Max-Age=7776000; HttpOnly; Secure; SameSite=Lax"},
		"of the domain": {Options{Domain: "shop.example"}, "; Path=/; Domain=shop.example; Max-Age=7776000; Secure; SameSite=Lax"},
	} {
		t.Run(name, func(t *testing.T) {
			tc.o.Consent = Always
			v := newVisitor(t, tc.o)
			v.visit("GET", "?amzn_click_id=amzn1.click%3Aabc&aref=0a1B2c3D4e.1776939000000")
			want := []string{
				"amzn_click_id=amzn1.click%3Aabc" + tc.want,
				"amzn_click_id_at=1776939420000s" + tc.want,
				strings.Replace("amzn_aref=0a1B2c3D4e.1776939000000"+tc.want, "7776000", "2592000", 1),
				strings.Replace("amzn_aref_at=1776939420000s"+tc.want, "7776000", "2592000", 1),
			}
			if diff := cmp.Diff(want, v.last.Header()["Set-Cookie"]); diff != "" {
				t.Errorf("cookies (-want +got):\n%s", diff)
			}
			if got := v.last.Header().Get("Cache-Control"); got != "private" {
				t.Errorf("Cache-Control %q: a shared cache would give the click to the next visitor", got)
			}
		})
	}
}

// TestScriptsCookiesAreServedAgain: browsers keep what a script writes for a
// week or a day, and what a server writes for as long as it says.
func TestScriptsCookiesAreServedAgain(t *testing.T) {
	v := newVisitor(t, Options{})
	if v.visit("GET", "?amzn_click_id=amzn1.click.abc123"); len(v.cookies) > 0 {
		t.Errorf("without Consent a click was kept that the script had not kept: %v", v.cookies)
	}
	v.cookies = map[string]string{ClickCookie: "amzn1.click.abc123", ClickCookie + Stamp: fmt.Sprint(caseNow)}
	v.now = v.now.Add(24 * time.Hour)
	click := v.visit("GET", "")
	want := []string{
		"amzn_click_id=amzn1.click.abc123; Path=/; Max-Age=7689600; Secure; SameSite=Lax",
		"amzn_click_id_at=1776939420000s; Path=/; Max-Age=7689600; Secure; SameSite=Lax",
	}
	if diff := cmp.Diff(want, v.last.Header()["Set-Cookie"]); diff != "" {
		t.Errorf("cookies (-want +got):\n%s", diff)
	}
	if click.ID != "amzn1.click.abc123" || click.CapturedAt.UnixMilli() != caseNow {
		t.Errorf("%v captured at %s", click, click.CapturedAt)
	}
	if v.visit("GET", ""); v.last.Header()["Set-Cookie"] != nil {
		t.Error("served again though it was served already")
	}
	// The script clears its cookies when consent is withdrawn; nothing of the
	// server brings them back.
	clear(v.cookies)
	if click := v.visit("GET", ""); click.ID != "" || len(v.cookies) > 0 {
		t.Errorf("%v came back", click)
	}
}

func TestAge(t *testing.T) {
	for name, tc := range map[string]struct {
		at    string
		click bool
		known bool
	}{
		"new":              {fmt.Sprint(caseNow), true, true},
		"almost too old":   {fmt.Sprint(caseNow - ClickLifetime.Milliseconds() + 1), true, true},
		"too old":          {fmt.Sprint(caseNow - ClickLifetime.Milliseconds()), false, false},
		"no time":          {"", true, false},
		"no number":        {"yesterday", true, false},
		"seconds":          {"1776939420", true, false},
		"negative":         {"-177693942000", true, false},
		"a longer number":  {"17769394200000", true, false},
		"a wrong clock":    {fmt.Sprint(caseNow + 3600_000), true, true},
		"marked as served": {fmt.Sprint(caseNow) + "s", true, true},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVisitor(t, Options{Consent: func(*http.Request) Consent { return Unknown }})
			v.cookies = map[string]string{ClickCookie: "amzn1.click.abc123", ClickCookie + Stamp: tc.at}
			c := v.visit("GET", "")
			if (c.ID != "") != tc.click || c.CapturedAt.IsZero() == tc.known || c.CapturedAt.After(v.now) {
				t.Errorf("%v captured at %s", c, c.CapturedAt)
			}
		})
	}
}

func TestConsentLateAndWithdrawn(t *testing.T) {
	v := newVisitor(t, Options{})
	v.keeper.o.Consent = v.said
	v.consent = Unknown
	if c := v.visit("GET", "?amzn_click_id=amzn1.click.abc123"); c.ID != "" || len(v.cookies) > 0 {
		t.Fatalf("%v was kept before the visitor answered", c)
	}
	// They answer by a form, which sends them back to where they were.
	v.consent = Granted
	if v.visit("POST", "consent?amzn_click_id=amzn1.click.posted"); len(v.cookies) > 0 {
		t.Errorf("a form's address was taken for a landing page: %v", v.cookies)
	}
	landing := "http://" + site + "/?amzn_click_id=amzn1.click.abc123"
	if c := v.visit("GET", "products", "Referer", landing); c.ID != "amzn1.click.abc123" {
		t.Errorf("granted late: %v", c)
	}
	v.consent = Refused
	if c := v.visit("GET", "", "Referer", landing); c.ID != "" || len(v.cookies) > 0 {
		t.Errorf("withdrawn, but there is %v in %v", c, v.cookies)
	}
	if v.visit("GET", ""); len(v.last.Header()["Set-Cookie"]) > 0 {
		t.Error("cookies are cleared that are not there, on every page")
	}
}

// TestClear: in the handler that consent is withdrawn by. The cookies of the
// host go, too, which another setting may have written.
func TestClear(t *testing.T) {
	v := newVisitor(t, Options{Consent: Always, Domain: "shop.example"})
	w := httptest.NewRecorder()
	v.keeper.Clear(w)
	got := w.Header()["Set-Cookie"]
	if len(got) != 8 {
		t.Errorf("%d cookies cleared, want four of the host and four of the domain", len(got))
	}
	for _, c := range got {
		if !strings.Contains(c, "=; Path=/; ") || !strings.Contains(c, "Max-Age=0") {
			t.Errorf("%s does not clear", c)
		}
	}
}

// TestDomainAfterHost: a cookie of the host from before there was a Domain would
// be sent first, and hide the domain's.
func TestDomainAfterHost(t *testing.T) {
	v := newVisitor(t, Options{Consent: Always, Domain: "shop.example"})
	v.cookies = map[string]string{ClickCookie: "amzn1.click.older1"}
	v.visit("GET", "?amzn_click_id=amzn1.click.abc123")
	set := v.last.Header()["Set-Cookie"]
	if len(set) != 3 || !strings.HasPrefix(set[0], "amzn_click_id=; Path=/; Max-Age=0") || strings.Contains(set[0], "Domain") {
		t.Errorf("want the host's removed before the domain's is set: %q", set)
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Cookie", "amzn_click_id=amzn1.click.older1; amzn_click_id=amzn1.click.abc123; amzn_click_id=%3Cjunk%3E")
	if c, ok := ClickID(r); !ok || c.ID != "amzn1.click.abc123" {
		t.Errorf("%v, want the later of two", c)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for name, tc := range map[string]struct {
		o    Options
		want string
	}{
		"a URL for a domain":       {Options{Domain: "https://shop.example"}, `domain "https://shop.example"`},
		"a port":                   {Options{Domain: "shop.example:443"}, "without scheme and port"},
		"an attribute slipped in":  {Options{Domain: "shop.example; HttpOnly"}, "domain"},
		"HttpOnly, but the script": {Options{HTTPOnly: true}, "want a Consent function"},
	} {
		if _, err := New(tc.o); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
}

// TestDomainIsNoPublicSuffix: its cookies would be every other site's there.
func TestDomainIsNoPublicSuffix(t *testing.T) {
	for _, domain := range []string{
		"com", "co.uk", "CO.UK", ".co.uk", "github.io", "myshopify.com", "s3.amazonaws.com", "kobe.jp", "foo.ck", "xn--55qx5d.cn", "localhost", "example",
		"127.0.0.1", "1.2.3.4", "::1", "[::1]", "2001:db8::1", "example.com.", "co.uk.", ".", "..", "..example.com", "bücher.example", "公司.cn", "example..com", "-example.com",
		"example.com:443", "https://example.com", "example.com/", "exa mple.com", "*.example.com", " example.com",
	} {
		if _, err := New(Options{Domain: domain}); err == nil || !strings.Contains(err.Error(), "domain") {
			t.Errorf("%q: %v, want it refused", domain, err)
		}
	}
	for domain, want := range map[string]string{
		"example.com": "example.com", ".example.com": "example.com", "Shop.Example.CO.UK": "shop.example.co.uk", "www.ck": "www.ck", "city.kobe.jp": "city.kobe.jp",
		"shop.localhost": "shop.localhost", "shop.myshopify.com": "shop.myshopify.com", "xn--bcher-kva.example": "xn--bcher-kva.example", "": "",
	} {
		k, err := New(Options{Domain: domain})
		if err != nil || k.o.Domain != want {
			t.Errorf("%q: %v; want %q", domain, err, want)
		}
	}
}

// TestDomainIsNoAddress: browsers take more spellings of an IP address than Go does.
func TestDomainIsNoAddress(t *testing.T) {
	for _, domain := range []string{
		"0x7f.1", "0X7F.1", "0x7f000001", "0x7f.0x0.0x0.0x1", "127.1", "127.0.1", "0177.0.0.1", "017700000001", "2130706433", "10.0.0.0x1", "1.2.3.04",
		"1.2.3.4.5", "256.256.256.256", "99999999999", "example.1", "example.0x", "shop.example.0xab", "0x.0x", "127.0.0.1.", "0x7f.1.",
		"[::1]", "[2001:db8::1]", "::ffff:127.0.0.1", "[::ffff:7f00:1]", "fe80::1%eth0", "[fe80::1%25eth0]", "2001:DB8::1", "0:0:0:0:0:0:0:1", "::127.0.0.1",
		"１２７.０.０.１", "127。0。0。1", "①②⑦.1",
	} {
		if _, err := New(Options{Domain: domain}); err == nil || !strings.Contains(err.Error(), "domain") {
			t.Errorf("%q: %v, want it refused", domain, err)
		}
	}
	for _, domain := range []string{"shop.127.example", "0x7f.shop.example", "1.2.3.4.example", "shop.0x7f-example", "3com.com", "shop.0xabcdefg", "1e1.example"} {
		if k, err := New(Options{Domain: domain}); err != nil || k.o.Domain != domain {
			t.Errorf("%q: %v, want it taken", domain, err)
		}
	}
}

// shopEvent is an event type of a site's own.
type shopEvent struct {
	click string
	at    int64
}

func (e *shopEvent) SetClick(id string, at int64) { e.click, e.at = id, at }

func TestAttach(t *testing.T) {
	r := httptest.NewRequest("POST", "/order", nil)
	ev := shopEvent{"kept with the order", 1}
	if Attach(r, &ev); ev != (shopEvent{"kept with the order", 1}) {
		t.Errorf("a visitor without a click changed the event: %+v", ev)
	}
	r.Header.Set("Cookie", "amzn_click_id=amzn1.click%3Aabc")
	if Attach(r, &ev); ev != (shopEvent{"amzn1.click:abc", 0}) {
		t.Errorf("%+v, want the click and no time", ev)
	}
	at := time.Now().Add(-time.Hour).UnixMilli()
	r.Header.Set("Cookie", fmt.Sprintf("amzn_click_id=amzn1.click%%3Aabc; amzn_click_id_at=%d", at))
	if Attach(r, &ev); ev != (shopEvent{"amzn1.click:abc", at}) {
		t.Errorf("%+v, want the click and its time", ev)
	}
}

// TestAttachTokens: what the live contract sends goes along where the event has
// a place for it, also without a click id.
func TestAttachTokens(t *testing.T) {
	const pair = "0a1B2c3D4e.1776939000000"
	ev := schemas.Event{ClickID: "kept with the order"}
	Click{Aref: pair}.Attach(&ev)
	if ev.ArefTokens != pair || ev.ClickID != "kept with the order" {
		t.Errorf("%q and %q", ev.ArefTokens, ev.ClickID)
	}
	Click{ID: "amzn1.click.abc"}.Attach(&ev)
	if ev.ArefTokens != pair || ev.ClickID != "amzn1.click.abc" {
		t.Errorf("%q and %q", ev.ArefTokens, ev.ClickID)
	}
}

func TestClicksAreNotPrinted(t *testing.T) {
	const id = "amzn1.click.abcdefgh"
	c := Click{ID: id, Aref: "0a1B2c3D4e.1776939000000"}
	for _, s := range []string{fmt.Sprint(c), fmt.Sprintf("%+v %#v %s", c, c, &c), c.Masked()} {
		if strings.Contains(s, "abcde") || strings.Contains(s, "0a1B2c3D4e") {
			t.Errorf("printed: %s", s)
		}
	}
	if got := c.Masked(); got != "…fgh (20 characters)" {
		t.Errorf("masked: %s", got)
	}
	if got := (Click{ID: "abc123"}).Masked(); strings.Contains(got, "3") {
		t.Errorf("%s shows half of a short one", got)
	}
	if got := (Click{}).Masked(); got != "none" {
		t.Errorf("masked: %s", got)
	}
}

// TestKeptIsRead: whatever is plausible comes back from its cookie as it was.
func TestKeptIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.StringMatching(`[A-Za-z0-9_.~:/+=|-]{6,60}`).Draw(t, "id")
		v := newVisitor(t, Options{Consent: Always})
		escaped := strings.NewReplacer("+", "%2B", "|", "%7C").Replace(id)
		if got := v.visit("GET", "?amzn_click_id="+escaped).ID; got != id {
			t.Fatalf("kept %q of %q", got, id)
		}
		if got := v.visit("GET", "").ID; got != id {
			t.Fatalf("read %q of %q", got, id)
		}
	})
}

// FuzzClickID: whatever a browser sends, what is read is plausible, and what is
// written is a cookie.
func FuzzClickID(f *testing.F) {
	f.Add("amzn_click_id=amzn1.click.abc123", "amzn_click_id=x%zz; amzn_click_id_at=1776939420000s", "http://www.shop.example/?aref=0a1B2c3D4e.1776939000000")
	f.Add("amzn_click_id=%00&aref=|", `amzn_click_id="quoted"; amzn_click_id_at=99999999999999999999`, "::")
	f.Add("&&&=;amzn_click_id=a+b/c==", "=;;amzn_aref", "http://www.shop.example/?amzn_click_id=abcdef?amzn_click_id=ghijkl")
	f.Fuzz(func(t *testing.T, query, cookies, referrer string) {
		k, err := New(Options{Consent: Always, Now: func() time.Time { return time.UnixMilli(caseNow) }})
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest("GET", "http://"+site+"/", nil)
		r.URL.RawQuery = query
		r.Header.Set("Cookie", cookies)
		r.Header.Set("Referer", referrer)
		w := httptest.NewRecorder()
		k.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			c, ok := ClickID(r)
			if ok != (c.ID != "" || c.Aref != "") || c.ID != "" && !clicks.plausible.MatchString(c.ID) || c.Aref != "" && !arefs.plausible.MatchString(c.Aref) {
				t.Errorf("%v is not plausible", c)
			}
		})).ServeHTTP(w, r)
		for _, line := range w.Header()["Set-Cookie"] {
			c, err := http.ParseSetCookie(line)
			if err != nil || c.MaxAge <= 0 || c.MaxAge > int(ClickLifetime.Seconds()) || !c.Secure || strings.ContainsAny(c.Value, `;", `) {
				t.Errorf("%q is not a cookie of ours: %v", line, err)
			}
		}
	})
}
