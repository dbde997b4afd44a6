//go:build browser

package demo

import (
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/tracklayer/amazon-capi/capture"
	"github.com/tracklayer/amazon-capi/internal/lab/browser"
)

var pictures = flag.String("pictures", "", "folder to put pictures of the demonstration's pages in")

// tour is a visitor of a running site.
type tour struct {
	*browser.Visitor
	t    *testing.T
	site *Site
	seen map[string]string // the source of each page they saw, by its address
}

func newTour(t *testing.T, b *browser.Browser, s *Site) *tour {
	return &tour{b.Visitor(t), t, s, make(map[string]string)}
}

func (v *tour) picture(name string) {
	v.t.Helper()
	v.seen[name] = v.HTML()
	if *pictures != "" {
		if err := os.WriteFile(filepath.Join(*pictures, name+".png"), v.Screenshot(1100), 0o600); err != nil {
			v.t.Fatal(err)
		}
	}
}

// click clicks on the ad and returns the click id that the shop is given.
func (v *tour) clickOnAd() (id string) {
	v.t.Helper()
	v.Open(v.site.ElsewhereURL)
	v.picture("news")
	v.Click("#ad")
	v.Until("location.origin == '" + v.site.ShopURL + "' && document.querySelector('#tent')")
	u, err := url.Parse(v.URL())
	if err != nil {
		v.t.Fatal(err)
	}
	if id = u.Query().Get("amzn_click_id"); id == "" {
		v.t.Fatal("the ad led to the shop without a click id")
	}
	return id
}

// buy buys a tent, and pays for it on another origin.
func (v *tour) buy() {
	v.t.Helper()
	v.Open(v.site.ShopURL + "/product/tent")
	v.picture("product")
	v.Click("#buy")
	v.Until("location.origin == '" + v.site.ElsewhereURL + "' && document.querySelector('#pay')")
	v.picture("pay")
	v.Click("#pay")
	v.Until("location.origin == '" + v.site.ShopURL + "' && location.pathname == '/status'")
}

// fill sends one of the front page's forms.
func (v *tour) fill(form string) {
	v.t.Helper()
	v.Open(v.site.ShopURL)
	v.Type(form+" input", "mary@example.com")
	v.Click(form + " button")
	v.Until("location.pathname == '/status' && document.querySelector('#kept')")
}

// accepted waits until the status page shows that Amazon took an event, and
// returns the event's id and what the page says of its click id.
func (v *tour) accepted(event string) (id, click string, same bool) {
	v.t.Helper()
	row := `document.querySelector('[data-event="` + event + `"]')`
	v.Until(row + `?.dataset.verdict == 'accepted'`)
	return v.Eval(row + ".querySelector('code').textContent"), v.Eval(row + ".querySelector('.click').textContent"), v.Eval(row+".dataset.same") == "true"
}

// cookies is those of the shop that hold a click.
func (v *tour) cookies() map[string]string {
	v.t.Helper()
	m := v.Cookies(v.site.ShopURL)
	delete(m, "shop_session")
	delete(m, "shop_consent")
	return m
}

// TestSiteInABrowser: from the ad to Amazon, with consent in every state.
func TestSiteInABrowser(t *testing.T) {
	s, err := StartSite(t.Context(), "127.0.0.1:0", zerolog.New(os.Stderr).Level(zerolog.ErrorLevel))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	b := browser.Start(t, "")

	t.Run("consent granted on the landing page", func(t *testing.T) {
		v := newTour(t, b, s)
		id := v.clickOnAd()
		v.picture("landing")
		if got := v.cookies(); len(got) > 0 {
			t.Errorf("before the banner was answered there is %v", names(got))
		}
		v.Click("#accept")
		v.Until("document.documentElement.dataset.consent == 'yes'")
		if v.cookies()[capture.ClickCookie] != id {
			t.Error("the banner was accepted, but the click id is not kept")
		}
		v.fill("#newsletter")
		v.fill("#account")
		v.buy()
		for _, event := range []string{"Lead", "Signup", "Purchase"} {
			eventID, shown, same := v.accepted(event)
			if s.amazon.Fate(eventID).ClickID != id {
				t.Errorf("the %s did not arrive at Amazon with the click id of the landing page", event)
			}
			if !same || !strings.Contains(shown, "as kept") {
				t.Errorf("the page says of the %s's click id: %q", event, shown)
			}
		}
		v.picture("status")
		for page, source := range v.seen {
			if strings.Contains(source, id) || strings.Contains(source, "mary@") {
				t.Errorf("the page %s shows the click id or the e-mail address", page)
			}
		}
		// Coming back once more is not a second purchase.
		v.Back()
		v.Open(s.ShopURL + "/status")
		if n := v.Eval(`document.querySelectorAll('[data-event="Purchase"]').length`); n != "1" {
			t.Errorf("%s purchases of one order", n)
		}
		if troubles := v.Troubles(); len(troubles) > 0 {
			t.Errorf("the pages reported errors: %q", troubles)
		}
	})

	t.Run("consent refused", func(t *testing.T) {
		v := newTour(t, b, s)
		id := v.clickOnAd()
		v.Click("#refuse")
		v.Until("document.documentElement.dataset.consent == 'no'")
		v.fill("#newsletter")
		v.buy()
		for _, event := range []string{"Lead", "Purchase"} {
			eventID, shown, _ := v.accepted(event)
			if got := s.amazon.Fate(eventID).ClickID; got != "" {
				t.Errorf("the %s arrived at Amazon with a click id", event)
			}
			if shown != "none" {
				t.Errorf("the page says of the %s's click id: %q", event, shown)
			}
		}
		v.picture("refused")
		if got := v.cookies(); len(got) > 0 {
			t.Errorf("refused, but there are cookies %v", names(got))
		}
		for page, source := range v.seen {
			if strings.Contains(source, id) {
				t.Errorf("the page %s shows the click id", page)
			}
		}
	})

	t.Run("consent granted on a later page", func(t *testing.T) {
		v := newTour(t, b, s)
		id := v.clickOnAd()
		v.Click("#tent")
		v.Wait("#buy")
		if got := v.cookies(); len(got) > 0 {
			t.Errorf("nobody has answered, but there are cookies %v", names(got))
		}
		v.Click("#accept")
		v.Until("document.documentElement.dataset.consent == 'yes'")
		v.buy()
		if eventID, _, _ := v.accepted("Purchase"); s.amazon.Fate(eventID).ClickID != id {
			t.Error("the purchase did not arrive at Amazon with the click id of the landing page")
		}
	})

	t.Run("consent withdrawn before the purchase", func(t *testing.T) {
		v := newTour(t, b, s)
		v.clickOnAd()
		v.Click("#accept")
		v.Until("document.documentElement.dataset.consent == 'yes'")
		v.Open(s.ShopURL) // the server has made the cookies its own by now
		v.Click("#footer-no")
		v.Until("document.documentElement.dataset.consent == 'no'")
		if got := v.cookies(); len(got) > 0 {
			t.Errorf("withdrawn, but there are cookies %v", names(got))
		}
		v.buy()
		if eventID, _, _ := v.accepted("Purchase"); s.amazon.Fate(eventID).ClickID != "" {
			t.Error("consent was withdrawn, but the purchase arrived at Amazon with a click id")
		}
	})
}

// names is the cookies without what is in them.
func names(cookies map[string]string) (list []string) {
	for name := range cookies {
		list = append(list, name)
	}
	return list
}
