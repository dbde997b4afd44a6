package shop

import (
	"crypto/rand"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Elsewhere is the rest of the web, on an origin of its own: a page with an ad
// for the shop, and a payment provider.
type Elsewhere struct {
	shop  string
	pages *template.Template
	now   func() time.Time

	mu   sync.Mutex
	paid map[string]bool
}

// maxPaid bounds what the provider remembers.
const maxPaid = 10_000

// NewElsewhere returns one whose ad leads to the shop at a URL such as
// http://127.0.0.1:8088, and whose customers are sent back there.
func NewElsewhere(shopURL string, now func() time.Time) (*Elsewhere, error) {
	pages, err := template.ParseFS(files, "pages/*.html")
	return &Elsewhere{shop: shopURL, pages: pages, now: now, paid: make(map[string]bool)}, err
}

// Paid reports whether an order was paid.
func (e *Elsewhere) Paid(order string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.paid[order]
}

// Handler serves the pages.
func (e *Elsewhere) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { e.show(w, "news.html", nil) })
	mux.HandleFunc("GET /ad", e.ad)
	mux.HandleFunc("GET /pay", e.pay)
	mux.HandleFunc("POST /pay", e.take)
	mux.HandleFunc("GET /shop.css", func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, files, "pages/shop.css") })
	return http.NewCrossOriginProtection().Handler(mux)
}

// ad is what a click on the ad opens. Like Amazon's own it makes a click id and
// redirects, so that no page has the id in its text.
func (e *Elsewhere) ad(w http.ResponseWriter, r *http.Request) {
	q := url.Values{
		"utm_source":    {"news"},
		"amzn_click_id": {"amzn1.click." + strings.ToLower(rand.Text())},
		"aref":          {fmt.Sprintf("%s.%d", rand.Text()[:10], e.now().UnixMilli())},
	}
	http.Redirect(w, r, e.shop+"/?"+q.Encode(), http.StatusFound)
}

func (e *Elsewhere) pay(w http.ResponseWriter, r *http.Request) {
	e.show(w, "pay.html", struct{ Order, Amount, What, Shop string }{r.FormValue("order"), r.FormValue("amount"), r.FormValue("what"), e.shop})
}

func (e *Elsewhere) take(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	order := r.PostFormValue("order")
	e.mu.Lock()
	if len(e.paid) >= maxPaid {
		clear(e.paid)
	}
	e.paid[order] = true
	e.mu.Unlock()
	// To the one shop it works for, whatever the form says: a provider that
	// redirects anywhere is of use to thieves.
	http.Redirect(w, r, e.shop+"/paid?"+url.Values{"order": {order}}.Encode(), http.StatusSeeOther)
}

func (e *Elsewhere) show(w http.ResponseWriter, name string, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src data:; frame-ancestors 'none'; form-action 'self' "+e.shop)
	_ = e.pages.ExecuteTemplate(w, name, data) // a visitor who has gone misses the rest
}
