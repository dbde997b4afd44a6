package shop

import (
	"context"
	"embed"
	"html/template"
	"net/http"
	"time"

	"github.com/rs/zerolog"

	"github.com/tracklayer/amazon-capi/capture"
	"github.com/tracklayer/amazon-capi/schemas"
)

// Options configure a Shop. All but Now and Log are required.
type Options struct {
	// Elsewhere is the origin of the payment provider, such as
	// http://localhost:8089.
	Elsewhere string
	// Paid reports whether the provider has been paid for an order.
	Paid func(order string) bool
	// Publish sends an event on its way to Amazon, Fate tells what happened to it.
	Publish func(context.Context, *schemas.Event) error
	Fate    func(eventID string) Fate

	Log zerolog.Logger
	Now func() time.Time // time.Now
}

// Shop is a site.
type Shop struct {
	o        Options
	keeper   *capture.Keeper
	pages    *template.Template
	visitors *visitors
}

//go:embed pages
var files embed.FS

// New returns a Shop.
func New(o Options) (*Shop, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Shop{o: o, visitors: newVisitors()}
	var err error
	if s.keeper, err = capture.New(capture.Options{Consent: consentOf, Now: o.Now}); err != nil {
		return nil, err
	}
	s.pages, err = template.ParseFS(files, "pages/*.html")
	return s, err
}

// maxForm bounds what is read of a form, in bytes.
const maxForm = 16 << 10

// Handler serves the site.
func (s *Shop) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.front)
	mux.HandleFunc("GET /product/{id}", s.product)
	mux.HandleFunc("POST /newsletter", s.newsletter)
	mux.HandleFunc("POST /account", s.account)
	mux.HandleFunc("POST /order", s.order)
	mux.HandleFunc("GET /paid", s.paid)
	mux.HandleFunc("GET /status", s.status)
	mux.HandleFunc("POST /consent", s.consent)
	mux.HandleFunc("GET /amzn-capture.js", capture.ServeScript)
	for _, name := range []string{"shop.css", "shop.js"} {
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, r *http.Request) {
			http.ServeFileFS(w, r, files, "pages/"+name)
		})
	}
	// Other sites' pages can send a visitor's browser here with a form, and with it
	// cookies that are not SameSite, and answer for them what they never said.
	ours := http.NewCrossOriginProtection()
	ours.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.refuse(w, r, http.StatusForbidden, "That was sent by another site's page. Send it from this one.")
	}))
	return s.headers(ours.Handler(s.keeper.Handler(mux)))
}

// headers are as strict as a shop's can be, to show that the script works under
// such a policy. The payment provider is in it because browsers hold the
// redirect that answers a form to it, too.
func (s *Shop) headers(next http.Handler) http.Handler {
	policy := "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
		"form-action 'self' " + s.o.Elsewhere + "; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY") // for browsers that do not know frame-ancestors
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		next.ServeHTTP(w, r)
	})
}

// show renders a page. What every page needs is added to what this one does.
func (s *Shop) show(w http.ResponseWriter, r *http.Request, status int, name string, data any) {
	page := struct {
		Answered, Granted bool
		Elsewhere         string
		Data              any
	}{consentOf(r) != capture.Unknown, consentOf(r) == capture.Granted, s.o.Elsewhere, data}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	// What a page says depends on its visitor's cookies.
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if err := s.pages.ExecuteTemplate(w, name, page); err != nil {
		s.o.Log.Error().Err(err).Str("page", name).Msg("a page broke off")
	}
}

// refuse shows what was wrong with a request, and what would be right.
func (s *Shop) refuse(w http.ResponseWriter, r *http.Request, status int, message string) {
	s.show(w, r, status, "sorry.html", message)
}
