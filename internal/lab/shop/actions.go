package shop

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/mail"
	"net/url"
	"strings"
	"time"

	"github.com/tracklayer/amazon-capi/capture"
	"github.com/tracklayer/amazon-capi/schemas"
)

// Profile is the Amazon Ads profile that the shop's events are of.
const Profile = "1234567890"

// maxOrders bounds what is remembered of a visitor; of what they did else, the
// last maxActions.
const (
	maxOrders  = 200
	maxActions = 200
)

// publishTimeout is how long a page waits for the brokers.
const publishTimeout = 10 * time.Second

func (s *Shop) newsletter(w http.ResponseWriter, r *http.Request) {
	if email, ok := s.email(w, r); ok {
		s.did(r, s.visitors.of(w, r), "lead_"+newID(), "Lead", email, Product{})
		http.Redirect(w, r, "/status", http.StatusSeeOther)
	}
}

func (s *Shop) account(w http.ResponseWriter, r *http.Request) {
	if email, ok := s.email(w, r); ok {
		s.did(r, s.visitors.of(w, r), "reg_"+newID(), "Signup", email, Product{})
		http.Redirect(w, r, "/status", http.StatusSeeOther)
	}
}

func (s *Shop) email(w http.ResponseWriter, r *http.Request) (string, bool) {
	given := strings.TrimSpace(r.PostFormValue("email"))
	if a, err := mail.ParseAddress(given); err != nil || a.Address != given || len(given) > 254 {
		s.refuse(w, r, http.StatusBadRequest, "That is not an e-mail address. Want one such as jane@example.com.")
		return "", false
	}
	return given, true
}

// order sends the visitor off to pay.
func (s *Shop) order(w http.ResponseWriter, r *http.Request) {
	p, ok := find(r.PostFormValue("product"))
	if !ok {
		s.refuse(w, r, http.StatusBadRequest, "There is no such product.")
		return
	}
	v, id := s.visitors.of(w, r), "ord_"+newID()
	s.visitors.change(func() {
		if ok = len(v.orders) < maxOrders; ok {
			v.orders[id] = &order{product: p}
		}
	})
	if !ok {
		s.refuse(w, r, http.StatusTooManyRequests, "You have ordered more than a demonstration can remember. Clear the cookies to begin again.")
		return
	}
	to := s.o.Elsewhere + "/pay?" + url.Values{"order": {id}, "amount": {p.Price()}, "what": {p.Name}}.Encode()
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// paid is where the payment provider sends the visitor back to. Whether they
// paid is for the provider to say, not for the address they come by; and coming
// twice is one purchase.
func (s *Shop) paid(w http.ResponseWriter, r *http.Request) {
	v, id := s.visitors.of(w, r), r.FormValue("order")
	var o *order
	first := false
	paid := s.o.Paid(id)
	s.visitors.change(func() {
		if o = v.orders[id]; o != nil && paid {
			first, o.published = !o.published, true
		}
	})
	switch {
	case o == nil:
		s.refuse(w, r, http.StatusNotFound, "This shop knows no such order of yours.")
		return
	case !paid:
		s.refuse(w, r, http.StatusPaymentRequired, "The order is not paid yet.")
		return
	case first:
		s.did(r, v, id+"_purchase", "Purchase", "", o.product)
	}
	http.Redirect(w, r, "/status", http.StatusSeeOther)
}

// did publishes what the visitor did, with the click that brought them, and
// notes it for their status page.
func (s *Shop) did(r *http.Request, v *visitor, id, name, email string, bought Product) {
	now := s.o.Now()
	// Nobody agreed by saying nothing.
	consent := "DENIED"
	if consentOf(r) == capture.Granted {
		consent = "GRANTED"
	}
	ev := &schemas.Event{
		EventID: id, ProfileID: Profile, EventName: name, ActionSource: "WEBSITE", OccurredAt: now.UnixMilli(),
		User:    schemas.UserData{Email: email, CountryCode: "US", PostalCode: "10001"},
		Consent: schemas.Consent{AdStorage: consent, AdUserData: consent},
	}
	a := action{Name: name, EventID: id, At: now}
	if bought.ID != "" {
		ev.Custom = schemas.CustomData{Value: bought.amount(), Currency: "USD", Quantity: 1, OrderReference: id}
		a.Value = bought.Price() + " USD"
	}
	a.Click, _ = capture.ClickID(r)
	a.Click.Attach(ev)
	// The visitor may close the page; what they did still happened.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), publishTimeout)
	defer cancel()
	if err := s.o.Publish(ctx, ev); err != nil {
		a.Trouble = "not published"
		s.o.Log.Error().Err(err).Str("event_id", id).Msg("an event could not be published")
	}
	s.visitors.change(func() {
		if len(v.actions) >= maxActions {
			v.actions = v.actions[1:]
		}
		v.actions = append(v.actions, a)
	})
}

// newID is what makes an event id this action's and no other's.
func newID() string { return strings.ToLower(rand.Text()[:12]) }
