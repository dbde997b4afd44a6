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
	// CapturedAt is when ID was captured; zero if that is not known, as with
	// cookies that another script wrote.
	CapturedAt time.Time
	// Aref is the landing URL's aref, the token pairs of Amazon's Events API;
	// "" if there was none. Neither ID nor Aref can be made of the other.
	Aref string
}

// Event is what a click id can be put on: *schemas.Event is one, and so is any
// type of a site's own with this method.
type Event interface {
	// SetClick takes the click id and when it was captured, in Unix
	// milliseconds; 0 if that is not known.
	SetClick(id string, capturedAt int64)
}

// ArefEvent is an Event that the token pairs of Amazon's Events API can be put
// on, too; *schemas.Event is one.
type ArefEvent interface {
	Event
	// SetAref takes the tokens as the landing URL had them.
	SetAref(tokens string)
}

// ClickID returns the click of the visitor who sent r, and whether there is one.
// Behind a Keeper's Handler that includes the click of this very request's URL,
// and leaves out one that the visitor does not want kept; without, it is what
// the request's cookies hold. It is for requests that the visitor's browser
// sent: where a payment provider's server reports a purchase, use a Click that
// was kept with the order.
func ClickID(r *http.Request) (Click, bool) {
	c, ok := r.Context().Value(clickKey{}).(Click)
	if !ok {
		now := time.Now()
		c = newClick(clicks.inCookies(r, now), arefs.inCookies(r, now))
	}
	return c, c.ID != "" || c.Aref != ""
}

// Attach puts the click of the visitor who sent r on an event, if there is one.
func Attach(r *http.Request, ev Event) {
	c, _ := ClickID(r)
	c.Attach(ev)
}

// Attach puts the click on an event: its id if it has one, and its tokens if it
// has them and the event takes them. What it has not stays as the event has it.
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

// Masked shows that there is a click id, and enough of a long one to tell two
// apart, on a page for the visitor or the site's own people.
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

// String is Masked, so that a click that is printed by accident shows nothing.
func (c Click) String() string { return "click " + c.Masked() }

// GoString is String: the %#v verb must not be a way around it.
func (c Click) GoString() string { return c.String() }

func newClick(click, aref value) Click {
	return Click{ID: click.text, CapturedAt: click.at, Aref: aref.text}
}

// clickKey is where a Keeper's Handler leaves the Click in the context.
type clickKey struct{}
