package transform

import (
	"maps"
	"slices"
	"testing"

	"github.com/tracklayer/amazon-capi/schemas"
)

// usual are the events of which a busy topic consists. None of them may cost an
// allocation: a million a minute is a million times that much garbage.
func usual() map[string]*schemas.Event {
	edit := func(change func(*schemas.Event)) *schemas.Event {
		ev := newEvent()
		change(ev)
		return ev
	}
	return map[string]*schemas.Event{
		"purchase": newEvent(),
		"page view": edit(func(e *schemas.Event) {
			e.EventName, e.User, e.Custom = "page_view", schemas.UserData{}, schemas.CustomData{}
		}),
		"hashed before":  edit(func(e *schemas.Event) { h := sha("x"); e.User.Email, e.User.HashedPhone = string(h[:]), string(h[:]) }),
		"lower case":     edit(func(e *schemas.Event) { e.User.CountryCode, e.Custom.Currency, e.ActionSource = "us", "usd", "web" }),
		"own type":       edit(func(e *schemas.Event) { e.EventName, e.EventType = "Newsletter", "Sign Up" }),
		"not ASCII":      edit(func(e *schemas.Event) { e.User.Email, e.EventID = "JOSÉ@example.com", "bestellung-für-7" }),
		"US national":    edit(func(e *schemas.Event) { e.User.Phone = "(555) 123-4567" }),
		"US with 1":      edit(func(e *schemas.Event) { e.User.Phone = "1-555-123-4567" }),
		"GB national":    edit(func(e *schemas.Event) { e.User.Phone, e.User.CountryCode = "020 7946 0958", "GB" }),
		"FR national":    edit(func(e *schemas.Event) { e.User.Phone, e.User.CountryCode = "01 23 45 67 89", "FR" }),
		"IT national":    edit(func(e *schemas.Event) { e.User.Phone, e.User.CountryCode = "06 1234 5678", "IT" }),
		"E.164":          edit(func(e *schemas.Event) { e.User.Phone = "+4915112345678" }),
		"no country":     edit(func(e *schemas.Event) { e.User.CountryCode, e.User.PostalCode, e.User.Phone = "", "", "4915112345678" }),
		"bad email":      edit(func(e *schemas.Event) { e.User.Email = "jane" }),
		"consent denied": edit(func(e *schemas.Event) { e.Consent.AdUserData, e.Consent.AdStorage = "DENIED", "DENIED" }),
	}
}

func TestTheUsualEventAllocatesNothing(t *testing.T) {
	for _, rules := range []IdentifierRules{RulesAmazon, RulesPlain} {
		for name, ev := range usual() {
			if n := allocations(newTransformer(t, Options{Identifiers: rules}), ev); n != 0 {
				t.Errorf("%s by %s: %v allocations", name, rules, n)
			}
		}
	}
}

func TestAddressesAllocateNothing(t *testing.T) {
	ev := newEvent()
	for _, country := range []string{"US", "ES", "DE"} {
		ev.User.CountryCode, ev.User.Address = country, "C/ Main Street, núm. #4"
		if n := allocations(newTransformer(t, Options{Wide: true}), ev); n != 0 {
			t.Errorf("%s: %v allocations", country, n)
		}
	}
}

func allocations(tr *Transformer, ev *schemas.Event) float64 {
	var out Conversion
	return testing.AllocsPerRun(100, func() { tr.Transform(ev, now, &out) })
}

func BenchmarkTransform(b *testing.B) {
	tr := newTransformer(b, Options{})
	events := usual()
	for _, name := range slices.Sorted(maps.Keys(events)) {
		ev := events[name]
		b.Run(name, func(b *testing.B) {
			var out Conversion
			b.ReportAllocs()
			for b.Loop() {
				tr.Transform(ev, now, &out)
			}
		})
	}
	b.Run("phone by the library", func(b *testing.B) {
		ev := newEvent()
		ev.User.Phone, ev.User.CountryCode = "9123456789", "IN"
		var out Conversion
		b.ReportAllocs()
		for b.Loop() {
			tr.Transform(ev, now, &out)
		}
	})
}

// BenchmarkAddress: a street address is to cost a purchase a quarter more at most, most of
// which is its hash. An address comes with the name and the city of the person.
func BenchmarkAddress(b *testing.B) {
	tr := newTransformer(b, Options{Wide: true})
	for name, address := range map[string]string{"without": "", "with": "123 Main Street, Apt #4"} {
		b.Run(name, func(b *testing.B) {
			ev := newEvent()
			ev.User.FirstName, ev.User.LastName, ev.User.City, ev.User.State = "Jane", "Doe", "San Francisco", "California"
			ev.User.Address = address
			var out Conversion
			b.ReportAllocs()
			for b.Loop() {
				tr.Transform(ev, now, &out)
			}
		})
	}
}

func BenchmarkAppendTime(b *testing.B) {
	var buf [32]byte
	b.ReportAllocs()
	for b.Loop() {
		AppendTime(buf[:0], 1776939330123)
	}
}

func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := New(Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
