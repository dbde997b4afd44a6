//go:build browser

package capture

import (
	"fmt"
	"html"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/google/go-cmp/cmp"

	"github.com/tracklayer/amazon-capi/internal/lab/browser"
)

// chromium is the one process that most tests share, each with a visitor who has
// never been anywhere.
var chromium *browser.Browser

func TestBrowser(t *testing.T) {
	chromium = browser.Start(t, "")
	for _, test := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"cases", testCases},
		{"landing and expiry", testLanding},
		{"redirects", testRedirects},
		{"left before it had loaded", testLeftEarly},
		{"subdomains", testSubdomains},
		{"second click", testSecondClick},
		{"consent", testConsent},
		{"platforms' answers", testPlatformAnswers},
		{"consent over time", testConsentOverTime},
		{"consent platform after the script", testLatePlatform},
		{"data layer", testDataLayer},
		{"injected by a tag manager", testInjected},
		{"content security policy", testContentSecurityPolicy},
		{"no cookies to be had", testNoCookies},
		{"strange pages", testStrangePages},
		{"script and server", testScriptAndServer},
	} {
		t.Run(test.name, test.run)
	}
}

const (
	newClickID = "amzn1.click.abc123"
	oldClickID = "amzn1.click.older1"
	onLanding  = "?amzn_click_id=" + newClickID
)

// shop is a site under whatever name of *.localhost it is asked for, which
// browsers take for this machine and trust with Secure cookies.
type shop struct {
	mux  *http.ServeMux
	port string
}

func newShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{mux: http.NewServeMux()}
	s.mux.HandleFunc("/capture.js", ServeScript)
	s.mux.HandleFunc("/favicon.ico", http.NotFound)
	server := httptest.NewServer(s.mux)
	t.Cleanup(server.Close)
	_, s.port, _ = net.SplitHostPort(server.Listener.Addr().String())
	return s
}

const withScript = `<script src="/capture.js"></script>`

// page serves a page whose title is its path.
func (s *shop) page(path, head string, header ...string) {
	s.mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, "<!DOCTYPE html><title>%s</title>%s<body>a page", html.EscapeString(path), head)
	})
}

func (s *shop) url(host, rest string) string {
	return "http://" + host + ".localhost:" + s.port + "/" + rest
}

func inline(script string) string { return "<script>" + script + "</script>" }

// ours is the cookies of a URL that are the script's.
func ours(v *browser.Visitor, url string) map[string]string {
	m := v.Cookies(url)
	maps.DeleteFunc(m, func(name, _ string) bool { return !strings.HasPrefix(name, "amzn_") })
	return m
}

func noTroubles(t *testing.T, v *browser.Visitor) {
	t.Helper()
	if troubles := v.Troubles(); len(troubles) > 0 {
		t.Errorf("the page saw errors: %q", troubles)
	}
}

// testCases runs testdata/cases.json, as TestCases does without a browser.
func testCases(t *testing.T) {
	s := newShop(t)
	for consent, answer := range map[string]string{"granted": "answer(true)", "refused": "answer(false)", "unknown": ""} {
		s.page("/"+consent, inline("amznCapture = {consent: answer => {"+answer+"}}")+withScript)
	}
	v := chromium.Visitor(t)
	v.Before(fmt.Sprintf("Date.now = () => %d", caseNow))
	for _, c := range cases(t) {
		t.Run(c.Name, func(t *testing.T) {
			consent := c.Consent
			if consent == "" {
				consent = "granted"
			}
			page := s.url("www", consent+c.URL)
			v.ClearCookies()
			for name, value := range c.Cookies {
				v.SetCookie(page, name, value)
			}
			v.Open("about:blank") // or a page that differs by its fragment alone would not be loaded
			v.OpenFrom(page, c.referrer("www.localhost:"+s.port))
			if diff := cmp.Diff(c.Want, v.Cookies(page)); diff != "" {
				t.Errorf("cookies (-want +got):\n%s", diff)
			}
			r := httptest.NewRequest("GET", page, nil)
			for name, value := range v.Cookies(page) {
				r.Header.Add("Cookie", name+"="+value)
			}
			k, err := New(Options{Now: func() time.Time { return time.UnixMilli(caseNow) }})
			if err != nil {
				t.Fatal(err)
			}
			k.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				if got, _ := ClickID(r); got.ID != c.Click || got.Aref != c.Aref {
					t.Errorf("the server reads %q and %q, want %q and %q", got.ID, got.Aref, c.Click, c.Aref)
				}
			})).ServeHTTP(httptest.NewRecorder(), r)
			noTroubles(t, v)
		})
	}
}

func testLanding(t *testing.T) {
	s := newShop(t)
	s.page("/", withScript)
	v := chromium.Visitor(t)
	before := time.Now()
	v.Open(s.url("www.shop", onLanding+"&aref=0a1B2c3D4e.1776939000000"))
	got := make(map[string]*network.Cookie)
	for _, c := range v.Jar(s.url("www.shop", "")) {
		got[c.Name] = c
	}
	for name, lifetime := range map[string]time.Duration{
		ClickCookie: ClickLifetime, ClickCookie + Stamp: ClickLifetime, ArefCookie: ArefLifetime, ArefCookie + Stamp: ArefLifetime,
	} {
		c := got[name]
		if c == nil {
			t.Errorf("there is no cookie %s", name)
			continue
		}
		if c.Path != "/" || !c.Secure || c.SameSite != network.CookieSameSiteLax || c.HTTPOnly || c.Session || c.Domain != "www.shop.localhost" {
			t.Errorf("attributes of %s: %+v", name, c)
		}
		if left := time.Until(time.UnixMilli(int64(c.Expires * 1000))); left > lifetime || left < lifetime-time.Since(before)-time.Second {
			t.Errorf("%s expires in %s, want %s", name, left, lifetime)
		}
	}
	if c := got[ClickCookie]; c != nil && c.Value != newClickID {
		t.Errorf("the cookie holds %q", c.Value)
	}
	noTroubles(t, v)
}

// testRedirects: a page that sends its visitors on at once, to another site and
// back.
func testRedirects(t *testing.T) {
	for name, setting := range map[string]string{
		"with nobody to ask": "",
		"with consent":       inline("amznCapture = {consent: answer => answer(true)}"),
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			elsewhere := "http://127.0.0.1:" + s.port + "/elsewhere"
			s.page("/", setting+withScript+inline("location.replace('"+elsewhere+"')"))
			s.page("/elsewhere", withScript+inline("location.replace('"+s.url("www.shop", "back")+"')"))
			s.page("/back", withScript)
			v := chromium.Visitor(t)
			v.Open(s.url("www.shop", onLanding))
			v.Until("document.title == '/back'")
			if got := ours(v, s.url("www.shop", ""))[ClickCookie]; got != newClickID {
				t.Errorf("back from elsewhere with click id %q", got)
			}
			if got := ours(v, elsewhere); len(got) > 0 {
				t.Errorf("the other site has cookies of ours: %v", got)
			}
			noTroubles(t, v)
		})
	}
}

// testLeftEarly: the script waits for the page to load before it takes silence
// for nobody to ask, but an impatient visitor is no loss.
func testLeftEarly(t *testing.T) {
	s := newShop(t)
	done := make(chan struct{})
	s.mux.HandleFunc("/slow.png", func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-done:
		case <-r.Context().Done():
		}
	})
	defer close(done)
	s.page("/", withScript+`<img src="/slow.png">`)
	s.page("/next", "")
	v := chromium.Visitor(t)
	v.Open(s.url("www.shop", "next"))
	v.Do("location.href = '/" + onLanding + "'")
	v.Until("document.title == '/' && document.body")
	if got := ours(v, s.url("www.shop", "")); len(got) > 0 {
		t.Errorf("%v was kept before all was there that could be asked", got)
	}
	v.Do("location.href = '/next'")
	v.Until("document.title == '/next'")
	if got := ours(v, s.url("www.shop", ""))[ClickCookie]; got != newClickID {
		t.Errorf("left with click id %q", got)
	}
}

func testSubdomains(t *testing.T) {
	s := newShop(t)
	s.page("/host", withScript)
	s.page("/domain", inline("amznCapture = {domain: 'shop.localhost'}")+withScript)
	s.page("/foreign", inline("amznCapture = {domain: 'bank.example'}")+withScript)
	s.page("/refused", inline("amznCapture = {domain: 'shop.localhost', consent: answer => answer(false)}")+withScript)
	v := chromium.Visitor(t)
	checkout := s.url("checkout.shop", "")

	v.Open(s.url("www.shop", "host?amzn_click_id="+oldClickID))
	if got := ours(v, checkout); len(got) > 0 {
		t.Errorf("without a domain the checkout has %v", got)
	}
	v.Open(s.url("www.shop", "foreign"+onLanding))
	if got := ours(v, s.url("www.shop", ""))[ClickCookie]; got != "" && got != oldClickID {
		t.Errorf("with somebody else's domain there is a cookie: %q", got)
	}
	v.Open(s.url("www.shop", "host?amzn_click_id="+oldClickID))
	v.Open(s.url("www.shop", "domain"+onLanding))
	if got := ours(v, checkout)[ClickCookie]; got != newClickID {
		t.Errorf("with a domain the checkout has click id %q", got)
	}
	if jar := v.Jar(s.url("www.shop", "")); len(jar) != 2 {
		t.Errorf("%d cookies at the landing page's host, want the domain's two alone: the host's own would be sent first", len(jar))
	}
	v.Open(s.url("www.shop", "refused"))
	if got := ours(v, checkout); len(got) > 0 {
		t.Errorf("refused, but the checkout has %v", got)
	}
	noTroubles(t, v)
}

func testSecondClick(t *testing.T) {
	s := newShop(t)
	s.page("/", withScript)
	v := chromium.Visitor(t)
	v.Before("Date.now = () => 1776939420000 + 1000 * (location.hash.slice(1) || 0)")
	for _, visit := range []struct{ click, hash, want, at string }{
		{"first1", "1", "first1", "1776939421000"},
		{"first1", "2", "first1", "1776939421000"}, // reloaded
		{"second", "3", "second", "1776939423000"},
		{"", "4", "second", "1776939423000"},
		{"first1", "5", "first1", "1776939425000"}, // clicked once more
		{"<junk>", "6", "first1", "1776939425000"},
	} {
		url := s.url("www.shop", "?amzn_click_id="+visit.click+"#"+visit.hash)
		v.Open(url)
		want := map[string]string{ClickCookie: visit.want, ClickCookie + Stamp: visit.at}
		if diff := cmp.Diff(want, ours(v, url)); diff != "" {
			t.Errorf("click %q at %s (-want +got):\n%s", visit.click, visit.hash, diff)
		}
	}
	noTroubles(t, v)
}

// outcomes of a landing with a new click by somebody who has an older one.
const (
	kept    = "kept"    // the new click
	waits   = "waits"   // the older click is still there
	cleared = "cleared" // neither
)

func outcome(v *browser.Visitor, url string) string {
	switch m := ours(v, url); m[ClickCookie] {
	case newClickID:
		return kept
	case oldClickID:
		return waits
	case "":
		if len(m) == 0 {
			return cleared
		}
		return fmt.Sprintf("left over: %v", m)
	default:
		return m[ClickCookie]
	}
}

// testConsent: what each platform may say, and what comes of it.
func testConsent(t *testing.T) {
	const tcf = "window.__tcfapi = (command, version, callback) => {if (command == 'addEventListener' && version == 2) callback(%s, true)}"
	const gpp = "window.__gpp = (command, callback) => {if (command == 'addEventListener') callback({eventName: 'listenerRegistered', data: true, pingData: %s}, true)}"
	const gtag = "window.dataLayer = []; function gtag() {dataLayer.push(arguments)}; %s"
	ready := func(rest string) string { return "{gppVersion: '1.1', signalStatus: 'ready', " + rest + "}" }
	for _, c := range []struct{ name, platform, says, want string }{
		{"nobody to ask", "%s", "", kept},
		{"page: yes", "window.amznCapture = {consent: answer => answer(%s)}", "true", kept},
		{"page: no", "window.amznCapture = {consent: answer => answer(%s)}", "false", cleared},
		{"page: a word that is neither", "window.amznCapture = {consent: answer => answer(%s)}", "'granted'", cleared},
		{"page: not yet", "window.amznCapture = {consent: answer => {%s}}", "", waits},
		{"page: no function", "window.amznCapture = {consent: %s}", "true", waits},
		{"page: it throws", "window.amznCapture = {consent: () => {throw %s}}", "1", waits},
		{"page: its word beats a platform's", "window.amznCapture = {consent: answer => answer(true)}; " + tcf,
			"{eventStatus: 'tcloaded', gdprApplies: true, purpose: {consents: {}}, vendor: {consents: {}}}", kept},

		{"TCF: all granted", tcf, "{eventStatus: 'tcloaded', gdprApplies: true, purpose: {consents: {1: true, 7: true}}, vendor: {consents: {793: true}}}", kept},
		{"TCF: answered now", tcf, "{eventStatus: 'useractioncomplete', gdprApplies: true, purpose: {consents: {1: true, 7: true}}, vendor: {consents: {793: true}}}", kept},
		{"TCF: nothing may be stored", tcf, "{eventStatus: 'tcloaded', gdprApplies: true, purpose: {consents: {1: false, 7: true}}, vendor: {consents: {793: true}}}", cleared},
		{"TCF: ads may not be measured", tcf, "{eventStatus: 'tcloaded', gdprApplies: true, purpose: {consents: {1: true}}, vendor: {consents: {793: true}}}", cleared},
		{"TCF: not for Amazon", tcf, "{eventStatus: 'tcloaded', gdprApplies: true, purpose: {consents: {1: true, 7: true}}, vendor: {consents: {755: true}}}", cleared},
		{"TCF: the dialogue is open", tcf, "{eventStatus: 'cmpuishown', gdprApplies: true, purpose: {consents: {}}, vendor: {consents: {}}}", waits},
		{"TCF: the law does not apply", tcf, "{eventStatus: 'tcloaded', gdprApplies: false}", kept},
		{"TCF: whether the law applies is not known", tcf, "{eventStatus: 'tcloaded', purpose: {consents: {1: true}}, vendor: {consents: {}}}", cleared},
		{"TCF: it failed", tcf, "null", waits},
		{"TCF: a stub that never loads", "window.__tcfapi = () => {%s}", "", waits},
		{"TCF: it throws", "window.__tcfapi = () => {throw %s}", "1", waits},
		{"TCF: something else of the name", "window.__tcfapi = %s", "{}", waits},

		{"GPP: no opt-out", gpp, ready("applicableSections: [7], parsedSections: {usnat: [{Version: 1, SaleOptOutNotice: 1, SaleOptOut: 2, SharingOptOut: 2, TargetedAdvertisingOptOut: 2, MspaOptOutOptionMode: 1}, {SubsectionType: 1, Gpc: false}]}"), kept},
		{"GPP: opted out of sale", gpp, ready("applicableSections: [7], parsedSections: {usnat: [{SaleOptOut: 1, SharingOptOut: 2}]}"), cleared},
		{"GPP: opted out of sharing", gpp, ready("applicableSections: [8], parsedSections: {usca: {SaleOptOut: 2, SharingOptOut: 1}}"), cleared},
		{"GPP: opted out of targeted advertising", gpp, ready("applicableSections: [9], parsedSections: {usva: [{SaleOptOut: 0, TargetedAdvertisingOptOut: 1}]}"), cleared},
		{"GPP: Global Privacy Control", gpp, ready("applicableSections: [7], parsedSections: {usnat: [{SaleOptOut: 2}, {SubsectionType: 1, Gpc: true}]}"), cleared},
		{"GPP: Global Privacy Control as a number", gpp, ready("applicableSections: [8], parsedSections: {usca: {SaleOptOut: 2, Gpc: 1}}"), cleared},
		{"GPP: US Privacy, opted out", gpp, ready("applicableSections: [6], parsedSections: {uspv1: '1YYN'}"), cleared},
		{"GPP: US Privacy, opted out, in fields", gpp, ready("applicableSections: [6], parsedSections: {uspv1: [{Version: 1, Notice: 'Y', OptOutSale: 'Y', LspaCovered: 'N'}]}"), cleared},
		{"GPP: US Privacy, not opted out", gpp, ready("applicableSections: [6], parsedSections: {uspv1: '1YNN'}"), kept},
		{"GPP: not ready", gpp, "{signalStatus: 'not ready', applicableSections: [7], parsedSections: {}}", waits},
		{"GPP: Europe is for TCF to answer", gpp, ready("applicableSections: [2], parsedSections: {tcfeuv2: [{PurposeConsents: [true]}]}"), waits},
		{"GPP: Canada's framework asks for an opt-in", gpp, ready("applicableSections: [5], parsedSections: {tcfcav1: [{}]}"), waits},
		{"GPP: a state and Europe", gpp, ready("applicableSections: [7, 2], parsedSections: {usnat: [{SaleOptOut: 2}]}"), waits},
		{"GPP: a state whose id begins like Canada's", gpp, ready("applicableSections: [20], parsedSections: {usnh: [{SaleOptOut: 2}]}"), kept},
		{"GPP: no section applies", gpp, ready("applicableSections: [-1], parsedSections: {}"), kept},
		{"GPP: which applies is not known", gpp, ready("applicableSections: [0], parsedSections: {}"), waits},
		{"GPP: it failed", gpp, "null", waits},
		{"GPP: it throws", "window.__gpp = () => {throw %s}", "1", waits},

		{"Consent Mode: granted by default", gtag, "gtag('consent', 'default', {ad_storage: 'granted'})", kept},
		{"Consent Mode: denied by default, and no word since", gtag, "gtag('consent', 'default', {ad_storage: 'denied', wait_for_update: 500})", waits},
		{"Consent Mode: denied by default, then granted", gtag, "gtag('consent', 'default', {ad_storage: 'denied'}); gtag('consent', 'update', {ad_storage: 'granted'})", kept},
		{"Consent Mode: denied by default, then refused", gtag, "gtag('consent', 'default', {ad_storage: 'denied'}); gtag('consent', 'update', {ad_storage: 'denied'})", cleared},
		{"Consent Mode: granted by default, then refused", gtag, "gtag('consent', 'default', {ad_storage: 'granted'}); gtag('consent', 'update', {ad_storage: 'denied'})", cleared},
		{"Consent Mode: denied in some regions", gtag, "gtag('consent', 'default', {ad_storage: 'denied', region: ['ES']}); gtag('consent', 'default', {ad_storage: 'granted'})", waits},
		{"Consent Mode: denied in some regions, said last", gtag, "gtag('consent', 'default', {ad_storage: 'granted'}); gtag('consent', 'default', {ad_storage: 'denied', region: ['ES']})", waits},
		{"Consent Mode: an update about something else", gtag, "gtag('consent', 'default', {ad_storage: 'denied'}); gtag('consent', 'update', {analytics_storage: 'granted'})", waits},
		{"Consent Mode: a data layer without consent", gtag, "gtag('js', new Date()); dataLayer.push({event: 'x'}, null, undefined, 7, 'consent')", kept},

		{"TCF grants where Consent Mode was never told", tcf + "; window.dataLayer = [['consent', 'default', {ad_storage: 'denied'}]]",
			"{eventStatus: 'tcloaded', gdprApplies: true, purpose: {consents: {1: true, 7: true}}, vendor: {consents: {793: true}}}", kept},
		{"TCF does not apply, and GPP says no", tcf + "; window.__gpp = (c, f) => f({pingData: {signalStatus: 'ready', applicableSections: [8], parsedSections: {usca: {SaleOptOut: 1}}}}, true)",
			"{eventStatus: 'tcloaded', gdprApplies: false}", cleared},
		{"TCF does not apply, and GPP is not ready", tcf + "; window.__gpp = (c, f) => f({pingData: {signalStatus: 'not ready'}}, true)",
			"{eventStatus: 'tcloaded', gdprApplies: false}", waits},
		{"one no is enough", tcf + "; window.dataLayer = [['consent', 'update', {ad_storage: 'denied'}]]",
			"{eventStatus: 'tcloaded', gdprApplies: true, purpose: {consents: {1: true, 7: true}}, vendor: {consents: {793: true}}}", cleared},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newShop(t)
			setup := c.platform
			if strings.Contains(setup, "%s") {
				setup = fmt.Sprintf(setup, c.says)
			}
			s.page("/", inline(setup)+withScript)
			v := chromium.Visitor(t)
			url := s.url("www.shop", onLanding)
			v.SetCookie(url, ClickCookie, oldClickID)
			v.SetCookie(url, ClickCookie+Stamp, "1776000000000")
			v.Open(url)
			if got := outcome(v, url); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
			noTroubles(t, v)
		})
	}
}

// testPlatformAnswers runs testdata/consent.json, as TestPlatformAnswers does
// without a browser: on a plain page, and on one whose library makes JSON of
// arrays in its own way, as Prototype did.
func testPlatformAnswers(t *testing.T) {
	want := map[string]string{"granted": kept, "none": kept, "unknown": waits, "refused": cleared}
	for name, library := range map[string]string{
		"plain": "",
		"Prototype": `Object.toJSON = o => o === null ? 'null' : typeof o == 'string' ? JSON.stringify(o) : Array.isArray(o) ? o.toJSON() :
			typeof o == 'object' ? '{' + Object.keys(o).map(key => JSON.stringify(key) + ': ' + Object.toJSON(o[key])).join(', ') + '}' : String(o);
			Array.prototype.toJSON = function() {return '[' + this.map(Object.toJSON).join(', ') + ']'};`,
		"arrays that say nothing": "Array.prototype.toJSON = () => 'none';",
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			answers := platformAnswers(t)
			for i, a := range answers {
				platform := fmt.Sprintf("window.__gpp = (command, callback) => {if (command == 'addEventListener') callback({eventName: 'signalStatus', pingData: %s}, true)}", a.GPP)
				if a.GPP == nil {
					platform = fmt.Sprintf("window.__tcfapi = (command, version, callback) => {if (command == 'addEventListener' && version == 2) callback(%s, true)}", a.TCF)
				}
				s.page(fmt.Sprintf("/%d", i), inline(library+platform)+withScript)
			}
			v := chromium.Visitor(t)
			for i, a := range answers {
				// Each at a host of its own: a page writes once more when it is left.
				url := s.url(fmt.Sprintf("shop%d", i), fmt.Sprintf("%d%s", i, onLanding))
				v.SetCookie(url, ClickCookie, oldClickID)
				v.SetCookie(url, ClickCookie+Stamp, "1776000000000")
				v.Open(url)
				got := outcome(v, url)
				if got != want[a.Want] && (name != "arrays that say nothing" || got != waits) {
					t.Errorf("%s: %s, want %s", a.Name, got, want[a.Want])
				}
			}
			noTroubles(t, v)
		})
	}
}

// testConsentOverTime: granted late, withdrawn, granted again, for each kind of
// platform.
func testConsentOverTime(t *testing.T) {
	for _, kind := range []struct{ name, platform, grant, refuse string }{
		{"TCF", `let tell; window.__tcfapi = (c, v, f) => {tell = f; f({eventStatus: 'cmpuishown', gdprApplies: true, purpose: {consents: {}}, vendor: {consents: {}}}, true)};
			window.say = yes => tell({eventStatus: 'useractioncomplete', gdprApplies: true, purpose: {consents: {1: yes, 7: yes}}, vendor: {consents: {793: yes}}}, true)`,
			"say(true)", "say(false)"},
		{"GPP", `let tell; window.__gpp = (c, f) => {tell = f; f({pingData: {signalStatus: 'not ready'}}, true)};
			window.say = n => tell({eventName: 'signalStatus', data: 'ready', pingData: {signalStatus: 'ready', applicableSections: [7], parsedSections: {usnat: [{SaleOptOut: n}]}}}, true)`,
			"say(2)", "say(1)"},
		{"Consent Mode", `window.dataLayer = []; function gtag() {dataLayer.push(arguments)}; gtag('consent', 'default', {ad_storage: 'denied'});
			window.say = state => gtag('consent', 'update', {ad_storage: state})`,
			"say('granted')", "say('denied')"},
		{"the page itself", `window.amznCapture = {consent: answer => {window.say = answer}}`, "say(true)", "say(false)"},
	} {
		t.Run(kind.name, func(t *testing.T) {
			s := newShop(t)
			s.page("/", inline(kind.platform)+withScript)
			v := chromium.Visitor(t)
			v.Before("let now = 1776939420000; Date.now = () => now += 60000")
			url := s.url("www.shop", onLanding)
			v.Open(url)
			empty := map[string]string{}
			full := map[string]string{ClickCookie: newClickID, ClickCookie + Stamp: "1776939480000"}
			for _, step := range []struct {
				name, script string
				want         map[string]string
			}{
				{"not answered", "", empty},
				{"granted late", kind.grant, full},
				{"granted again", kind.grant, full},
				{"withdrawn", kind.refuse, empty},
				{"granted once more", kind.grant, full},
			} {
				v.Do(step.script)
				if diff := cmp.Diff(step.want, ours(v, url)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", step.name, diff)
				}
			}
			// On a later page, which has no click id of its own.
			v.Open(s.url("www.shop", ""))
			if diff := cmp.Diff(full, ours(v, url)); diff != "" {
				t.Errorf("on a later page, before it is known again (-want +got):\n%s", diff)
			}
			v.Do(kind.refuse)
			if got := ours(v, url); len(got) > 0 {
				t.Errorf("withdrawn on a later page, but there is %v", got)
			}
			noTroubles(t, v)
		})
	}
}

// testLatePlatform: a platform that comes after the script is asked all the same.
func testLatePlatform(t *testing.T) {
	for name, platform := range map[string]string{
		"TCF":          "window.__tcfapi = (c, v, f) => f({eventStatus: 'tcloaded', gdprApplies: true, purpose: {consents: {}}, vendor: {consents: {}}}, true)",
		"GPP":          "window.__gpp = (c, f) => f({pingData: {signalStatus: 'ready', applicableSections: [7], parsedSections: {usnat: {SaleOptOut: 1}}}}, true)",
		"Consent Mode": "window.dataLayer = [['consent', 'update', {ad_storage: 'denied'}]]",
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			s.page("/", withScript+inline(platform))
			v := chromium.Visitor(t)
			url := s.url("www.shop", onLanding)
			v.SetCookie(url, ClickCookie, oldClickID)
			v.Open(url)
			if got := outcome(v, url); got != cleared {
				t.Errorf("%s, want %s", got, cleared)
			}
			noTroubles(t, v)
		})
	}
}

// testDataLayer: the page's tags get what is pushed, as if nobody listened.
func testDataLayer(t *testing.T) {
	s := newShop(t)
	s.page("/", inline(`window.dataLayer = [['js']]; window.seen = [];
		{const push = dataLayer.push; dataLayer.push = function (...entries) {seen.push(...entries); return push.apply(this, entries)}}`)+withScript)
	v := chromium.Visitor(t)
	v.Open(s.url("www.shop", ""))
	if got := v.Eval("dataLayer.push({event: 'a'}, {event: 'b'})"); got != "3" {
		t.Errorf("push returned %s, want the new length", got)
	}
	if got := v.Eval("JSON.stringify([seen, dataLayer])"); got != `[[{"event":"a"},{"event":"b"}],[["js"],{"event":"a"},{"event":"b"}]]` {
		t.Errorf("the tags got %s", got)
	}
	v.Do("const layer = dataLayer; layer.push = () => {throw new Error('the page is broken')}")
	noTroubles(t, v)
}

// testInjected: by a tag manager, long after the page has loaded.
func testInjected(t *testing.T) {
	s := newShop(t)
	s.page("/", "")
	v := chromium.Visitor(t)
	url := s.url("www.shop", onLanding)
	v.Open(url)
	v.Do("const e = document.createElement('script'); e.src = '/capture.js'; e.onload = () => {window.injected = true}; document.head.append(e)")
	v.Until("window.injected")
	if got := ours(v, url)[ClickCookie]; got != newClickID {
		t.Errorf("click id %q", got)
	}
	noTroubles(t, v)
}

func testContentSecurityPolicy(t *testing.T) {
	const policy = "default-src 'none'; script-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
	s := newShop(t)
	s.mux.HandleFunc("/settings.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		fmt.Fprint(w, "window.dataLayer = [['consent', 'default', {ad_storage: 'granted'}]]; window.amznCapture = {domain: 'shop.localhost'}")
	})
	s.page("/", `<script src="/settings.js"></script><script src="/capture.js" integrity="`+Integrity()+`"></script>`, "Content-Security-Policy", policy)
	v := chromium.Visitor(t)
	v.Before("addEventListener('securitypolicyviolation', e => console.error(e.violatedDirective))")
	url := s.url("www.shop", onLanding)
	v.Open(url)
	if got := ours(v, url)[ClickCookie]; got != newClickID {
		t.Errorf("click id %q", got)
	}
	noTroubles(t, v)
}

func testNoCookies(t *testing.T) {
	t.Run("switched off", func(t *testing.T) {
		b := browser.Start(t, `{"profile":{"default_content_setting_values":{"cookies":2}}}`)
		s := newShop(t)
		s.page("/", withScript+inline("window.after = true"))
		v := b.Owner(t)
		url := s.url("www.shop", onLanding)
		v.Open(url)
		if v.Eval("(document.cookie = 'a=1', document.cookie)") != "" {
			t.Fatal("the browser takes cookies; this shows nothing")
		}
		if got := v.Cookies(url); len(got) > 0 || v.Eval("window.after") != "true" {
			t.Errorf("cookies %v, the page's own script ran: %s", got, v.Eval("window.after"))
		}
		noTroubles(t, v)
	})
	// In a sandboxed frame the very mention of cookies throws.
	t.Run("forbidden", func(t *testing.T) {
		for name, setting := range map[string]string{
			"with nobody to ask": "",
			"granted late":       "window.amznCapture = {consent: answer => setTimeout(() => {answer(true); parent.postMessage('answered', '*')})};",
		} {
			t.Run(name, func(t *testing.T) {
				s := newShop(t)
				s.page("/", inline("window.said = []; addEventListener('message', e => said.push(e.data))")+
					`<body><iframe sandbox="allow-scripts" src="/frame`+onLanding+`"></iframe>`)
				s.page("/frame", inline(setting+`addEventListener('error', e => parent.postMessage('error: ' + e.message, '*'));
					try {document.cookie} catch (e) {parent.postMessage('forbidden', '*')}`)+withScript+
					inline("setTimeout(() => parent.postMessage('loaded', '*'), 50)"))
				v := chromium.Visitor(t)
				v.Open(s.url("www.shop", ""))
				v.Until("said.includes('loaded')")
				if got := v.Eval("said.filter(s => s != 'answered')"); got != "forbidden,loaded" {
					t.Errorf("the frame said %s", got)
				}
				noTroubles(t, v)
			})
		}
	})
}

// testStrangePages: whatever a page has done to its globals, it hears nothing of
// the script's trouble with it.
func testStrangePages(t *testing.T) {
	for name, setup := range map[string]string{
		"settings that are not an object":     "window.amznCapture = 'on'",
		"settings that are null":              "window.amznCapture = null",
		"settings that throw":                 "Object.defineProperty(window, 'amznCapture', {get() {throw new Error('no')}})",
		"an element of the settings' name":    "document.write('<p id=amznCapture>')",
		"a domain that is none":               "window.amznCapture = {domain: {}}",
		"a data layer that is null":           "window.dataLayer = null",
		"a data layer that is a number":       "window.dataLayer = 7",
		"a data layer that is an object":      "window.dataLayer = {push() {return 1}}",
		"a data layer that is frozen":         "window.dataLayer = Object.freeze([{event: 'x'}])",
		"a data layer with traps":             "window.dataLayer = [{get 0() {throw new Error('no')}}]",
		"a data layer that throws":            "Object.defineProperty(window, 'dataLayer', {get() {throw new Error('no')}})",
		"half a consent command":              "window.dataLayer = [['consent'], ['consent', 'update'], ['consent', 'update', null]]",
		"a consent platform that is a string": "window.__tcfapi = 'soon'; window.__gpp = 'soon'",
		"a consent platform that says junk":   "window.__tcfapi = (c, v, f) => f('junk', 'junk'); window.__gpp = f => f(); window.__gpp = (c, f) => f({pingData: {signalStatus: 'ready'}})",
		"JSON of its own":                     "JSON.stringify = () => {throw new Error('no')}; window.__gpp = (c, f) => f({pingData: {signalStatus: 'ready'}}, true)",
		"arrays of its own":                   "Array.prototype.extra = 1; Array.prototype.find = null; Array.prototype.includes = null",
		"no clock":                            "Date.now = null",
		"no regular expressions":              "window.RegExp = null",
		"no cookies":                          "Object.defineProperty(document, 'cookie', {get() {throw new Error('no')}, set() {throw new Error('no')}})",
		"cookies that cannot be written":      "Object.defineProperty(document, 'cookie', {get() {return ''}, set() {throw new Error('no')}})",
		"no listeners":                        "window.addEventListener = null",
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			s.page("/", inline(setup)+withScript+inline("window.after = true"))
			v := chromium.Visitor(t)
			v.Open(s.url("www.shop", onLanding))
			if v.Eval("window.after") != "true" {
				t.Error("the page's own script did not run")
			}
			noTroubles(t, v)
		})
	}
}

// testScriptAndServer: what the script keeps, the server gives its own lifetime;
// what the server keeps, hidden, no script sees.
func testScriptAndServer(t *testing.T) {
	s := newShop(t)
	both, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	alone, err := New(Options{Consent: Always, HTTPOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	answer := func(head string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c, _ := ClickID(r)
			fmt.Fprintf(w, "<!DOCTYPE html>%s<body data-click=%t>", head, c.ID == newClickID)
		})
	}
	s.mux.Handle("/both", both.Handler(answer(withScript)))
	s.mux.Handle("/alone", alone.Handler(answer("")))

	v := chromium.Visitor(t)
	url := s.url("both", "")
	v.Open(s.url("both", "both"+onLanding))
	if at := ours(v, url)[ClickCookie+Stamp]; at == "" || strings.HasSuffix(at, servedMark) {
		t.Errorf("the script wrote the time %q", at)
	}
	v.Open(s.url("both", "both"))
	if at := ours(v, url)[ClickCookie+Stamp]; !strings.HasSuffix(at, servedMark) || v.Eval("document.body.dataset.click") != "true" {
		t.Errorf("the server left the time %q", at)
	}

	v.Open(s.url("alone", "alone"+onLanding))
	if v.Eval("document.body.dataset.click") != "true" || v.Eval("document.cookie") != "" {
		t.Errorf("the landing page's handler saw the click: %s, and scripts %q", v.Eval("document.body.dataset.click"), v.Eval("document.cookie"))
	}
	for _, c := range v.Jar(s.url("alone", "")) {
		if !c.HTTPOnly || !c.Secure || c.SameSite != network.CookieSameSiteLax {
			t.Errorf("attributes of %s: %+v", c.Name, c)
		}
	}
	v.Open(s.url("alone", "alone"))
	if v.Eval("document.body.dataset.click") != "true" {
		t.Error("the next page's handler does not see the click")
	}
	noTroubles(t, v)
}
