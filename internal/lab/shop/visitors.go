package shop

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/tracklayer/amazon-capi/capture"
)

const (
	sessionCookie = "shop_session"
	consentCookie = "shop_consent"
)

// maxVisitors bounds the memory of a demonstration that nobody stops.
const maxVisitors = 1000

// visitor is one session. The mutex of visitors guards what can change.
type visitor struct {
	actions []action
	orders  map[string]*order
}

// action is something a visitor did that was published.
type action struct {
	Name, EventID string
	At            time.Time
	Value         string // empty if there is none
	Click         capture.Click
	Trouble       string // why it was not published; empty if it was
}

type order struct {
	product   Product
	published bool
}

type visitors struct {
	mu    sync.Mutex
	by    map[string]*visitor
	order []string // oldest first
}

func newVisitors() *visitors { return &visitors{by: make(map[string]*visitor)} }

// of returns the visitor who sent r, and makes them one if they are new. A
// session is needed for what the visitor asks for, so no consent is.
func (vs *visitors) of(w http.ResponseWriter, r *http.Request) *visitor {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	if c, err := r.Cookie(sessionCookie); err == nil && vs.by[c.Value] != nil {
		return vs.by[c.Value]
	}
	if len(vs.order) >= maxVisitors {
		delete(vs.by, vs.order[0])
		vs.order = vs.order[1:]
	}
	id, v := rand.Text(), &visitor{orders: make(map[string]*order)}
	vs.by[id] = v
	vs.order = append(vs.order, id)
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Value: id, Path: "/", HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode})
	return v
}

// change lets f read or write a visitor alone.
func (vs *visitors) change(f func()) {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	f()
}

// consentOf reads the answer that the visitor gave to the shop's banner.
func consentOf(r *http.Request) capture.Consent {
	c, err := r.Cookie(consentCookie)
	switch {
	case err == nil && c.Value == "yes":
		return capture.Granted
	case err == nil && c.Value == "no":
		return capture.Refused
	}
	return capture.Unknown
}

// consent takes the banner's answer: from its script, or from its form where
// there are no scripts.
func (s *Shop) consent(w http.ResponseWriter, r *http.Request) {
	answer := r.PostFormValue("answer")
	if answer != "yes" && answer != "no" {
		s.refuse(w, r, http.StatusBadRequest, "The banner's answer is yes or no.")
		return
	}
	// Not hidden from scripts: shop.js tells capture.js of it.
	http.SetCookie(w, &http.Cookie{Name: consentCookie, Value: answer, Path: "/", MaxAge: 180 * 24 * 3600, Secure: true, SameSite: http.SameSiteLaxMode})
	if answer == "no" {
		s.keeper.Clear(w)
	}
	if r.PostFormValue("by") == "script" {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	back := "/"
	if from, err := url.Parse(r.Referer()); err == nil && from.Host == r.Host {
		back = local(from)
	}
	http.Redirect(w, r, back, http.StatusSeeOther)
}

// local returns the path and query of a URL as one that leads nowhere else: with
// two slashes in front, or one and a backslash, a path is another host's name to
// browsers, and they read past tabs and line ends to see it.
func local(u *url.URL) string {
	to := "/" + strings.TrimLeft(u.EscapedPath(), "/\\")
	if u.RawQuery != "" {
		to += "?" + u.RawQuery
	}
	return to
}
