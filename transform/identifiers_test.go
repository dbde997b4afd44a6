package transform

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tracklayer/amazon-capi/schemas"
)

func sha(s string) (h Hash) {
	sum := sha256.Sum256([]byte(s))
	hex.Encode(h[:], sum[:])
	return h
}

// TestGoldenHashes holds the normalisation to vectors worked out apart from it.
func TestGoldenHashes(t *testing.T) {
	amazon := newTransformer(t, Options{})
	plain := newTransformer(t, Options{Identifiers: RulesPlain})
	for _, c := range []struct {
		tr    *Transformer
		field string
		raw   string
		where string
		want  string
	}{
		{amazon, "email", "  Jane.Doe@Example.COM ", "", "86e0b9e56c17cc4d12387e1949b85053fbe73bc3ce5a1188713a9d300cc6133d"},
		{plain, "email", "  Jane.Doe@Example.COM ", "", "86e0b9e56c17cc4d12387e1949b85053fbe73bc3ce5a1188713a9d300cc6133d"},
		{amazon, "email", "user+tag@domain.co.uk", "", "2644f6f4c9c0411b463ff140d78663ce376ba5db9cc7ec3997cb59c1485e71d8"},
		{plain, "email", "user+tag@domain.co.uk", "", "9d67084c8041c526dfe25a0aa26fcc00fc267d3e0b3e60d97781b0d9c48c2a33"},
		{amazon, "phone", "+1 (555) 123-4567", "US", "d6736136ea896c1bfdc553e0e86e702c70d060d805696ca3e4e9e0961353860a"},
		{plain, "phone", "+1 (555) 123-4567", "US", "8a59780bb8cd2ba022bfa5ba2ea3b6e07af17a7d8b30c1f9b3390e36f69019e4"},
		{amazon, "phone", "020 7946 0958", "GB", "35e206e5dec4c89b9e8b71b8c32724a5bb518483ac5a20c6617d738375b3b823"},
	} {
		ev := newEvent()
		ev.User = schemas.UserData{CountryCode: c.where}
		var got Hash
		if c.field == "email" {
			ev.User.Email = c.raw
			got = convert(t, c.tr, ev).HashedEmail
		} else {
			ev.User.Phone = c.raw
			got = convert(t, c.tr, ev).HashedPhone
		}
		if string(got[:]) != c.want {
			t.Errorf("%s %q by %s: hash %x…, want %s", c.field, c.raw, c.tr.rules, got[:4], c.want)
		}
	}
	// The contract's postal code is plain, and what a contract that hashes it
	// would start from.
	if h := sha(convert(t, amazon, newEvent()).PostalCode); string(h[:]) != "e443169117a184f91186b401133b20be670c7c0896f9886075e5d9b81e9d076b" {
		t.Error("the postal code 10001 is changed")
	}
}

func TestNormalisedEmail(t *testing.T) {
	for _, c := range []struct{ raw, amazon, plain string }{ // "" is refused
		{"jane@example.com", "jane@example.com", "jane@example.com"},
		{"JANE@EXAMPLE.COM", "jane@example.com", "jane@example.com"},
		{"jane_d-o.e9@example.com", "jane_d-o.e9@example.com", "jane_d-o.e9@example.com"},
		{"jane doe@example.com", "janedoe@example.com", "jane doe@example.com"},
		{"o'brien@example.com", "obrien@example.com", "o'brien@example.com"},
		{"JOSÉ@example.com", "jos@example.com", "josé@example.com"},
		{"\u212ael@example.com", "kel@example.com", "kel@example.com"}, // Kelvin sign
		{"jane", "", ""},
		{"@example.com", "", ""},
		{"jane@", "", ""},
		{"@", "", ""},
		{"jane@doe@example.com", "", ""},
		{"+++@example.com", "", "+++@example.com"},
		{"jane@+++", "", "jane@+++"},
		{"Jane <jane@example.com>", "", ""},
		{"jane@exam\xffple.com", "", ""},
		{strings.Repeat("j", 309) + "@example.com", "", ""},
	} {
		for rules, want := range map[IdentifierRules]string{RulesAmazon: c.amazon, RulesPlain: c.plain} {
			got, ok := appendEmail(nil, c.raw, rules)
			if ok != (want != "") || ok && string(got) != want {
				t.Errorf("%q by %s = %q, %v; want %q", c.raw, rules, got, ok, want)
			}
		}
	}
}

func TestEmailIsIdempotent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules := rapid.SampledFrom([]IdentifierRules{RulesAmazon, RulesPlain}).Draw(t, "rules")
		raw := rapid.OneOf(
			rapid.StringMatching(`[A-Za-z+._' -]{1,12}@[A-Za-zÀ-ÿ.-]{1,12}`),
			rapid.String(),
		).Draw(t, "raw")
		once, ok := appendEmail(nil, trim(raw), rules)
		if !ok {
			t.SkipNow()
		}
		twice, ok := appendEmail(nil, string(once), rules)
		if !ok || string(twice) != string(once) {
			t.Fatalf("%q becomes %q and then %q, %v", raw, once, twice, ok)
		}
	})
}

func TestHashesArePassedOn(t *testing.T) {
	tr := newTransformer(t, Options{})
	email, phone := sha("jane.doe@example.com"), sha("15551234567")
	upper := func(h Hash) string { return " " + strings.ToUpper(string(h[:])) + "\n" }
	for name, u := range map[string]schemas.UserData{
		"in the hashed fields":        {HashedEmail: upper(email), HashedPhone: upper(phone)},
		"in the raw fields":           {Email: upper(email), Phone: upper(phone)},
		"raw beats hashed":            {Email: "Jane.Doe@example.com", Phone: "+15551234567", HashedEmail: upper(sha("x")), HashedPhone: upper(sha("y"))},
		"raw good, hashed unlooked":   {Email: "Jane.Doe@example.com", Phone: "+15551234567", HashedEmail: "x", HashedPhone: "y"},
		"blank raw leaves the hashed": {Email: "\u00a0", Phone: " ", HashedEmail: upper(email), HashedPhone: upper(phone)},
	} {
		ev := newEvent()
		ev.User = u
		out := convert(t, tr, ev)
		if out.HashedEmail != email || out.HashedPhone != phone || out.Warnings != 0 {
			t.Errorf("%s: email right %v, phone right %v, warnings %b", name, out.HashedEmail == email, out.HashedPhone == phone, out.Warnings)
		}
	}

	ev := newEvent()
	ev.User = schemas.UserData{Email: "jane", Phone: "none", HashedEmail: upper(email), HashedPhone: upper(phone)}
	out := convert(t, tr, ev)
	if out.HashedEmail != email || out.HashedPhone != phone || !out.Warnings.Has(EmailInvalid) || !out.Warnings.Has(PhoneInvalid) {
		t.Errorf("bad raw beside good hashes: email right %v, phone right %v, warnings %b", out.HashedEmail == email, out.HashedPhone == phone, out.Warnings)
	}
}

func TestHashOfNothingIsNeverSent(t *testing.T) {
	tr := newTransformer(t, Options{})
	if h := sha(""); string(h[:]) != hashOfNothing {
		t.Fatalf("the hash of nothing is %s", h[:])
	}
	for _, nothing := range []string{hashOfNothing, strings.ToUpper(hashOfNothing)} {
		for _, u := range []schemas.UserData{
			{HashedEmail: nothing, HashedPhone: nothing},
			{Email: nothing, Phone: nothing},
			{Email: "+", Phone: "+"},
			{Email: " ", Phone: "--"},
		} {
			ev := newEvent()
			ev.User = u
			if out := convert(t, tr, ev); out.HashedEmail.IsSet() || out.HashedPhone.IsSet() {
				t.Errorf("something is sent for %+v", u)
			}
		}
	}
}

func TestNoHashes(t *testing.T) {
	good := strings.Repeat("a", 64)
	for _, s := range []string{"", "a", good[1:], good + "a", "g" + good[1:], " " + good[1:], good[:63] + "é"} {
		var h Hash
		if h.take(s) || h.IsSet() {
			t.Errorf("%q is taken for a hash", s)
		}
	}
}

func TestMADID(t *testing.T) {
	for in, want := range map[string]string{
		"AEBE52E7-03EE-455A-B3C4-E57283966239":   "AEBE52E7-03EE-455A-B3C4-E57283966239",
		" aebe52e7-03ee-455a-b3c4-e57283966239 ": "aebe52e7-03ee-455a-b3c4-e57283966239",
		"00000000-0000-0000-0000-000000000000":   "",
		"AEBE52E703EE455AB3C4E57283966239":       "",
		"AEBE52E7-03EE-455A-B3C4-E5728396623G":   "",
		"AEBE52E7-03EE-455A-B3C4E-5728396623":    "",
		"{AEBE52E7-03EE-455A-B3C4-E57283966239}": "",
	} {
		ev := newEvent()
		ev.User.MADID = in
		out := convert(t, newTransformer(t, Options{}), ev)
		zeros := strings.HasPrefix(in, "0000")
		if out.MADID != want || out.Warnings.Has(MADIDZeros) != zeros || out.Warnings.Has(MADIDInvalid) != (want == "" && !zeros) {
			t.Errorf("madid %q: sent %q with warnings %b, want %q", in, out.MADID, out.Warnings, want)
		}
	}
}

func TestClickID(t *testing.T) {
	long := strings.Repeat("c", maxClickID)
	for in, want := range map[string]string{
		" amzn1.click.abc123\n": "amzn1.click.abc123",
		"a%2Fb+c/d=~|":          "a%2Fb+c/d=~|",
		long:                    long,
		long + "c":              "",
		"a\x00b":                "",
		"a b":                   "",
		"a\x7fb":                "",
		"clické":                "",
		"a\xffb":                "",
	} {
		ev := newEvent()
		ev.ClickID = in
		out := convert(t, newTransformer(t, Options{}), ev)
		if out.ClickID != want || out.Warnings.Has(ClickIDInvalid) != (want == "") {
			t.Errorf("click id %.20q: sent %.20q with warnings %b", in, out.ClickID, out.Warnings)
		}
	}
}
