package transform

import (
	"strings"
	"testing"
)

func TestTrim(t *testing.T) {
	for in, want := range map[string]string{
		"":                      "",
		"a":                     "a",
		"a b":                   "a b",
		" \t\r\n\v\fa ":         "a",
		"\u00a0\u2003a\u3000":   "a",
		"\u200b\ufeff\u2060a":   "a",
		"\u200b \u00a0":         "",
		"\u202ea\u202c":         "a", // marks of direction
		"\u00e9":                "\u00e9",
		"\xff ":                 "\xff",
		"a\u200bb":              "a\u200bb",
		strings.Repeat(" ", 99): "",
	} {
		if got := trim(in); got != want {
			t.Errorf("trim(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestQuoteShowsNoIdentifier(t *testing.T) {
	hash := sha("jane.doe@example.com")
	for _, secret := range []string{
		"jane.doe@example.com", "+15551234567", "5551234567", "020 7946 0958", string(hash[:]),
		"AEBE52E7-03EE-455A-B3C4-E57283966239", "amzn1.click.abc123", "a\x00b", "a\xffb", "\x1b[31mred", "a\nb",
		strings.Repeat("x", 30) + "1234567890",
	} {
		if got := quote(secret); got != "the value given" {
			t.Errorf("quote(%q) = %s", secret, got)
		}
	}
	for in, want := range map[string]string{
		"":                      `""`,
		"UK":                    `"UK"`,
		"Order Completed":       `"Order Completed"`,
		"sign_up-2024":          `"sign_up-2024"`,
		"Käufe":                 `"Käufe"`,
		strings.Repeat("é", 24): `"` + strings.Repeat("é", 24) + `"`,
		strings.Repeat("é", 25): `"` + strings.Repeat("é", 24) + `"…`,
	} {
		if got := quote(in); got != want {
			t.Errorf("quote(%q) = %s, want %s", in, got, want)
		}
	}
}
