package redact

import (
	"encoding/base64"
	"os"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestEventIDsThatAreReadStayAsTheyAre(t *testing.T) {
	for _, id := range []string{
		"", "ord_10492_purchase", "lead_9821", "10492", "450789469", "R-100233", "order:10492/2", "a.b.c",
		"test_lead_20260423T101530Z_k3jd9s", "507f1f77bcf86cd799439011", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "V1StGXR8_Z5jdHi6B-myT", "OrderCompleted#4711", "größe", "ORD20260423PURCHASE77", "mfrggzdfmztwq2lk1", "cart4711checkout2026x", "Order-2026-04-23-Shop-A1-77",
	} {
		if got := EventID(id); got != id {
			t.Errorf("EventID(%q) = %q", id, got)
		}
	}
	if n := testing.AllocsPerRun(10, func() { EventID("ord_10492_purchase"); EventID("V1StGXR8_Z5jdHi6B-myT") }); n != 0 {
		t.Errorf("ids that stay as they are cost %v allocations", n)
	}
}

// TestEncodedEventIDsAreMasked: an address or a number in one of the encodings that ids
// are made with.
func TestEncodedEventIDsAreMasked(t *testing.T) {
	for _, value := range []string{"kwame.boateng@quixote.example", "jo@x.example", "+15551234567"} {
		for _, e := range append(encodings, spelling{"base64 with dots", func(s string) string { return grouped(base64.RawURLEncoding.EncodeToString([]byte(s)), ".", 4) }}) {
			spelled := e.of(value)
			if e.name == "in lines" {
				continue
			}
			got := EventID(spelled)
			if half := spelled[:len(spelled)/2]; strings.Contains(got, half) || strings.Contains(got, "quixote") || !strings.Contains(got, "]") {
				t.Errorf("%s: %q is shown as %q", e.name, spelled, got)
			}
			if again := EventID(got); again != got {
				t.Errorf("%q is shown as %q", got, again)
			}
		}
	}
}

func TestEventIDsOfIdentifiersAreMasked(t *testing.T) {
	for id, want := range map[string]string{
		"lead:jane@example.com-7":                        `^lead:\[email\]:[a-z]{4}$`,
		"lead-jane%40example.com":                        `^\[email\]:[a-z]{4}$`,
		"jane＠example．com":                               `^\[email\]:[a-z]{4}$`,
		"jane&#64;example.com":                           `^\[email\]:[a-z]{4}$`,
		`jane\u0040example.com`:                          `^\[email\]:[a-z]{4}$`,
		"amFuZS5kb2VAZXhhbXBsZS5jb20":                    `^\[token\]:[a-z]{4}$`,
		sha:                                              `^\[hash\]:[a-z]{4}$`,
		"lead:" + strings.ToUpper(sha):                   `^lead:\[hash\]:[a-z]{4}$`,
		"d41d8cd98f00b204e9800998ecf8427e":               `^\[hash\]:[a-z]{4}$`,
		"order_da39a3ee5e6b4b0d3255bfef95601890afd80709": `^order_\[hash\]:[a-z]{4}$`,
		"huC55WwXzE0SOH4ZSBhQU/vnO8PoWHgictqdMAzGeZ0=":   `^\[token\]:[a-z]{4}$`,
		"AEBE52E7-03EE-455A-B3C4-E57283966239":           `^\[uuid\]:[a-z]{12}$`,
		"app_aebe52e7-03ee-455a-b3c4-e57283966239":       `^app_\[uuid\]:[a-z]{12}$`,
		"amzn1.click.abc123":                             `^\[amazon-id\]:[a-z]{12}$`,
		"+15551234567":                                   `^\[number\]:[a-z]{4}$`,
		"lead_+15551234567":                              `^lead_\[number\]:[a-z]{4}$`,
		"15551234567":                                    `^\[number\]:[a-z]{4}$`,
		"(555) 123-4567":                                 `^\[number\]:[a-z]{4}$`,
		"555\u00a0123\u00a04567":                         `^\[number\]:[a-z]{4}$`,
		"٠٠٩٦٦٥٠١٢٣٤٥٦٧":                                 `^\[number\]:[a-z]{4}$`,
		"Atza|IwEBIJedGXjDqsU":                           `^\[token\]:[a-z]{4}$`,
		"aebe52e7_03ee_455a_b3c4_e57283966239":           `^\[hash\]:[a-z]{4}$`,
		"d41d8cd9-8f00b204-e9800998-ecf8427e":            `^\[hash\]:[a-z]{4}$`,
		"d41d8cd98f00b204.e9800998ecf8427e":              `^\[hash\]:[a-z]{4}$`,
		"6a6f40782e636f6d":                               `^\[token\]:[a-z]{4}$`, // jo@x.com
		"2b3135353531323334353637":                       `^\[token\]:[a-z]{4}$`, // +15551234567
		"am9AeC5jb20":                                    `^\[token\]:[a-z]{4}$`, // jo@x.com
	} {
		got := EventID(id)
		if !regexp.MustCompile(want).MatchString(got) {
			t.Errorf("EventID(%q) = %q, want %s", id, got, want)
		}
		if again := EventID(got); again != got {
			t.Errorf("EventID(%q) = %q, but it was shown before", got, again)
		}
	}
	for in, want := range map[string]string{"a\nb": "a b", "a\x00b\xff": "ab\ufffd", " größe ": "größe", "a\u202eb\U000e0041": "ab", "[uuid]:jane@example.com": "[uuid]:[email]:"} {
		if got := EventID(in); !strings.HasPrefix(got, want) {
			t.Errorf("EventID(%q) = %q, want %q", in, got, want)
		}
	}
	if got := EventID(strings.Repeat("z", 10_000)); len(got) > idLimit {
		t.Errorf("an id of 10,000 characters became %d bytes", len(got))
	}
}

// TestTagsTellIDsApart: receipts are joined by ids as they are shown.
func TestTagsTellIDsApart(t *testing.T) {
	seen := make(map[string]bool)
	for _, id := range []string{"AEBE52E7-03EE-455A-B3C4-E57283966239", "AEBE52E7-03EE-455A-B3C4-E57283966230", "15551234567", "15551234568", sha, sha[:63] + "0"} {
		shown := EventID(id)
		if seen[shown] {
			t.Errorf("%q is shown as another id is: %q", id, shown)
		}
		seen[shown] = true
	}
}

func TestPseudonyms(t *testing.T) {
	defer SetEventIDs(MaskIDs, nil)
	SetEventIDs(HashIDs, nil)
	form := regexp.MustCompile(`^ev-[bcdghjkmnpqrtvwz]{20}$`)
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"ord_10492_purchase", "jane@example.com", "15551234567"})).Draw(t, "id")
		shown := EventID(id)
		if id != "" && !form.MatchString(shown) || EventID(shown) != shown {
			t.Fatalf("EventID(%q) = %q, and then %q", id, shown, EventID(shown))
		}
	})
	unkeyed := EventID("ord_1")
	SetEventIDs(HashIDs, []byte("a key"))
	if keyed := EventID("ord_1"); keyed == unkeyed || keyed == EventID("ord_2") {
		t.Errorf("a key makes no difference: %q", keyed)
	}
	for _, bad := range []string{"", "plain", "HASH"} {
		if _, err := ParseIDMode(bad); err == nil || !strings.Contains(err.Error(), "want mask or hash") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestProfile(t *testing.T) {
	for _, id := range []string{"1234567890", "jane_example.com", "d41d8cd98f00b204e9800998ecf8427e", "15551234567"} {
		if got := Profile(id, true); got != id {
			t.Errorf("a known profile %q is shown as %q", id, got)
		}
		got := Profile(id, false)
		if !regexp.MustCompile(`^\[profile\]:[a-z]{6}$`).MatchString(got) || Profile(got, false) != got || Profile(got, true) != got {
			t.Errorf("an unknown profile %q is shown as %q", id, got)
		}
	}
	if Profile("", false) != "" || Profile("1", false) == Profile("2", false) {
		t.Error("no profile is none, and two are two")
	}
}

func TestRequestIDsHaveAStrictForm(t *testing.T) {
	Secret("Secret-Request-77")
	for id, ok := range map[string]bool{
		"c6af9ac6-7b61-11e6-9a41-93e8deadbeef": true,
		"4442587FB7D0A2F9":                     true,
		"QX8N0B3D9EWT2ZBVR4S5":                 true,
		"req-1":                                true,
		"sandbox-000123":                       true,
		"":                                     false,
		"jane@example.com":                     false,
		"Atza|IwEBIJedGXjDqsU":                 false,
		"eyJhbGciOiJIUzI1NiJ9":                 false,
		"eyJhbGciOiJIUzI1NiJ9.e30.abc":         false,
		"15551234567":                          false,
		"+15551234567":                         false,
		sha:                                    false,
		sha[:40]:                               false,
		"d41d8cd98f00b204e9800998ecf8427e":     false,
		"amzn1.click.abc":                      false,
		"V1StGXR8Z5jdHi6BmyT0":                 false,
		"huC55WwXzE0SOH4ZSBhQU0vnO8PoWHgictqdMAzGeZ0": false,
		"amFuZUBleGFtcGxlLmNvbQ":                      false,
		"Secret-Request-77":                           false,
		"a b":                                         false,
		"123-4567":                                    false,
		"555-123-4567":                                false,
		"a\u202eb-12":                                 false,
		strings.Repeat("A", 65):                       false,
	} {
		if got := RequestID(id); (got == id) != ok && id != "" || got != "" && got != id {
			t.Errorf("RequestID(%q) = %q", id, got)
		}
	}
}

func BenchmarkEventID(b *testing.B) {
	for _, id := range []string{"ord_10492_purchase", "V1StGXR8_Z5jdHi6B-myT", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "aebe52e7-03ee-455a-b3c4-e57283966239", "4500012345678"} {
		b.Run(id, func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				EventID(id)
			}
		})
	}
}

// TestUUIDsAreMasked: many event ids are random UUIDs, but so are the advertising
// ids of phones, and nobody can tell which a source has used. docs/privacy.md says
// so.
func TestUUIDsAreMasked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.StringMatching(`[0-9a-f]{8}-[0-9a-f]{4}-[147][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`).Draw(t, "id")
		for _, spelled := range []string{id, strings.ToUpper(id), "{" + id + "}", "urn:uuid:" + id, "order-" + id, strings.ReplaceAll(id, "-", "")} {
			got := EventID(spelled)
			for part := range strings.SplitSeq(id, "-") {
				if strings.Contains(strings.ToLower(got), part) {
					t.Fatalf("EventID(%q) = %q", spelled, got)
				}
			}
			if EventID(got) != got {
				t.Fatalf("EventID(%q) = %q, and then %q", spelled, got, EventID(got))
			}
		}
	})
	doc, err := os.ReadFile("../../docs/privacy.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(strings.Join(strings.Fields(string(doc)), " "), "A UUID is masked, because the advertising ids of phones are UUIDs") {
		t.Error("docs/privacy.md does not say that UUIDs are masked, and why")
	}
}
