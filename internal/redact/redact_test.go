package redact

import (
	"strings"
	"testing"
	"unicode/utf8"
)

const sha = "86e0b9e56c17cc4d12387e1949b85053fbe73bc3ce5a1188713a9d300cc6133d"

func TestTextMasksWhatNamesAPersonOrOpensAnAccount(t *testing.T) {
	for in, want := range map[string]string{
		"bad email jane.doe@example.com given":            "bad email [email] given",
		"email=jane%40example.com&x=1":                    "email=[email]&x=1",
		"<jane@example.com>":                              "<[email]>",
		"hashedEmail " + sha + " is unknown":              "hashedEmail [hash] is unknown",
		"x" + strings.ToUpper(sha) + "y":                  "x[hash]y",
		"md5 d41d8cd98f00b204e9800998ecf8427e":            "md5 [hash]",
		"madid AEBE52E7-03EE-455A-B3C4-E57283966239.":     "madid [uuid].",
		"phone +1 (555) 123-4567 invalid":                 "phone [number] invalid",
		"phone 442079460958 invalid":                      "phone [number] invalid",
		"token Atza|IwEBIabc refused":                     "token [token] refused",
		"token Atzr%7CIwEBIabc refused":                   "token [token] refused",
		"client amzn1.application-oa2-client.abcdef bad":  "client [amazon-id] bad",
		"click amzn1.click.abc123, unknown":               "click [amazon-id], unknown",
		`{"clickId":"abc-def","x":1}`:                     `{"clickId":"[masked]","x":1}`,
		`{"clickId": "abc-def","x":1}`:                    `{"clickId": "[masked]","x":1}`,
		"https://shop.example/?amzn_click_id=abc.def&b=2": "https://shop.example/?amzn_click_id=[masked]&b=2",
		"refresh_token=abc&client_secret=def":             "refresh_token=[masked]&client_secret=[masked]",
		"Authorization: Bearer abcdefghijklmnop":          "Authorization: [credentials]",
		"id eyJhbGciOi.eyJzdWIi.sig is expired":           "id [token] is expired",
	} {
		if got := Text(in); got != want {
			t.Errorf("Text(%q)\n got %q\nwant %q", in, got, want)
		}
	}
}

func TestTextLeavesMessagesReadable(t *testing.T) {
	for _, s := range []string{
		"",
		"userInfo.countryCode must be an ISO 3166-1 alpha-2 code in capitals",
		"timestamp 2026-04-23T10:15:30Z is in the future",
		"Bearer token expired",
		"clickId: must not be blank",
		"HTTP 422 INVALID_USER_INFO at events[17]",
		"dial tcp 127.0.0.1:8443: connect: connection refused",
		"order ord_10492_purchase",
	} {
		if got := Text(s); got != s {
			t.Errorf("Text(%q) = %q, want it unchanged", s, got)
		}
	}
}

func TestMessageMasksTheEventsOwnIdentifiers(t *testing.T) {
	got := Message("postal code 10001 of click Abc-Def: bad\n\tvalue 10001", "10001", "abc-DEF", "", "not there")
	want := "postal code [identifier] of click [identifier]: bad value [identifier]"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Identifiers that are part of the masks' own words once made a message grow
// with every identifier.
func TestMessageDoesNotMaskItsMasks(t *testing.T) {
	got := Message("say de", "d", "e", "i", "de")
	if want := "say [identifier]"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestMessageIsBounded(t *testing.T) {
	for name, s := range map[string]string{
		"long words":       strings.Repeat("word ", 10_000),
		"one word":         strings.Repeat("x", 100_000),
		"wide runes":       strings.Repeat("日本 ", 5_000),
		"hashes":           strings.Repeat(sha+" ", 1_000),
		"invalid UTF-8":    strings.Repeat("\xff ", 5_000),
		"control":          strings.Repeat("a\x00\r\n\u2028", 5_000),
		"hash at the edge": strings.Repeat("y", MessageLimit-20) + " " + sha,
		"email at the cut": strings.Repeat("y ", inputLimit/2-5) + "jane.doe@example.com",
	} {
		got := Message(s)
		if len(got) > MessageLimit || !utf8.ValidString(got) {
			t.Errorf("%s: %d bytes, valid %v", name, len(got), utf8.ValidString(got))
		}
		if strings.ContainsAny(got, "\x00\r\n\u2028") {
			t.Errorf("%s: control characters are left in %q", name, got)
		}
		if strings.Contains(got, "86e0b9") || strings.Contains(got, "jane") {
			t.Errorf("%s: an identifier was cut and not masked: %q", name, got[max(0, len(got)-80):])
		}
	}
}

// TestNothingOfANumberIsLeftBesideAnother: what is found first takes no part of a
// number along whose rest is too short to be known as one.
func TestNothingOfANumberIsLeftBesideAnother(t *testing.T) {
	for _, text := range []string{
		"A 555 123 4567 @0", "555 123 4567@example.com", "+1 (555) 123-4567jane@example.com", "o'5.551 234567@x",
		"555 123 4567 (home)@0", "jane-555 123 4567 @ x", "555 123 4567@[10.0.0.1]", "a=555 123 4567@x.example",
		"x@555123 4567", "x@ 55 51 23 45 67", `"x"@5 551234567`, "jane@host5 551 234 567", "555 123 4567@555 123 4567",
		"+1 (555) 123-4567 abaaaaaaaaaaaaaaaaaaaaaaa", "abaaaaaaaaaaaaaaaaaaaaaaaa 1555123 (45) 67", "+1 (555) 12 34 ab cd ef ab cd ef ab cd ef ab cd ef ab",
		"+1:555123 4567", "1:5551234 567 55 51", "555 1:555123 4567", "5:55:12:34:5 67",
	} {
		for _, got := range []string{Text(text), Message("sent " + text + " again")} {
			rest := strings.NewReplacer("[email]", "", "[number]", "", "[hash]", "", "[token]", "").Replace(got)
			if strings.ContainsAny(rest, "0123456789") || strings.Contains(rest, "jane") {
				t.Errorf("%q became %q", text, got)
			}
		}
	}
	for text, secret := range map[string]string{
		"+1 555 123 4567Basic ++++++++": "+++", "4567bearer abcdef12": "abcdef12", "5551234567Atza|IwEBIJed": "IwEB",
		"x1eyJhbGciOi.abc.def": "hbGci", "5551234567Authorization: x7": "x7",
	} {
		if got := Text(text); strings.Contains(got, secret) {
			t.Errorf("%q became %q", text, got)
		}
	}
	for text, want := range map[string]string{
		"status 404 for jane@example.com":   "status 404 for [email]",
		"jane@example.com 404":              "[email] 404",
		"at 10:00:00 2026 it took 12 tries": "at 10:00:00 2026 it took 12 tries",
	} {
		if got := Text(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}
