package transform

import (
	"strings"
	"testing"

	"github.com/tracklayer/amazon-capi/schemas"
)

func FuzzTransform(f *testing.F) {
	type seed struct {
		id, profile, name, typ, source         string
		at                                     int64
		click, email, hashed, phone, madid     string
		country, postal, value, currency, deny string
	}
	good := seed{"ord_1", "123", "Purchase", "", "WEBSITE", 1776939330000, "amzn1.click.a", "jane@example.com", "", "+15551234567",
		"AEBE52E7-03EE-455A-B3C4-E57283966239", "US", "10001", "129.95", "USD", ""}
	seeds := []seed{good, {}}
	vary := func(change func(*seed)) {
		s := good
		change(&s)
		seeds = append(seeds, s)
	}
	vary(func(s *seed) { s.id = strings.Repeat("x", 10000) })
	vary(func(s *seed) { s.profile = "12 34" })
	vary(func(s *seed) { s.name, s.typ = "\xff\xfe", "lead" })
	vary(func(s *seed) { s.at = 0 })
	vary(func(s *seed) { s.at = 253402214400000 })
	vary(func(s *seed) { s.at = 1776939330 })
	vary(func(s *seed) { s.email, s.hashed = "Jane <jane@example.com>", hashOfNothing })
	vary(func(s *seed) { s.phone, s.country = "020 7946 0958", "gb" })
	vary(func(s *seed) { s.phone, s.country, s.postal = "tel:1;phone-context=+44", "", "" })
	vary(func(s *seed) { s.phone, s.country = "9123456789", "IN" })
	vary(func(s *seed) { s.country = "UK" })
	vary(func(s *seed) { s.value = "-1" })
	vary(func(s *seed) { s.value = "1e-7" })
	vary(func(s *seed) { s.value, s.currency = "10000000000000.01", "eur" })
	vary(func(s *seed) { s.value = "not a number" })
	vary(func(s *seed) { s.deny = "DENIED" })
	vary(func(s *seed) { s.deny = "perhaps" })
	for _, s := range seeds {
		f.Add(s.id, s.profile, s.name, s.typ, s.source, s.at, s.click, s.email, s.hashed, s.phone, s.madid, s.country, s.postal, s.value, s.currency, s.deny)
	}

	all := eachTransformer(f)
	f.Fuzz(func(t *testing.T, id, profile, name, typ, source string, at int64, click, email, hashed, phone, madid, country, postal, value, currency, deny string) {
		amount, err := schemas.ParseDecimal(value)
		if err != nil && value != "" {
			amount = schemas.DecimalFromFloat(nan, 64)
		}
		ev := &schemas.Event{
			EventID: id, ProfileID: profile, EventName: name, EventType: typ, ActionSource: source, OccurredAt: at, ClickID: click,
			User: schemas.UserData{
				Email: email, HashedEmail: hashed, Phone: phone, HashedPhone: hashed, MADID: madid, CountryCode: country, PostalCode: postal,
			},
			Custom:  schemas.CustomData{Value: amount, Currency: currency},
			Consent: schemas.Consent{AdUserData: deny, AdStorage: deny},
		}
		for _, tr := range all {
			checkOutcome(t, tr, ev)
		}
	})
}

func FuzzMapping(f *testing.F) {
	for _, s := range []string{
		DefaultMappingYAML(), "", "events: []", "extends: default", "unmapped: pass\ntypes: [REFUND]\nevents:\n  - match: [A, 1, ~]\n    name: A\n    event_type: REFUND\n",
		"events: &a [*a]", "a: &a {b: *a}", "<<: *a", "events:\n  - {match: A, action: filter}\n", "? [a]\n: b", "events: !!binary aGk=", "%YAML 1.2\n---\n- \xff",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := LoadMapping("fuzz.yaml", data)
		if (m == nil) == (err == nil) {
			t.Fatalf("mapping %v and error %v", m != nil, err)
		}
		if err != nil {
			for line := range strings.Lines(err.Error()) {
				if !strings.HasPrefix(line, "fuzz.yaml:") {
					t.Fatalf("error %q names no file and line", line)
				}
			}
			return
		}
		// Whatever was loaded makes nothing that the contract forbids.
		for key, e := range m.entries {
			if key == "" || !e.filter && (e.name == "" || e.eventType == "") {
				t.Fatalf("entry %q is incomplete", key)
			}
		}
		tr := newTransformer(t, Options{Mapping: m})
		var out Conversion
		tr.Transform(newEvent(), now, &out)
	})
}
