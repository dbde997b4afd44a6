package capture

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Consent is a visitor's answer on keeping an ad's click id.
type Consent int

const (
	// Unknown means that nobody asked or answered: nothing is kept, nothing cleared.
	Unknown Consent = iota
	// Granted keeps a click id.
	Granted
	// Refused keeps nothing, and clears what was kept before.
	Refused
)

// Always is a Consent function for sites that need no consent, or that mount a Keeper only
// where they have it.
func Always(*http.Request) Consent { return Granted }

// Options configure a Keeper.
type Options struct {
	// Consent returns the answer of the visitor who sends a request, from the site's own
	// cookie or session. If it is nil the script decides: the script's cookies get the
	// server's lifetime, and no others are written.
	Consent func(*http.Request) Consent
	// Domain makes the cookies valid for a whole domain, such as example.com for
	// checkout.example.com to see those of www.example.com; if empty, for the host alone. It
	// must not be a public suffix, such as co.uk. Give the script the same value.
	Domain string
	// HTTPOnly hides the cookies from scripts. It is for sites without capture.js, which
	// could neither replace nor clear them, and therefore requires Consent.
	HTTPOnly bool
	// Now defaults to time.Now.
	Now func() time.Time
}

// Keeper keeps click ids in cookies. It is safe for concurrent use.
type Keeper struct{ o Options }

// New returns a Keeper.
func New(o Options) (*Keeper, error) {
	k := &Keeper{o}
	if k.o.Now == nil {
		k.o.Now = time.Now
	}
	if o.HTTPOnly && o.Consent == nil {
		return nil, fmt.Errorf("capture: HTTPOnly without Consent: want a Consent function, since the script cannot clear such cookies")
	}
	var err error
	if k.o.Domain, err = k.checkDomain(o.Domain); err != nil {
		return nil, err
	}
	return k, nil
}

// Handler keeps the click id of every visitor who lands on next, before next sees the
// request, so that a redirect by next does not lose it.
func (k *Keeper) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		click := k.visit(w, r)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), clickKey{}, click)))
	})
}

// Clear removes the cookies: for the handler that withdraws a visitor's consent, whose
// request still carries the old answer.
func (k *Keeper) Clear(w http.ResponseWriter) {
	for _, of := range []*kind{clicks, arefs} {
		for _, name := range []string{of.cookie, of.cookie + Stamp} {
			k.remove(w, name, "")
			if k.o.Domain != "" {
				k.remove(w, name, k.o.Domain)
			}
		}
	}
}

func (k *Keeper) visit(w http.ResponseWriter, r *http.Request) Click {
	now := k.o.Now()
	consent := Unknown
	if k.o.Consent != nil {
		consent = k.o.Consent(r)
	}
	if consent == Refused {
		if k.sent(r) {
			k.Clear(w)
		}
		return Click{}
	}
	click, aref := clicks.inCookies(r, now), arefs.inCookies(r, now)
	landed := ""
	if consent == Granted && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		landed = landing(r, click.text == "")
	}
	mayWrite := consent == Granted || k.o.Consent == nil
	click = k.keep(w, r, clicks, click, landed, now, mayWrite)
	aref = k.keep(w, r, arefs, aref, landed, now, mayWrite)
	return newClick(click, aref)
}

// landing returns the URLs in which a click may be found. The referrer matters if a visitor
// answers the consent question only after the landing page, while no click was kept yet; it
// must be a page of this site, because other advertisers' pages have click ids of their own.
func landing(r *http.Request, referrerToo bool) string {
	urls := "?" + r.URL.RawQuery
	if before, err := url.Parse(r.Referer()); referrerToo && err == nil && before.Host == r.Host {
		urls += "#" + r.Referer()
	}
	return urls
}

// keep writes the cookies of one kind, if there is a new value, and returns what is kept.
func (k *Keeper) keep(w http.ResponseWriter, r *http.Request, of *kind, had value, landed string, now time.Time, mayWrite bool) value {
	v := had
	// The same click seen again, after a reload or the back button, keeps its capture time.
	if text := of.inURL(landed); text != "" && text != had.text {
		v = value{text: text, at: now}
	}
	if !mayWrite || v.text == "" || v.served || v.at.IsZero() {
		return v
	}
	v.served = true
	// A response with one visitor's cookies must not be cached for others.
	w.Header().Set("Cache-Control", "private")
	for _, c := range []struct{ name, text string }{{of.cookie, url.QueryEscape(v.text)}, {of.cookie + Stamp, v.stamp()}} {
		// A cookie of this host alone, set before there was a domain, would be sent together
		// with the new one and might be read instead of it.
		if k.o.Domain != "" && len(r.CookiesNamed(c.name)) > 0 {
			k.remove(w, c.name, "")
		}
		http.SetCookie(w, k.cookie(c.name, c.text, of.lifetime-now.Sub(v.at), k.o.Domain))
	}
	return v
}

func (k *Keeper) cookie(name, text string, lifetime time.Duration, domain string) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: text, Path: "/", Domain: domain, MaxAge: int(lifetime.Seconds()),
		SameSite: http.SameSiteLaxMode, Secure: true, HttpOnly: k.o.HTTPOnly,
	}
}

func (k *Keeper) remove(w http.ResponseWriter, name, domain string) {
	c := k.cookie(name, "", 0, domain)
	c.MaxAge = -1
	http.SetCookie(w, c)
}

// sent reports whether the request has any of the cookies.
func (k *Keeper) sent(r *http.Request) bool {
	for _, c := range r.Cookies() {
		name := strings.TrimSuffix(c.Name, Stamp)
		if name == ClickCookie || name == ArefCookie {
			return true
		}
	}
	return false
}
