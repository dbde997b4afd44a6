package transform

import (
	"strings"
	"testing"

	"github.com/tracklayer/amazon-capi/schemas"
)

// TestDefaultMapping names events as the trackers in use do.
func TestDefaultMapping(t *testing.T) {
	tr := newTransformer(t, Options{})
	for source, want := range map[string][2]string{
		"Purchase":              {"Purchase", "PURCHASE"},
		"purchase":              {"Purchase", "PURCHASE"},
		" PUR-chase_ ":          {"Purchase", "PURCHASE"},
		"OrderCompleted":        {"Purchase", "PURCHASE"},
		"order_completed":       {"Purchase", "PURCHASE"},
		"Order\u00a0Completed":  {"Purchase", "PURCHASE"},
		"AddToCart":             {"AddToCart", "ADD_TO_CART"},
		"add-to-cart":           {"AddToCart", "ADD_TO_CART"},
		"InitiateCheckout":      {"Checkout", "CHECKOUT"},
		"Checkout":              {"Checkout", "CHECKOUT"},
		"Lead":                  {"Lead", "LEAD"},
		"generate_lead":         {"Lead", "LEAD"},
		"Contact":               {"Contact", "CONTACT"},
		"Submit Application":    {"Application", "APPLICATION"},
		"CompleteRegistration":  {"Signup", "SIGN_UP"},
		"Sign Up":               {"Signup", "SIGN_UP"},
		"Subscribe":             {"Subscribe", "SUBSCRIBE"},
		"StartTrial":            {"StartTrial", "SUBSCRIBE"},
		"page_view":             {"PageView", "PAGE_VIEW"},
		"ViewContent":           {"ProductView", "PAGE_VIEW"},
		"Search":                {"Search", "SEARCH"},
		"first_open":            {"AppFirstStart", "MOBILE_APP_FIRST_START"},
		"OFF_AMAZON_PURCHASES":  {"Purchase", "PURCHASE"},
		"ADD_TO_SHOPPING_CART":  {"AddToCart", "ADD_TO_CART"},
		"Subscription\tStarted": {"Subscribe", "SUBSCRIBE"},
	} {
		ev := newEvent()
		ev.EventName = source
		out := convert(t, tr, ev)
		if out.Name != want[0] || out.EventType != want[1] {
			t.Errorf("%q is %s of type %s, want %s", source, out.Name, out.EventType, want)
		}
	}
}

// TestDefaultMappingKnowsEveryType: an event may bring any type of Amazon's.
func TestDefaultMappingKnowsEveryType(t *testing.T) {
	tr := newTransformer(t, Options{})
	for _, typ := range eventTypes {
		ev := newEvent()
		ev.EventName, ev.EventType = "Something Else", strings.ToLower(typ)
		if out := convert(t, tr, ev); out.EventType != typ || out.Name != "Something Else" {
			t.Errorf("type %s is sent as %s, %s", typ, out.Name, out.EventType)
		}
	}
}

func TestDefaultMappingIsWhatUsersAreGiven(t *testing.T) {
	m := mapping(t, DefaultMappingYAML())
	if len(m.entries) == 0 || m.unmapped != unmappedReject {
		t.Errorf("%d names, unmapped %v", len(m.entries), m.unmapped)
	}
}

func TestMappingActions(t *testing.T) {
	const entries = `
events:
  - match: [Heartbeat]
    action: filter
  - match: Purchase
    name: Order
    event_type: PURCHASE
    action_source: APP
`
	frob := newEvent()
	frob.EventName = "Frobnicate"

	for unmapped, code := range map[string]string{"": "event_name_unmapped", "unmapped: reject": "event_name_unmapped", "unmapped: filter": "unmapped"} {
		tr := newTransformer(t, Options{Mapping: mapping(t, unmapped+entries)})
		checkRefused(t, tr, frob, code, `"Frobnicate"`)
		heartbeat := newEvent()
		heartbeat.EventName, heartbeat.EventID = "heart_beat", ""
		checkRefused(t, tr, heartbeat, "rule", `"heart_beat" is filtered`)
	}

	tr := newTransformer(t, Options{Mapping: mapping(t, "unmapped: pass"+entries)})
	if out := convert(t, tr, frob); out.Name != "Frobnicate" || out.EventType != "OTHER" {
		t.Errorf("passed as %s, %s", out.Name, out.EventType)
	}
	frob.EventType = "lead"
	if out := convert(t, tr, frob); out.Name != "Frobnicate" || out.EventType != "LEAD" {
		t.Errorf("passed as %s, %s", out.Name, out.EventType)
	}
}

func TestMappingActionSource(t *testing.T) {
	tr := newTransformer(t, Options{Mapping: mapping(t, `
events:
  - match: Purchase
    name: Order
    event_type: PURCHASE
    action_source: APP
`)})
	for given, want := range map[string]string{"": "APP", " ": "APP", "WEBSITE": "WEBSITE", "app": "APP"} {
		ev := newEvent()
		ev.ActionSource = given
		if out := convert(t, tr, ev); out.ActionSource != want || out.Name != "Order" {
			t.Errorf("%q: %s from %s, want it from %s", given, out.Name, out.ActionSource, want)
		}
	}
	ev := newEvent()
	ev.ActionSource = "FAX"
	checkRefused(t, tr, ev, "action_source_unknown", "")
}

func TestMappingValue(t *testing.T) {
	tr := newTransformer(t, Options{Mapping: mapping(t, `
types: [RENEWAL]
events:
  - {match: Renew, name: Renewal, event_type: RENEWAL, value: required}
  - {match: Lead, name: Lead, event_type: LEAD, value: none}
  - {match: Trial, name: Trial, event_type: SUBSCRIBE, value: optional}
`)})
	free := func(name, typ string) *schemas.Event {
		ev := newEvent()
		ev.EventName, ev.EventType, ev.Custom = name, typ, schemas.CustomData{}
		return ev
	}
	checkRefused(t, tr, free("renew", ""), "value_missing", `"Renewal"`)
	convert(t, tr, free("lead", ""))
	convert(t, tr, free("trial", ""))
	// A purchase is one whatever the table says of the name it has.
	checkRefused(t, tr, free("lead", "Purchase"), "value_missing", "")

	paid := newEvent()
	paid.EventName, paid.Custom.Currency = "lead", "nonsense"
	if out := convert(t, tr, paid); out.Amount.IsSet() || out.Currency != "" || out.Warnings != 0 {
		t.Errorf("value: none sends %s %s with warnings %b", out.Amount, out.Currency, out.Warnings)
	}
	paid.EventName = "trial"
	checkRefused(t, tr, paid, "currency_unknown", "")

	own := free("Whatever", "renewal")
	if out := convert(t, tr, own); out.EventType != "RENEWAL" {
		t.Errorf("a type of the mapping is sent as %s", out.EventType)
	}
	checkRefused(t, tr, free("Whatever", "Refund"), "event_type_unknown", "or a type of the mapping")
}

func TestMappingExtendsDefault(t *testing.T) {
	m := mapping(t, `
extends: default
events:
  - {match: [Order Completed, Quote], name: Quote, event_type: LEAD}
  - {match: Search, action: filter}
`)
	tr := newTransformer(t, Options{Mapping: m})
	for source, want := range map[string]string{"OrderCompleted": "Quote", "quote": "Quote", "Purchase": "Purchase", "StartTrial": "StartTrial"} {
		ev := newEvent()
		ev.EventName = source
		if out := convert(t, tr, ev); out.Name != want {
			t.Errorf("%s is sent as %s, want %s", source, out.Name, want)
		}
	}
	ev := newEvent()
	ev.EventName = "Search"
	checkRefused(t, tr, ev, "rule", "")

	if m := mapping(t, "extends: default\nunmapped: pass\n"); m.unmapped != unmappedPass || m.entry("Lead") == nil {
		t.Error("a mapping that only changes unmapped has lost the default's entries")
	}
	if m := mapping(t, "extends: default\n"); m.unmapped != unmappedReject {
		t.Error("unmapped is not the default's")
	}
}

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"Add To-Cart_":           "addtocart",
		"Übermittlung":           "übermittlung",
		"a\u00a0b\u200bc":        "abc",
		"":                       "",
		"_- ":                    "",
		"checkout.step2":         "checkout.step2",
		strings.Repeat("Ab", 32): strings.Repeat("ab", 32),
	} {
		if got := fold(in); got != want {
			t.Errorf("fold(%q) = %q, want %q", in, got, want)
		}
	}
	// Longer than any name of a mapping, and never equal to one that is its
	// beginning.
	long := strings.Repeat("x", maxFolded)
	if fold(long+"y") == long || len(fold(strings.Repeat("y", 1<<20))) > maxFolded+4 {
		t.Error("a long name folds to a short one or without bound")
	}
}
