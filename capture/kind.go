package capture

import (
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The cookies. Each has a second one, with Stamp at the end of its name, which holds the time
// of capture.
const (
	ClickCookie = "amzn_click_id"
	ArefCookie  = "amzn_aref"
	Stamp       = "_at"
)

// The lifetimes of the cookies, from the capture on.
const (
	ClickLifetime = 90 * 24 * time.Hour
	ArefLifetime  = 30 * 24 * time.Hour
)

// kind is a parameter of the landing URL that is kept.
type kind struct {
	param, cookie string
	lifetime      time.Duration
	find          *regexp.Regexp // the parameter in a query with its question mark
	plausible     *regexp.Regexp
}

// value is the content of a cookie of a kind. The zero value is nothing.
type value struct {
	text string
	at   time.Time // zero if unknown
	// served is set if the server wrote the cookie last. Browsers that limit cookies written
	// by scripts, above all ITP, leave those their full lifetime.
	served bool
}

// The rules are those of capture.js. The alphabet of a click id is not published; these are
// the characters of known ids and of the encodings in use for them, without characters that
// could identify a person or end a cookie.
var (
	clicks = newKind("amzn_click_id", ClickCookie, ClickLifetime, `^[\w.~:/+=|-]{6,1000}$`)
	arefs  = newKind("aref", ArefCookie, ArefLifetime, `^\w{10}\.\d{13}(\|\w{10}\.\d{13})*$`)
)

func newKind(param, cookie string, lifetime time.Duration, plausible string) *kind {
	return &kind{param, cookie, lifetime, regexp.MustCompile(`[?&]` + param + `=([^&#]*)`), regexp.MustCompile(plausible)}
}

// inURL returns the first plausible value of this kind's parameter. urls are queries with
// their question marks, or whole URLs.
func (k *kind) inURL(urls string) string {
	m := k.find.FindStringSubmatch(urls)
	if m == nil {
		return ""
	}
	return k.decode(m[1])
}

func (k *kind) decode(escaped string) string {
	// A plus sign is kept: a click id has no spaces that it could stand for.
	s, err := url.PathUnescape(escaped)
	if err != nil || !k.plausible.MatchString(s) {
		return ""
	}
	return s
}

// inCookies returns the value of this kind in the request's cookies at the time now. If a
// cookie occurs twice, for this host and for the whole domain, the later one is used: browsers
// send the older one first.
func (k *kind) inCookies(r *http.Request, now time.Time) (v value) {
	for _, c := range r.CookiesNamed(k.cookie) {
		if s := k.decode(c.Value); s != "" {
			v.text = s
		}
	}
	if v.text == "" {
		return value{}
	}
	for _, c := range r.CookiesNamed(k.cookie + Stamp) {
		digits, served := strings.CutSuffix(c.Value, servedMark)
		if ms, err := strconv.ParseUint(digits, 10, 63); err == nil && len(digits) == len("1776939420000") {
			v.at, v.served = time.UnixMilli(int64(ms)), served
		}
	}
	// The visitor, or the visitor's clock, wrote this.
	if v.at.After(now) {
		v.at = now
	}
	if !v.at.IsZero() && now.Sub(v.at) >= k.lifetime {
		return value{}
	}
	return v
}

// servedMark follows the time in the cookies that a server wrote.
const servedMark = "s"

// stamp returns the text of the cookie with the time.
func (v value) stamp() string {
	return strconv.FormatInt(v.at.UnixMilli(), 10) + servedMark
}
