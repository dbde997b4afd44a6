package transform

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tracklayer/amazon-capi/schemas"
)

func sorted(attributes ...schemas.Attribute) []schemas.Attribute {
	slices.SortFunc(attributes, func(a, b schemas.Attribute) int { return strings.Compare(a.Key, b.Key) })
	return attributes
}

// names are the attributes that are sent, in their order.
func names(c *Conversion) (list []string) {
	for _, a := range c.Attributes.All() {
		list = append(list, a.Name)
	}
	return list
}

// leftOut counts what is left out by name.
func leftOut(tr *Transformer, ev *schemas.Event) map[string]string {
	m := make(map[string]string)
	tr.AttributesLeftOut(ev, func(attribute string, why Warning) { m[attribute] = why.String() })
	return m
}

// TestReservedAttributesAlwaysFit: whatever their place among twenty, since Amazon's
// reports have columns for them; and each that is left out is named.
func TestReservedAttributesAlwaysFit(t *testing.T) {
	tr := newTransformer(t, Options{Wide: true})
	ev := wideEvent()
	ev.Custom.Attributes = nil
	for i := range 17 {
		ev.Custom.Attributes = append(ev.Custom.Attributes, schemas.Attribute{Key: fmt.Sprintf("a%02d", i), Value: "v"})
	}
	ev.Custom.Attributes = sorted(append(ev.Custom.Attributes, schemas.Attribute{Key: "productId", Value: "p1"}, schemas.Attribute{Key: "brand", Value: "b1"}, schemas.Attribute{Key: "category", Value: "c1"})...)
	out := convert(t, tr, ev)
	want := []string{"brand", "productId", "category", "a00", "a01", "a02", "a03", "a04", "a05", "a06", "a07", "a08", "a09"}
	if diff := cmp.Diff(want, names(&out)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	tooMany := make(map[string]string)
	for i := 10; i < 17; i++ {
		tooMany[fmt.Sprintf("a%02d", i)] = "attributes_too_many"
	}
	if diff := cmp.Diff(tooMany, leftOut(tr, ev)); diff != "" || !out.Warnings.Has(AttributesTooMany) {
		t.Errorf("left out -want +got:\n%s", diff)
	}
	e := tr.Explain(ev, now)
	for _, f := range e.Findings {
		if f.Rule.Code == "attributes_too_many" && !strings.Contains(f.Message, `"a16"`) {
			t.Errorf("explained as %q", f.Message)
		}
	}
}

const chosenAttributes = `extends: default
attributes: [size]
events:
  - match: Purchase
    name: Purchase
    event_type: PURCHASE
    data_set: shop_data
    attributes:
      - zone
      - {name: units, from: quantity, type: INTEGER}
      - {name: order, from: order_reference}
      - {name: shop, value: main}
      - {name: points, type: INTEGER}
      - {name: seen, from: attributes.first-seen, type: TIMESTAMP}
      - {name: brand, from: attributes.vendor}
`

// TestChosenAttributes come in the mapping's order, from wherever it says, and are of its
// types or left out.
func TestChosenAttributes(t *testing.T) {
	tr := newTransformer(t, Options{Wide: true, Mapping: mapping(t, chosenAttributes)})
	ev := wideEvent()
	ev.Custom.Quantity, ev.Custom.OrderReference = 3, "R_7"
	ev.Custom.Attributes = sorted(schemas.Attribute{Key: "category", Value: "shoes"}, schemas.Attribute{Key: "zone", Value: "north"}, schemas.Attribute{Key: "points", Value: "12"},
		schemas.Attribute{Key: "first-seen", Value: "1776938990000"}, schemas.Attribute{Key: "vendor", Value: "Alpine"}, schemas.Attribute{Key: "brand", Value: "other"}, schemas.Attribute{Key: "aaa", Value: "x"})
	out := convert(t, tr, ev)
	want := []Attribute{
		{Name: "category", Value: "shoes"}, {Name: "zone", Value: "north"}, {Name: "units", Number: 3, Type: AttributeInteger}, {Name: "order", Value: "R_7"},
		{Name: "shop", Value: "main"}, {Name: "points", Value: "12", Type: AttributeInteger}, {Name: "seen", Value: "1776938990000", Type: AttributeTimestamp}, {Name: "brand", Value: "Alpine"},
	}
	if diff := cmp.Diff(want, out.Attributes.All()); diff != "" || out.Warnings != 0 || out.DataSet != "shop_data" {
		t.Errorf("warnings %b, data set %q, -want +got:\n%s", out.Warnings, out.DataSet, diff)
	}
	for i := range ev.Custom.Attributes {
		switch a := &ev.Custom.Attributes[i]; a.Key {
		case "points":
			a.Value = "twelve"
		case "first-seen":
			a.Value = "yesterday"
		}
	}
	if out := convert(t, tr, ev); !out.Warnings.Has(AttributeInvalid) || slices.Contains(names(&out), "points") || slices.Contains(names(&out), "seen") {
		t.Errorf("of other types: %v", names(&out))
	}
	if diff := cmp.Diff(map[string]string{"points": "attribute_invalid", "seen": "attribute_invalid"}, leftOut(tr, ev)); diff != "" {
		t.Errorf("left out -want +got:\n%s", diff)
	}
	ev.EventName, ev.Custom.Attributes = "Lead", sorted(schemas.Attribute{Key: "size", Value: "42"}, schemas.Attribute{Key: "aaa", Value: "x"})
	if out := convert(t, tr, ev); strings.Join(names(&out), " ") != "size" || out.DataSet != "" {
		t.Errorf("an entry without attributes of its own sends %v to %q, want those of the file", names(&out), out.DataSet)
	}
}

func TestTypesOfAttributes(t *testing.T) {
	for _, c := range []struct {
		typ  AttributeType
		text string
		good bool
	}{
		{AttributeInteger, "0", true}, {AttributeInteger, "2147483647", true}, {AttributeInteger, "2147483648", false}, {AttributeInteger, "-1", false},
		{AttributeInteger, "1_000", false}, {AttributeInteger, "1e3", false}, {AttributeInteger, "0x10", false}, {AttributeInteger, "٣", false}, {AttributeInteger, strings.Repeat("0", 40), false},
		{AttributeTimestamp, "1776938990", true}, {AttributeTimestamp, "1776938990000", true}, {AttributeTimestamp, "177693899", false}, {AttributeTimestamp, "20260423T101530Z", true},
		{AttributeTimestamp, "20261323T101530Z", false}, {AttributeTimestamp, "20260423T241530Z", false}, {AttributeTimestamp, "20260423T101530", false}, {AttributeTimestamp, "2026-04-23", false},
		{AttributeString, "12", true}, {AttributeString, "a b", false},
	} {
		at := Attribute{Name: "x", Value: c.text, Type: c.typ}
		if at.good() != c.good {
			t.Errorf("%q as %s: want %v", c.text, c.typ, c.good)
		}
	}
}

func TestFaultsOfChosenAttributes(t *testing.T) {
	eleven := strings.Repeat("      - {name: X, value: v}\n", 11)
	for i := range 11 {
		eleven = strings.Replace(eleven, "X", fmt.Sprint("k", i), 1)
	}
	for name, c := range map[string]struct{ list, want string }{
		"eleven":              {eleven, "test.yaml:17: attributes has too many entries: want at most 10"},
		"twice":               {"      - zone\n      - {name: zone, value: x}\n", "test.yaml:8: attribute zone is there twice, first on line 7"},
		"no word":             {"      - first-seen\n", `test.yaml:7: attribute "first-seen" cannot be sent`},
		"no name":             {"      - {from: quantity}\n", "test.yaml:7: an attribute has no name"},
		"unknown type":        {"      - {name: x, type: FLOAT}\n", `test.yaml:7: type is "FLOAT": want one of STRING, INTEGER, TIMESTAMP`},
		"unknown source":      {"      - {name: x, from: email}\n", `test.yaml:7: from is "email": want attributes.KEY, quantity or order_reference`},
		"both":                {"      - {name: x, from: quantity, value: y}\n", "test.yaml:7: from and value are both set"},
		"constant no word":    {"      - {name: x, value: a b}\n", `test.yaml:7: value "a b" cannot be sent as STRING`},
		"constant no INTEGER": {"      - {name: x, value: abc, type: INTEGER}\n", `test.yaml:7: value "abc" cannot be sent as INTEGER`},
	} {
		text := "extends: default\nevents:\n  - match: Purchase\n    name: Purchase\n    event_type: PURCHASE\n    attributes:\n" + c.list
		if _, err := LoadMapping("test.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if _, err := LoadMapping("test.yaml", []byte("extends: default\nevents:\n  - {match: Purchase, name: Purchase, event_type: PURCHASE, data_set: shop}\n")); err == nil || !strings.Contains(err.Error(), "test.yaml:3: data set name") {
		t.Errorf("a data set of four letters: %v", err)
	}
}

func BenchmarkAttributes(b *testing.B) {
	c := &schemas.CustomData{}
	for i := range 20 {
		c.Attributes = append(c.Attributes, schemas.Attribute{Key: fmt.Sprintf("k%02d", i), Value: "value_7"})
	}
	b.ReportAllocs()
	for b.Loop() {
		var out Attributes
		attributes(c, nil, &out, nil)
	}
}
