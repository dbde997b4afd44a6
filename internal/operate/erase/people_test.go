package erase

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tracklayer/amazon-capi/schemas"
)

// TestPeopleAreRecognised: an identifier is the same in every form that the program sends.
func TestPeopleAreRecognised(t *testing.T) {
	const (
		email       = "86e0b9e56c17cc4d12387e1949b85053fbe73bc3ce5a1188713a9d300cc6133d"
		plusAmazon  = "2644f6f4c9c0411b463ff140d78663ce376ba5db9cc7ec3997cb59c1485e71d8"
		plusPlain   = "9d67084c8041c526dfe25a0aa26fcc00fc267d3e0b3e60d97781b0d9c48c2a33"
		phoneAmazon = "d6736136ea896c1bfdc553e0e86e702c70d060d805696ca3e4e9e0961353860a"
		phonePlain  = "8a59780bb8cd2ba022bfa5ba2ea3b6e07af17a7d8b30c1f9b3390e36f69019e4"
	)
	for name, tc := range map[string]struct {
		given string
		user  schemas.UserData
		want  bool
	}{
		"address":                      {"jane.doe@example.com", schemas.UserData{Email: "  Jane.Doe@Example.COM "}, true},
		"address by its hash":          {email, schemas.UserData{Email: "jane.doe@example.com"}, true},
		"hash by its address":          {" Jane.Doe@example.com", schemas.UserData{HashedEmail: strings.ToUpper(email)}, true},
		"hash in the address's field":  {"jane.doe@example.com", schemas.UserData{Email: email}, true},
		"hash of the amazon rules":     {"user+tag@domain.co.uk", schemas.UserData{HashedEmail: plusAmazon}, true},
		"hash of the plain rules":      {"user+tag@domain.co.uk", schemas.UserData{HashedEmail: plusPlain}, true},
		"number":                       {"+1 (555) 123-4567", schemas.UserData{Phone: "555 123 4567", CountryCode: "US"}, true},
		"number by its hash":           {phoneAmazon, schemas.UserData{Phone: "+15551234567"}, true},
		"number by its plain hash":     {phonePlain, schemas.UserData{Phone: "+15551234567"}, true},
		"hash by its number":           {"+1 555 123 4567", schemas.UserData{HashedPhone: phonePlain, CountryCode: "US"}, true},
		"national number":              {"020 7946 0958", schemas.UserData{Phone: "+442079460958", CountryCode: "GB"}, true},
		"number in a country not ours": {"+15551234567", schemas.UserData{Phone: "+15551234567", CountryCode: "XX"}, true},
		"both, and the hash is theirs": {"jane.doe@example.com", schemas.UserData{Email: "other@example.com", HashedEmail: email}, true},
		"device":                       {"aebe52e7-03ee-455a-b3c4-e57283966239", schemas.UserData{MADID: "AEBE52E7-03EE-455A-B3C4-E57283966239"}, true},
		"identity service":             {"ramp-1", schemas.UserData{RampID: "ramp-1"}, true},
		"another address":              {"jane.doe@example.com", schemas.UserData{Email: "john.doe@example.com"}, false},
		"another number":               {"+15551234567", schemas.UserData{Phone: "+15551234568"}, false},
		"nobody":                       {"jane.doe@example.com", schemas.UserData{}, false},
		"a name":                       {"jane", schemas.UserData{FirstName: "jane"}, false},
	} {
		p, err := NewPeople([]string{strings.TrimSpace(tc.given)})
		if err != nil {
			t.Fatal(err)
		}
		// Whatever becomes of the event: without consent, without a name, without a value.
		ev := schemas.Event{EventID: "a", EventName: "Purchase", User: tc.user, Consent: schemas.Consent{AdUserData: "DENIED", AdStorage: "DENIED"}}
		if got := p.Has(&ev); got != tc.want {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
		}
	}
	if new(People).Has(&schemas.Event{User: schemas.UserData{Email: "jane@example.com"}}) {
		t.Error("nobody is everybody")
	}
}

// TestClicksAreRecognised: one click is enough where the event, or the person's cookie, has several.
func TestClicksAreRecognised(t *testing.T) {
	const one, two, three = "aBcDeFgHiJ.1700000000000", "0123456789.1700000000001", "zzzzzzzzzz.1700000000002"
	for _, tc := range []struct {
		given, click, tokens string
		want                 bool
	}{
		{"amzn1.click.abc", "amzn1.click.abc", "", true},
		{one, "", one, true},
		{one, "", two + "|" + one, true},
		{one + "|" + two, "", two, true},
		{one + "|" + two, "", three + "|" + two, true},
		{one + "|" + two, "", one + "|" + two, true},
		{one + "|" + two, "", three, false},
		{"a|b", "", one, false},
		{"a-b.1|c.2", "", "a-b.1|c.2", true},
		{"a-b.1|c.2", "", "C.2", true},
		{one + " | " + two, "", two + "|" + three, true},
		{one + "|" + two, "", three + " | " + two, true},
		{one + "|", "", one, true},
		{"|", "", "|", true},
		{"|", "", one + "||", false},
		{one + "|ramp-1", "ramp-1", "", false},
		{one, "", "", false},
	} {
		p, err := NewPeople([]string{tc.given})
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Has(&schemas.Event{EventID: "a", ClickID: tc.click, ArefTokens: tc.tokens}); got != tc.want {
			t.Errorf("%s given, %s %s in the event: %v, want %v", tc.given, tc.click, tc.tokens, got, tc.want)
		}
	}
}

// TestJunkCountriesCostNothing: events name whatever they like as their country, and the
// identifiers are hashed for those of ISO alone.
func TestJunkCountriesCostNothing(t *testing.T) {
	p, err := NewPeople([]string{"jane@example.com", "020 7946 0958"})
	if err != nil {
		t.Fatal(err)
	}
	ev := schemas.Event{User: schemas.UserData{Email: "joe@example.com"}}
	for i := range 3000 {
		for _, country := range []string{fmt.Sprint(i), fmt.Sprintf("%c%c", 'a'+i%26, '0'+i/26%10), fmt.Sprintf(" %c%c\t", 'A'+i%26, 'a'+i/26%26), strings.Repeat("U", i)} {
			if ev.User.CountryCode = country; p.Has(&ev) {
				t.Fatalf("%q: somebody else is taken for the person", country)
			}
		}
	}
	if n := len(p.hashes); n > 300 {
		t.Errorf("hashed for %d countries", n)
	}
	for _, country := range []string{"GB", "gb", " Gb "} {
		if !p.Has(&schemas.Event{User: schemas.UserData{Phone: "+44 20 7946 0958", CountryCode: country}}) {
			t.Errorf("%q: the number of that country is not recognised", country)
		}
	}
	for _, country := range []string{"", "XX", "123456789"} {
		if !p.Has(&schemas.Event{User: schemas.UserData{Email: " JANE@example.com", CountryCode: country}}) {
			t.Errorf("%q: the address is not recognised", country)
		}
	}
}
