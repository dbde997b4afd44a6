package transform

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tracklayer/amazon-capi/schemas"
)

// normalised is what the transform hashes of a part of a person, and whether it
// could.
func normalised(s string, p part, country string, rules IdentifierRules) (string, bool) {
	got, ok := appendPart(nil, trim(s), p, country, rules)
	return string(got), ok
}

func TestPartsOfAPerson(t *testing.T) {
	for _, c := range []struct {
		part          part
		country, raw  string
		amazon, plain string
	}{
		{partName, "ES", "José", "jos", "josé"},
		{partName, "US", "  Anne-Marie ", "annemarie", "anne-marie"},
		{partName, "IE", "O'Brien", "obrien", "o'brien"},
		{partName, "US", "John Paul 2", "johnpaul", "john paul 2"},
		{partName, "CN", "李", "", "李"},
		{partName, "US", "\u212aelvin", "kelvin", "kelvin"}, // a Kelvin sign
		{partPlace, "US", "San Francisco", "sanfrancisco", "san francisco"},
		{partPlace, "DE", "Köln", "kln", "köln"},
		{partPlace, "FR", "Paris 8e", "paris8e", "paris 8e"},
		{partAddress, "US", "1 Market Street, #200", "1marketstnumber200", "1 market street, #200"},
		{partAddress, "FR", "12 Ave. Foch", "12avenuefoch", "12 ave. foch"},
		{partPostal, "US", "94105-1234", "94105", "94105-1234"},
		{partPostal, "US", "10001", "10001", "10001"},
		{partPostal, "GB", "SW1A 1AA", "sw1a1aa", "sw1a1aa"},
		{partPostal, "JP", "100-0001", "100", "100-0001"},
		{partPostal, "SE", "111 22", "11122", "11122"},
		{partPostal, "US", "-", "", "-"},
		{partState, "US", "California", "ca", "california"},
		{partState, "US", "CA", "ca", "ca"},
		{partState, "US", "West Virginia", "wv", "west virginia"},
		{partState, "US", "Virginia", "va", "virginia"},
		{partState, "US", "New York", "ny", "new york"},
		{partState, "US", "n.y.", "ny", "n.y."},
		{partState, "US", "Missouri", "mo", "missouri"},
		{partState, "US", "Michigan", "mi", "michigan"},
		{partState, "US", "District of Columbia", "dc", "district of columbia"},
		{partState, "US", "US-CA", "ca", "us-ca"},
		{partState, "CA", "Québec", "qc", "québec"},
		{partState, "CA", "Ontario", "on", "ontario"},
		{partState, "DE", "BE", "be", "be"},
		{partState, "", "Texas", "tx", "texas"},
		{partState, "", "British Columbia", "bc", "british columbia"},
	} {
		for rules, want := range map[IdentifierRules]string{RulesAmazon: c.amazon, RulesPlain: c.plain} {
			if got, ok := normalised(c.raw, c.part, c.country, rules); !ok || got != want {
				t.Errorf("%q by %s: %q, %v; want %q", c.raw, rules, got, ok, want)
			}
		}
	}
	for country, state := range map[string]string{"US": "Bayern", "DE": "Bayern", "AU": "NSW", "GB": "Greater London", "CA": "Texas", "": "Bayern"} {
		if got, ok := normalised(state, partState, country, RulesAmazon); ok {
			t.Errorf("state %q of %q is %q, want it left out", state, country, got)
		}
	}
}

// wideEvent has everything that a wide conversion can have.
func wideEvent() *schemas.Event {
	ev := newEvent()
	ev.ArefTokens = "aB3dE6gH9k.1776938990000|0123456789.1776938990001"
	u := &ev.User
	u.FirstName, u.LastName, u.Address, u.City, u.State = "José", "Doe", "1 Market St", "San Francisco", "California"
	u.RampID, u.MatchID, u.RealID, u.MerkleID, u.KantarID, u.FIP = " ramp", "match", "real", "merkle", "kantar", "fip"
	u.IPAddress, u.UserAgent = "2001:db8::1", "Mozilla/5.0 (Macintosh)"
	ev.Custom.Quantity = 3
	ev.Custom.Attributes = []schemas.Attribute{{Key: "brand", Value: "Alpine_1"}, {Key: "category", Value: "running shoes"}, {Key: "size", Value: ""}}
	ev.Consent = schemas.Consent{AdStorage: "granted", AdUserData: "GRANTED", TCF: "CQPlaceholder", GPP: "DBAA", DataProcessing: "limited data use"}
	return ev
}

func TestWideConversion(t *testing.T) {
	got := convert(t, newTransformer(t, Options{Wide: true}), wideEvent())
	want := convert(t, newTransformer(t, Options{}), newEvent())
	want.Consent = Consented{UserData: "GRANTED", Storage: "GRANTED", TCF: "CQPlaceholder", GPP: "DBAA", IPAddress: "2001:db8::1"}
	want.Wide = Wide{
		FirstName: sha("jos"), LastName: sha("doe"), Address: sha("1marketst"), City: sha("sanfrancisco"), State: sha("ca"), HashedPostal: sha("10001"),
		RampID: "ramp", MatchID: "match", RealID: "real", MerkleID: "merkle", KantarID: "kantar", FIP: "fip",
		ArefTokens: "aB3dE6gH9k.1776938990000|0123456789.1776938990001",
		Units:      3, LimitedData: true, UserAgent: "Mozilla/5.0 (Macintosh)", filled: true,
	}
	want.Attributes.list[0], want.Attributes.n = Attribute{Name: "brand", Value: "Alpine_1"}, 1
	want.Warnings.Add(AttributeInvalid)
	if got != want {
		t.Error(diff(want, got))
	}
}

// TestNarrowConversion: what nobody sends is neither hashed nor warned about.
func TestNarrowConversion(t *testing.T) {
	got := convert(t, newTransformer(t, Options{}), wideEvent())
	if got.Wide != (Wide{}) || got.Warnings != 0 {
		t.Errorf("a narrow conversion has %s, warnings %b", diff(Conversion{}, Conversion{Wide: got.Wide}), got.Warnings)
	}
}

// TestAmazonsVectors are the hashes that Amazon's texts give.
func TestAmazonsVectors(t *testing.T) {
	tr := newTransformer(t, Options{Wide: true})
	ev := wideEvent()
	ev.User.PostalCode = "94105-1234"
	out := convert(t, tr, ev)
	for name, v := range map[string]struct {
		got  Hash
		want string
	}{
		"first name": {out.FirstName, "f854b2aeb789d616b26acff4df9ff7741d09d5f7a63add238201880e5b10bf2b"},
		"city":       {out.City, "1a6bd4d9d79dc0a79b53795c70d3349fa9e38968a3fbefbfe8783efb1d2b6aac"},
		"state":      {out.State, "6959097001d10501ac7d54c0bdb8db61420f658f2922cc26e46d536119a31126"},
		"postal":     {out.HashedPostal, "e73ac16e69f060ee98b0fda5f66f48c4648ee26950e9bab3a097389853fd859e"},
	} {
		if string(v.got[:]) != v.want {
			t.Errorf("%s: another hash than Amazon's", name)
		}
	}
	for _, rules := range []IdentifierRules{RulesAmazon, RulesPlain} {
		out := convert(t, newTransformer(t, Options{Wide: true, Identifiers: rules}), newEvent())
		if string(out.HashedPostal[:]) != "e443169117a184f91186b401133b20be670c7c0896f9886075e5d9b81e9d076b" {
			t.Errorf("postal code by %s: another hash than Amazon's", rules)
		}
	}
}

func TestWideWarnings(t *testing.T) {
	tr := newTransformer(t, Options{Wide: true})
	upper := strings.Repeat("AB", 32)
	for name, c := range map[string]struct {
		edit func(*schemas.Event)
		want Warning
		gone func(*Conversion) any // what must be empty afterwards
	}{
		"name no UTF-8":      {func(e *schemas.Event) { e.User.FirstName = "\xff" }, NameInvalid, func(c *Conversion) any { return c.FirstName }},
		"name endless":       {func(e *schemas.Event) { e.User.LastName = strings.Repeat("x", 600) }, NameInvalid, func(c *Conversion) any { return c.LastName }},
		"hash of nothing":    {func(e *schemas.Event) { e.User.City = strings.ToUpper(hashOfNothing) }, AddressInvalid, func(c *Conversion) any { return c.City }},
		"state unknown":      {func(e *schemas.Event) { e.User.State = "Bayern" }, StateUnknown, func(c *Conversion) any { return c.State }},
		"ramp id":            {func(e *schemas.Event) { e.User.RampID = "a\nb" }, PartnerIDInvalid, func(c *Conversion) any { return c.RampID }},
		"aref without time":  {func(e *schemas.Event) { e.ArefTokens = "aB3dE6gH9k" }, ArefInvalid, func(c *Conversion) any { return c.ArefTokens }},
		"aref in seconds":    {func(e *schemas.Event) { e.ArefTokens = "aB3dE6gH9k.1776938990" }, ArefInvalid, func(c *Conversion) any { return c.ArefTokens }},
		"aref half bad":      {func(e *schemas.Event) { e.ArefTokens += "|aB3dE6gH9-.1776938990000" }, ArefInvalid, func(c *Conversion) any { return c.ArefTokens }},
		"aref with a comma":  {func(e *schemas.Event) { e.ArefTokens = strings.Replace(e.ArefTokens, "|", ",", 1) }, ArefInvalid, func(c *Conversion) any { return c.ArefTokens }},
		"ip address":         {func(e *schemas.Event) { e.User.IPAddress = "192.0.2.256" }, IPAddressInvalid, func(c *Conversion) any { return c.Consent.IPAddress }},
		"ip of a zone":       {func(e *schemas.Event) { e.User.IPAddress = "fe80::1%eth0" }, IPAddressInvalid, func(c *Conversion) any { return c.Consent.IPAddress }},
		"user agent":         {func(e *schemas.Event) { e.User.UserAgent = strings.Repeat("ü", 513) }, UserAgentInvalid, func(c *Conversion) any { return c.UserAgent }},
		"tcf":                {func(e *schemas.Event) { e.Consent.TCF = "a b" }, ConsentStringInvalid, func(c *Conversion) any { return c.Consent.TCF }},
		"quantity below one": {func(e *schemas.Event) { e.Custom.Quantity = -1 }, QuantityInvalid, func(c *Conversion) any { return c.Units }},
		"quantity too large": {func(e *schemas.Event) { e.Custom.Quantity = math.MaxInt32 + 1 }, QuantityInvalid, func(c *Conversion) any { return c.Units }},
		"postal code":        {func(e *schemas.Event) { e.User.PostalCode = hashOfNothing }, PostalCodeInvalid, func(c *Conversion) any { return c.HashedPostal }},
		"data processing":    {func(e *schemas.Event) { e.Consent.DataProcessing = "ccpa" }, DataProcessingUnknown, func(c *Conversion) any { return !c.LimitedData }},
	} {
		ev := wideEvent()
		ev.Custom.Attributes = nil
		c.edit(ev)
		out := convert(t, tr, ev)
		var only Warnings
		only.Add(c.want)
		if out.Warnings != only {
			t.Errorf("%s: warnings %b, want %s alone", name, out.Warnings, c.want)
		}
		if s := fmt.Sprint(c.gone(&out)); s != "" && s != "0" && s != "(no hash)" && s != "false" {
			t.Errorf("%s: it is kept", name)
		}
	}
	ev := wideEvent()
	ev.User.PostalCode, ev.User.FirstName, ev.Custom.Attributes = upper, upper, nil
	if out := convert(t, tr, ev); out.Warnings != 0 || string(out.HashedPostal[:]) != strings.ToLower(upper) || out.FirstName != out.HashedPostal {
		t.Error("what is hashed already is not passed on")
	}
}

func TestAttributesThatFit(t *testing.T) {
	tr := newTransformer(t, Options{Wide: true})
	ev := wideEvent()
	ev.Custom.Attributes = nil
	for i := range 15 {
		ev.Custom.Attributes = append(ev.Custom.Attributes, schemas.Attribute{Key: fmt.Sprintf("k%02d", i), Value: "v"})
	}
	out := convert(t, tr, ev)
	var want []Attribute
	for _, a := range ev.Custom.Attributes[:MaxFreeAttributes] {
		want = append(want, Attribute{Name: a.Key, Value: a.Value})
	}
	if diff := cmp.Diff(want, out.Attributes.All()); diff != "" || !out.Warnings.Has(AttributesTooMany) {
		t.Errorf("warnings %b, attributes (-want +got):\n%s", out.Warnings, diff)
	}
	for _, bad := range []schemas.Attribute{{Key: "a-b", Value: "v"}, {Key: "", Value: "v"}, {Key: "k", Value: "a.b"}, {Key: "k", Value: "é"}, {Key: "k", Value: strings.Repeat("x", 257)}} {
		ev.Custom.Attributes = []schemas.Attribute{bad}
		if out := convert(t, tr, ev); len(out.Attributes.All()) > 0 || !out.Warnings.Has(AttributeInvalid) {
			t.Errorf("%q is kept", bad)
		}
	}
}

// TestDeniedIsNotEvenRead: what consent covers leaves nothing, not a warning.
func TestDeniedIsNotEvenRead(t *testing.T) {
	ev := wideEvent()
	ev.User.FirstName, ev.User.IPAddress, ev.ArefTokens = "\xff", "nowhere", "bad"
	ev.Consent.AdUserData, ev.Consent.AdStorage = "DENIED", "DENIED"
	out := convert(t, newTransformer(t, Options{Wide: true}), ev)
	want := Wide{Units: 3, LimitedData: true, filled: true}
	if out.Wide != want || out.Warnings != 0 || out.Consent.IPAddress != "" {
		t.Errorf("warnings %b\n%s", out.Warnings, diff(Conversion{Wide: want}, Conversion{Wide: out.Wide}))
	}
}

func TestTheWideEventAllocatesNothing(t *testing.T) {
	for _, rules := range []IdentifierRules{RulesAmazon, RulesPlain} {
		if n := allocations(newTransformer(t, Options{Wide: true, Identifiers: rules}), wideEvent()); n != 0 {
			t.Errorf("by %s: %v allocations", rules, n)
		}
	}
}

func BenchmarkWide(b *testing.B) {
	tr, ev := newTransformer(b, Options{Wide: true}), wideEvent()
	var out Conversion
	b.ReportAllocs()
	for b.Loop() {
		tr.Transform(ev, now, &out)
	}
}

// TestPartnerAndAdEventKey are passed on as they came, the key only with consent to storage.
func TestPartnerAndAdEventKey(t *testing.T) {
	tr := newTransformer(t, Options{Wide: true})
	ev := wideEvent()
	ev.Partner, ev.AmazonAdEventKey = " Acme ", "key-7"
	if out := convert(t, tr, ev); out.Partner != "Acme" || out.AdEventKey != "key-7" {
		t.Errorf("partner %q, key %q", out.Partner, out.AdEventKey)
	}
	ev.Partner, ev.AmazonAdEventKey = "a\x00b", strings.Repeat("x", 513)
	if out := convert(t, tr, ev); out.Partner+out.AdEventKey != "" || !out.Warnings.Has(PartnerInvalid) || !out.Warnings.Has(AdEventKeyInvalid) {
		t.Errorf("partner %q, warnings %b", out.Partner, out.Warnings)
	}
	ev.Partner, ev.AmazonAdEventKey, ev.Consent.AdStorage = "Acme", "key-7", "DENIED"
	if out := convert(t, tr, ev); out.Partner != "Acme" || out.AdEventKey != "" {
		t.Errorf("denied: partner %q, key %q", out.Partner, out.AdEventKey)
	}
}
