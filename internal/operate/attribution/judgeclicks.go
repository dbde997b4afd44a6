package attribution

import (
	"slices"

	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/transform"
)

// judgeClicks judges only sites by click ids, because apps have no landing page.
func (a *Audit) judgeClicks(l *report.List) {
	site := a.sum(func(k Key) bool { return k.Source == transform.SourceWebsite })
	if site.Events > 0 {
		lv := report.Fine
		switch {
		case site.ClickID == 0 && site.Events >= enoughEvents:
			lv = report.Act
		case share(site.ClickID, site.Events) < fewClicks:
			lv = report.Look
		}
		add(l, lv, areaClicks, "on sites", site.ClickID, site.Events,
			"Read amzn_click_id from the landing page's URL, before redirects and consent banners lose it, keep it in a first-party cookie, and attach it to every later event; "+
				"package capture does. How many events can have one depends on how much of the traffic comes from ads.",
			"of events on sites have a click id")
	}
	a.judgeWarning(l, areaClicks, transform.ClickIDInvalid, "Keep the click id as it came with the URL: no quotes, no encoding twice, nothing cut off.")
}

// judgeCheckout: a click id that browsing has and buying lacks is lost between the two,
// where payment pages and other domains are.
func (a *Audit) judgeCheckout(l *report.List) {
	before := a.sum(func(k Key) bool {
		return k.Source == transform.SourceWebsite && slices.Contains([]string{"PAGE_VIEW", "SEARCH", "ADD_TO_CART", "CHECKOUT"}, k.Type)
	})
	bought := a.sum(func(k Key) bool { return k.Source == transform.SourceWebsite && k.Type == transform.TypePurchase })
	if before.Events < enoughEvents || bought.Events < enoughEvents || before.ClickID == 0 {
		return
	}
	lv := report.Fine
	if share(bought.ClickID, bought.Events) < lostOnTheWay*share(before.ClickID, before.Events) {
		lv = report.Act
	}
	add(l, lv, areaClicks, "until purchase", bought.ClickID, bought.Events,
		"Look at checkout: is the purchase reported from another domain, or after a redirect from the payment page, where the cookie is not seen? Keep the click id with the cart or the order on the server.",
		"of purchases have a click id, and %s of the pages and carts before them", percent(before.ClickID, before.Events))
}

func (a *Audit) judgeClickAges(l *report.List) {
	c := &a.clicks
	all := c.known() + c.unknown
	if all == 0 {
		return
	}
	if known := c.known(); known > 0 {
		add(l, report.Fine, areaClicks, "age", c.within[0], known, "",
			"are a day old at most, %s a week, %s a month, %s more", percent(c.within[1], known), percent(c.within[2], known), percent(c.older+c.expired, known))
		lv := level(share(c.expired, known), someExpired, manyExpired)
		if c.expired == 0 {
			lv = report.Fine
		}
		add(l, lv, areaClicks, "expired", c.expired, known,
			"Let the cookie end with the click's lifetime (Max-Age 7776000 for 90 days), and do not attach clicks that are kept elsewhere for longer.",
			"are older than %s when their event happens", spell(a.opts.ClickLifetime))
		if c.after > 0 {
			add(l, report.Look, areaClicks, "captured late", c.after, known,
				"An event can only be credited to a click before it. Check the clocks, and that the click of a later visit is not attached to an earlier order.",
				"were captured after their event")
		}
	}
	if c.unknown > 0 {
		add(l, report.Look, areaClicks, "age unknown", c.unknown, all,
			"Have the source write click_captured_at (schema version 2), or nobody can tell expired clicks from fresh ones.",
			"do not say when they were captured")
	}
}
