package capture

import (
	"fmt"
	"net/http"
	"time"
)

// Click is the ad click that brought a visitor.
type Click struct {
	// ID is the landing URL's amzn_click_id; "" if there was none.
	ID string
	// CapturedAt is when ID was captured; zero if unknown, as for cookies that another
	// script wrote.
	CapturedAt time.Time
	// Aref is the landing URL's aref, the token pairs of Amazon's Events API; "" if there
	// was none. ID and Aref cannot be derived from each other.
	Aref string
}

// Event is what a click id can be set on: *schemas.Event, or a site's own type with this
// method.
type Event interface {
	// SetClick sets the click id and when it was captured, in Unix milliseconds; 0 if
	// that is unknown.
	SetClick(id string, capturedAt int64)
}

// ArefEvent is an Event that also takes the token pairs of Amazon's Events API, such as
// *schemas.Event.
type ArefEvent interface {
	Event
	// SetAref sets the tokens as the landing URL had them.
	SetAref(tokens string)
}

// ClickID returns the click of the visitor who sent r, and whether there is one. Behind a
// Keeper's Handler it includes the click of this request's URL, and leaves out a click that
// the visitor does not want kept; otherwise it is what the request's cookies hold. It is for
// requests of the visitor's browser: if a payment provider's server reports a purchase, use
// a Click that was stored with the order.
func ClickID(r *http.Request) (Click, bool) {
	c, ok := r.Context().Value(clickKey{}).(Click)
	if !ok {
		now := time.Now()
		c = newClick(clicks.inCookies(r, now), arefs.inCookies(r, now))
	}
	return c, c.ID != "" || c.Aref != ""
}

// Attach sets the click of the visitor who sent r on an event, if there is one.
func Attach(r *http.Request, ev Event) {
	c, _ := ClickID(r)
	c.Attach(ev)
}

// Attach sets the click on an event: its id, and its tokens if the event takes them. Absent
// values leave the event unchanged.
func (c Click) Attach(ev Event) {
	if a, ok := ev.(ArefEvent); ok && c.Aref != "" {
		a.SetAref(c.Aref)
	}
	if c.ID == "" {
		return
	}
	var ms int64
	if !c.CapturedAt.IsZero() {
		ms = c.CapturedAt.UnixMilli()
	}
	ev.SetClick(c.ID, ms)
}

// Masked shows that there is a click id, and enough of a long one to distinguish two, on a
// page for the visitor or the site's staff.
func (c Click) Masked() string {
	const shown = 3
	switch n := len(c.ID); {
	case n == 0:
		return "none"
	case n < 6*shown:
		return fmt.Sprintf("… (%d characters)", n)
	default:
		return fmt.Sprintf("…%s (%d characters)", c.ID[n-shown:], n)
	}
}

// String is Masked, so that a click printed by accident shows nothing.
func (c Click) String() string { return "click " + c.Masked() }

// GoString is String, so that %#v does not bypass it.
func (c Click) GoString() string { return c.String() }

func newClick(click, aref value) Click {
	return Click{ID: click.text, CapturedAt: click.at, Aref: aref.text}
}

// clickKey is the context key for the Click of a Keeper's Handler.
type clickKey struct{}
