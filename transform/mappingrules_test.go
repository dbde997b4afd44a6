package transform

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tracklayer/amazon-capi/schemas"
)

const someRules = `extends: default
types: [WHOLESALE]
rules:
  - when: country == "KP"
    action: filter
  - when: event_type == "PURCHASE" and value >= 1000
    name: BigPurchase
    data_set: big_orders
  - when: event_name == "Ping" and attributes.kind == "sale"
    action: send
    name: Sale
    event_type: LEAD
  - when: partner == "Acme"
    event_type: WHOLESALE
    own_type: override
    attributes: [tier]
  - when: event_name startsWith "promo-"
    event_type: OTHER
    action_source: WEBSITE
  - when: quantity > 100
    value: none
events:
  - match: [Ping]
    action: filter
  - match: [Order]
    name: Order
    event_type: SUBSCRIBE
    own_type: override
`

func TestRules(t *testing.T) {
	tr := newTransformer(t, Options{Wide: true, Mapping: mapping(t, someRules)})
	purchase := func(value int64) *schemas.Event {
		ev := newEvent()
		ev.Custom.Value, ev.Custom.Currency = schemas.NewDecimal(value, 0), "USD"
		return ev
	}
	for _, c := range []struct {
		what             string
		edit             func(*schemas.Event)
		name, typ, by    string
		refused, dataSet string
	}{
		{what: "none holds", name: "Purchase", typ: "PURCHASE", by: "the entry on line"},
		{what: "the second", edit: func(e *schemas.Event) { *e = *purchase(1000) }, name: "BigPurchase", typ: "PURCHASE", dataSet: "big_orders", by: "the rule on line 6 of test.yaml, over the entry on line"},
		{what: "just not", edit: func(e *schemas.Event) { e.Custom.Value = schemas.NewDecimal(99999, 2) }, name: "Purchase", typ: "PURCHASE", by: "the entry"},
		{what: "the type of the table", edit: func(e *schemas.Event) { *e = *purchase(1000); e.EventType = "" }, name: "BigPurchase", typ: "PURCHASE", dataSet: "big_orders", by: "line 6"},
		{what: "a type of its own", edit: func(e *schemas.Event) { *e = *purchase(1000); e.EventType = "lead" }, name: "Purchase", typ: "LEAD", by: "the entry"},
		{what: "the first of several", edit: func(e *schemas.Event) { *e = *purchase(1000); e.User.CountryCode = "KP" }, refused: `by the rule on line 4 of test.yaml`, by: "line 4"},
		{what: "filtered by name", edit: func(e *schemas.Event) { e.EventName, e.EventType = "Ping", "" }, refused: `"Ping" is filtered by the mapping`, by: "the entry on line 23 of test.yaml"},
		{what: "sent all the same", edit: func(e *schemas.Event) {
			e.EventName, e.EventType, e.Custom.Attributes = "ping", "", []schemas.Attribute{{Key: "kind", Value: "sale"}}
		}, name: "Sale", typ: "LEAD", by: "line 9"},
		{what: "over its own type", edit: func(e *schemas.Event) { e.Partner, e.EventType = "Acme", "PURCHASE" }, name: "Purchase", typ: "WHOLESALE", by: "line 13"},
		{what: "over a type that is none", edit: func(e *schemas.Event) { e.Partner, e.EventType = "Acme", "PURCHSE" }, name: "Purchase", typ: "WHOLESALE", by: "line 13"},
		{what: "no value where none is required any more", edit: func(e *schemas.Event) { e.Partner, e.EventType, e.Custom = "Acme", "", schemas.CustomData{} }, name: "Purchase", typ: "WHOLESALE", by: "line 13"},
		{what: "a name in no table", edit: func(e *schemas.Event) { e.EventName, e.EventType, e.ActionSource = "promo-7", "", "" }, name: "promo-7", typ: "OTHER", by: "the rule on line 17 of test.yaml"},
		{what: "a name in no table, and no rule", edit: func(e *schemas.Event) { e.EventName, e.EventType = "Promo-7", "" }, refused: "is not in the mapping"},
		{what: "an entry over its own type", edit: func(e *schemas.Event) { e.EventName, e.EventType = "Order", "PURCHASE" }, name: "Order", typ: "SUBSCRIBE", by: "the entry on line 25 of test.yaml"},
		{what: "a name in no table and nothing to call it", edit: func(e *schemas.Event) { e.EventName, e.EventType, e.Custom.Quantity = "Frob", "", 101 }, refused: "is not in the mapping", by: "line 20"},
	} {
		ev := newEvent()
		if c.edit != nil {
			c.edit(ev)
		}
		var out Conversion
		why, ok := tr.Transform(ev, now, &out)
		if ok != (c.refused == "") || !strings.Contains(why.Message, c.refused) {
			t.Errorf("%s: %t, %s", c.what, ok, why.Message)
		}
		if out.Name != c.name || out.EventType != c.typ || out.DataSet != c.dataSet {
			t.Errorf("%s: %s (%s) to data set %q, want %s (%s) to %q", c.what, out.Name, out.EventType, out.DataSet, c.name, c.typ, c.dataSet)
		}
		if by := tr.Explain(ev, now).MappedBy; !strings.Contains(by, c.by) || c.by == "" && by != "" {
			t.Errorf("%s: mapped by %q, want %q", c.what, by, c.by)
		}
		if n := allocations(tr, ev); n != 0 && ok {
			t.Errorf("%s: %v allocations", c.what, n)
		}
	}
}

// TestRulesChooseAttributes in place of those of the entry and of the mapping.
func TestRulesChooseAttributes(t *testing.T) {
	tr := newTransformer(t, Options{Wide: true, Mapping: mapping(t, someRules)})
	ev := newEvent()
	ev.Custom.Attributes = []schemas.Attribute{{Key: "size", Value: "7"}, {Key: "tier", Value: "gold"}}
	if out := convert(t, tr, ev); len(out.Attributes.All()) != 2 {
		t.Errorf("without a rule: %v", out.Attributes.All())
	}
	ev.Partner = "Acme"
	if out := convert(t, tr, ev); len(out.Attributes.All()) != 1 || out.Attributes.All()[0].Name != "tier" {
		t.Errorf("by a rule: %v", out.Attributes.All())
	}
}

// TestARuleWithoutAValue leaves the value out.
func TestARuleWithoutAValue(t *testing.T) {
	tr := newTransformer(t, Options{Mapping: mapping(t, someRules)})
	ev := newEvent()
	ev.EventName, ev.EventType, ev.Custom.Quantity = "Lead", "", 100
	if out := convert(t, tr, ev); !out.Amount.IsSet() {
		t.Error("no value without a rule")
	}
	ev.Custom.Quantity = 101
	if out := convert(t, tr, ev); out.Amount.IsSet() {
		t.Error("a value, which a rule says is none")
	}
}

func TestRuleFaults(t *testing.T) {
	for text, want := range map[string]string{
		"  - when: value > 5":                                                            "m.yaml:3: a rule changes nothing",
		"  - name: X":                                                                    "m.yaml:3: a rule has no when",
		"  - name: X\n    when: valeu > 5":                                               `m.yaml:4: when: field "valeu" does not exist in conditions: want one of event_name`,
		"  - name: X\n    when: value / 0 > 5":                                           `m.yaml:4: when: the operator "/" is not known`,
		"  - name: X\n    when: [a]":                                                     "m.yaml:4: when is a list: want text",
		"  - name: X\n    when: ''":                                                      "m.yaml:4: when: the condition cannot be read",
		"  - name: ''\n    when: value > 5":                                              "m.yaml:3: name is blank",
		"  - event_type: FOO\n    when: value > 5":                                       `m.yaml:3: event_type "FOO" is unknown`,
		"  - own_type: override\n    when: value > 5":                                    "m.yaml:3: own_type is override, but no event_type",
		"  - own_type: always\n    event_type: LEAD\n    when: value > 5":                `m.yaml:3: own_type is "always": want one of keep, override`,
		"  - event_type: PURCHASE\n    value: none\n    when: value > 5":                 "m.yaml:4: value is none for a PURCHASE",
		"  - data_set: x\n    when: value > 5":                                           "m.yaml:3: data set name",
		"  - match: [A]\n    when: value > 5":                                            `m.yaml:3: key "match" of a rule is unknown`,
		"  - 5":                                                                          "m.yaml:3: a rule is",
		strings.Repeat("  - {when: value > 5, name: X}\n", 101):                          "m.yaml:3: rules: 101 given, want at most 100",
		"  - name: X\n    when: event_name matches '" + strings.Repeat("(a+", 300) + "'": "m.yaml:4: when:",
	} {
		_, err := LoadMapping("m.yaml", []byte("extends: default\nrules:\n"+text+"\n"))
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%.60s: %v, want %q", text, err, want)
		}
	}
	if _, err := LoadMapping("m.yaml", []byte("rules:\n  - {when: value > 5, name: X, event_type: LEAD}\n")); err != nil {
		t.Errorf("rules without events: %v", err)
	}
}

// TestExplainFollowsRules: what explain says of an event under rules is what becomes of it.
func TestExplainFollowsRules(t *testing.T) {
	tr := newTransformer(t, Options{Wide: true, Mapping: mapping(t, someRules)})
	names := rapid.SampledFrom([]string{"Purchase", "Ping", "promo-1", "Frob", "Lead", "Order", ""})
	types := rapid.SampledFrom([]string{"", "PURCHASE", "lead", "PURCHSE", "WHOLESALE"})
	rapid.Check(t, func(t *rapid.T) {
		ev := newEvent()
		ev.EventName, ev.EventType = names.Draw(t, "name"), types.Draw(t, "type")
		ev.Partner, ev.User.CountryCode = rapid.SampledFrom([]string{"", "Acme"}).Draw(t, "partner"), rapid.SampledFrom([]string{"US", "KP"}).Draw(t, "country")
		ev.Custom.Value, ev.Custom.Quantity = schemas.NewDecimal(rapid.Int64Range(0, 2000).Draw(t, "value"), 0), rapid.Int64Range(0, 200).Draw(t, "quantity")
		ev.Custom.Attributes = []schemas.Attribute{{Key: "kind", Value: rapid.SampledFrom([]string{"sale", "x"}).Draw(t, "kind")}}
		var out Conversion
		why, ok := tr.Transform(ev, now, &out)
		e := tr.Explain(ev, now)
		if e.OK != ok || e.Reason != why || ok && e.Conversion != out {
			t.Errorf("explained as %t %v, becomes %t %v", e.OK, e.Reason, ok, why)
		}
	})
}

// BenchmarkRules: what ten rules that do not hold cost an event.
func BenchmarkRules(b *testing.B) {
	var text strings.Builder
	text.WriteString("extends: default\nrules:\n")
	for i := range 10 {
		fmt.Fprintf(&text, "  - {when: 'event_type == \"PURCHASE\" and value > %d', name: Big%d}\n", 5000+i, i)
	}
	for name, m := range map[string]string{"none": "extends: default\n", "ten": text.String()} {
		b.Run(name, func(b *testing.B) {
			tr := newTransformer(b, Options{Mapping: mapping(b, m)})
			ev := newEvent()
			var out Conversion
			b.ReportAllocs()
			for b.Loop() {
				tr.Transform(ev, now, &out)
			}
		})
	}
}
