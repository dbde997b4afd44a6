//go:build browser

package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long anything in the browser may take. The machines that test
// are small, and a cold start of Chromium is slow.
const patience = 60 * time.Second

// names are what distributions call the browser.
var names = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}

// Browser is one process of Chromium.
type Browser struct{ ctx context.Context }

// Start starts Chromium with a profile of its own, which ends with the test.
// preferences is what the profile's settings say, as JSON; "" for the defaults.
func Start(t testing.TB, preferences string) *Browser {
	t.Helper()
	path := ""
	for _, name := range names {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Fatalf("no browser found: install Debian's package chromium, or any of %s", strings.Join(names, ", "))
	}
	profile := t.TempDir()
	if preferences != "" {
		if err := os.MkdirAll(filepath.Join(profile, "Default"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(profile, "Default", "Preferences"), []byte(preferences), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	opts := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.UserDataDir(profile), chromedp.Headless, chromedp.NoSandbox,
		chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.WSURLReadTimeout(patience),
	}
	alloc, end := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(end)
	ctx, stop := chromedp.NewContext(alloc)
	t.Cleanup(stop)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("%s does not start: %v", path, err)
	}
	return &Browser{ctx}
}

// Visitor is somebody with cookies of their own, and one open tab.
type Visitor struct {
	t   testing.TB
	ctx context.Context

	mu       sync.Mutex
	troubles []string
}

// Visitor returns one who has never been anywhere.
func (b *Browser) Visitor(t testing.TB) *Visitor {
	t.Helper()
	return b.visitor(t, chromedp.WithNewBrowserContext())
}

// Owner returns the one whose profile the browser was started with.
func (b *Browser) Owner(t testing.TB) *Visitor {
	t.Helper()
	return b.visitor(t)
}

func (b *Browser) visitor(t testing.TB, opts ...chromedp.ContextOption) *Visitor {
	t.Helper()
	v := &Visitor{t: t}
	ctx, stop := chromedp.NewContext(b.ctx, append(opts, chromedp.WithListener(v.listen))...)
	t.Cleanup(stop)
	// The tab is opened here: what opens it must outlive each later call.
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	v.ctx = ctx
	call(v, log.Enable, cdp.Empty{})
	call(v, runtime.Enable, cdp.Empty{})
	return v
}

func (v *Visitor) listen(ev any) {
	trouble := ""
	switch ev := ev.(type) {
	case *runtime.EventExceptionThrown:
		d := ev.ExceptionDetails
		trouble = "exception: " + d.Text
		if d.Exception != nil {
			trouble += " " + d.Exception.Description
		}
	case *log.EventEntryAdded:
		// A page without an icon is not in trouble.
		if ev.Entry.Level == log.EntryLevelError && !strings.HasSuffix(ev.Entry.URL, "/favicon.ico") {
			trouble = fmt.Sprintf("%s: %s %s", ev.Entry.Source, ev.Entry.Text, ev.Entry.URL)
		}
	}
	if trouble != "" {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.troubles = append(v.troubles, trouble)
	}
}

// Troubles are what the pages reported since they were last asked for: errors
// that nobody caught, and what the browser refused them.
func (v *Visitor) Troubles() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	defer func() { v.troubles = nil }()
	return v.troubles
}

// call sends a command of the browser's protocol.
func call[P, R any](v *Visitor, command cdp.Command[P, R], params P) R {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, patience)
	defer cancel()
	r, err := chromedp.Call(ctx, command, params)
	if err != nil {
		v.t.Fatalf("%s: %v", command.Method, err)
	}
	return r
}

// run does something with the page.
func run[T any](v *Visitor, what string, action chromedp.Action[T]) T {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, patience)
	defer cancel()
	r, err := chromedp.Run(ctx, action)
	if err != nil {
		v.t.Fatalf("%s: %v", what, err)
	}
	return r
}

// Open opens a page and waits until it has loaded.
func (v *Visitor) Open(url string) {
	v.t.Helper()
	run(v, "opening "+url, chromedp.Navigate(url))
}

// OpenFrom is Open for one who comes from another page, whose site tells others
// the whole address of its pages.
func (v *Visitor) OpenFrom(url, referrer string) {
	v.t.Helper()
	run(v, "opening "+url, chromedp.WaitEvent(page.LoadEventFired, func(page.EventLoadEventFired) bool { return true },
		func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
			r, err := cdp.Call(ctx, t, page.Navigate, page.NavigateParams{URL: url, Referrer: referrer, ReferrerPolicy: page.ReferrerPolicyUnsafeURL})
			if err == nil && r.ErrorText != "" {
				err = errors.New(r.ErrorText)
			}
			return chromedp.Void{}, err
		}))
}

// Back goes back to the page before. A script that leaves its page may be cut off,
// so it has the page leave once it has ended.
func (v *Visitor) Back() {
	v.t.Helper()
	from := v.URL()
	v.Do("setTimeout(() => history.back(), 0)")
	v.Until(fmt.Sprintf("location.href !== %q", from))
}

// Click clicks on what the CSS selector finds.
func (v *Visitor) Click(selector string) {
	v.t.Helper()
	run(v, "clicking on "+selector, chromedp.Click(chromedp.CSS(selector)))
}

// Type puts text into a field.
func (v *Visitor) Type(selector, text string) {
	v.t.Helper()
	run(v, "typing into "+selector, chromedp.SendKeys(chromedp.CSS(selector), text))
}

// Wait waits until something that the CSS selector finds is visible.
func (v *Visitor) Wait(selector string) {
	v.t.Helper()
	run(v, "waiting for "+selector, chromedp.WaitVisible(chromedp.CSS(selector)))
}

// Text is what a reader sees of the first element that the CSS selector finds.
func (v *Visitor) Text(selector string) string {
	v.t.Helper()
	return run(v, "reading "+selector, chromedp.Text(chromedp.CSS(selector)))
}

// HTML is the page's source as it stands.
func (v *Visitor) HTML() string {
	v.t.Helper()
	return v.Eval("document.documentElement.outerHTML")
}

// URL is the page's address.
func (v *Visitor) URL() string {
	v.t.Helper()
	return v.Eval("location.href")
}

// Do runs a script in the page, and fails if it throws.
func (v *Visitor) Do(script string) {
	v.t.Helper()
	run(v, "running a script", chromedp.Evaluate[string]("void (() => {"+script+"})() || ''"))
}

// Eval returns the value of an expression as text.
func (v *Visitor) Eval(expression string) string {
	v.t.Helper()
	return run(v, "evaluating "+expression, chromedp.Evaluate[string]("String("+expression+")"))
}

// Until waits until an expression is true in the page, whichever it is by then.
func (v *Visitor) Until(expression string) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, patience)
	defer cancel()
	for {
		// A page that is being left has no answer.
		if ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("!!("+expression+")")); err == nil && ok {
			return
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			v.t.Fatalf("never came true in the browser: %s", expression)
		}
	}
}

// Before runs a script in every page from now on, before the page's own.
func (v *Visitor) Before(script string) {
	v.t.Helper()
	call(v, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
}

// Jar is the visitor's cookies that would be sent to a URL, as the browser's
// developer tools show them, those hidden from scripts as well.
func (v *Visitor) Jar(url string) []*network.Cookie {
	v.t.Helper()
	// What a page has just written may still be on its way to the process that
	// has the cookies. Reading in the page waits for it.
	v.Do("try {document.cookie} catch (e) {}")
	return call(v, network.GetCookies, network.GetCookiesParams{URLs: []string{url}}).Cookies
}

// Cookies is Jar by name and value.
func (v *Visitor) Cookies(url string) map[string]string {
	v.t.Helper()
	m := make(map[string]string)
	for _, c := range v.Jar(url) {
		m[c.Name] = c.Value
	}
	return m
}

// SetCookie gives the visitor a cookie of a URL's host, as a server would.
func (v *Visitor) SetCookie(url, name, value string) {
	v.t.Helper()
	secure := true
	call(v, network.SetCookie, network.SetCookieParams{
		URL: url, Name: name, Value: value, Path: "/", Secure: &secure, SameSite: network.CookieSameSiteLax,
	})
}

// ClearCookies forgets all of the visitor's cookies.
func (v *Visitor) ClearCookies() {
	v.t.Helper()
	call(v, network.ClearBrowserCookies, cdp.Empty{})
}

// Screenshot is a picture of the whole page, PNG, in a window of that width.
func (v *Visitor) Screenshot(width int64) []byte {
	v.t.Helper()
	run(v, "resizing", chromedp.EmulateViewport(width, 800))
	return run(v, "taking a picture", chromedp.FullScreenshot(100))
}
