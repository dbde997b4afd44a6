package capture

import (
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The cookies. Beside each is one with Stamp at the end of its name, which holds
// when the value was captured.
const (
	ClickCookie = "amzn_click_id"
	ArefCookie  = "amzn_aref"
	Stamp       = "_at"
)

// How long they are kept, from the capture on.
const (
	ClickLifetime = 90 * 24 * time.Hour
	ArefLifetime  = 30 * 24 * time.Hour
)

// kind is a parameter of the landing URL that is worth keeping.
type kind struct {
	param, cookie string
	lifetime      time.Duration
	find          *regexp.Regexp // the parameter in a query with its question mark
	plausible     *regexp.Regexp
}

// value is what a cookie of a kind holds. The zero value is nothing.
type value struct {
	text string
	at   time.Time // zero if nobody knows
	// served is whether the server wrote the cookie last. Browsers that limit
	// what scripts may keep, ITP above all, leave those their full lifetime.
	served bool
}

// The rules are those of capture.js. The alphabet of a click id is not published,
// so these are the characters of such ids and of the encodings in use for them,
// which leave out what could name a person or end a cookie.
var (
	clicks = newKind("amzn_click_id", ClickCookie, ClickLifetime, `^[\w.~:/+=|-]{6,1000}$`)
	arefs  = newKind("aref", ArefCookie, ArefLifetime, `^\w{10}\.\d{13}(\|\w{10}\.\d{13})*$`)
)

func newKind(param, cookie string, lifetime time.Duration, plausible string) *kind {
	return &kind{param, cookie, lifetime, regexp.MustCompile(`[?&]` + param + `=([^&#]*)`), regexp.MustCompile(plausible)}
}

// inURL returns the value of the first parameter of this kind, if it is a
// plausible one. urls are queries with their question marks, or whole URLs.
func (k *kind) inURL(urls string) string {
	m := k.find.FindStringSubmatch(urls)
	if m == nil {
		return ""
	}
	return k.decode(m[1])
}

func (k *kind) decode(escaped string) string {
	// A plus sign stays one: a click id has no spaces it could stand for.
	s, err := url.PathUnescape(escaped)
	if err != nil || !k.plausible.MatchString(s) {
		return ""
	}
	return s
}

// inCookies returns what the request's cookies hold of this kind at the time
// now. Where a cookie comes twice, from this host and from the whole domain, the
// later one counts: browsers send the older one first.
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
	// The visitor's clock wrote this, or the visitor.
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

// stamp is the text of the cookie beside the value's.
func (v value) stamp() string {
	return strconv.FormatInt(v.at.UnixMilli(), 10) + servedMark
}
