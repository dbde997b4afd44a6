package mappingtest

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/transform"
)

func run(t *testing.T, text string) []Result {
	t.Helper()
	f, err := Load("cases.yaml", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	tr, err := transform.New(transform.Options{})
	if err != nil {
		t.Fatal(err)
	}
	contract, err := amazon.ContractByName("off-amazon-2023-11-13")
	if err != nil {
		t.Fatal(err)
	}
	return f.Run(tr, contract, time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC))
}

func TestTheFileThatUsersStartFrom(t *testing.T) {
	text, err := os.ReadFile("../../../testdata/mapping-tests/default.yaml")
	if err != nil {
		t.Fatal(err)
	}
	results := run(t, string(text))
	for _, r := range results {
		if !r.OK {
			t.Errorf("%d: %s: %q", r.Line, r.Name, r.Problems)
		}
	}
	if len(results) < 6 {
		t.Errorf("%d cases", len(results))
	}
}

const event = `
cases:
  - event:
      event_id: ord_1
      profile_id: "1"
      event_name: Purchase
      action_source: WEBSITE
      occurred_at: 2026-04-23T10:15:30Z
      click_id: amzn1.click.abc123
      user_data: {email: jane.doe@example.com, country_code: US}
      custom_data: {value: 129.90, currency: USD}
`

func TestWhatDiffers(t *testing.T) {
	whole := `    payload: {name: Purchase, eventType: PURCHASE, eventActionSource: WEBSITE, timestamp: "2026-04-23T10:15:30Z", clickId: amzn1.click.abc123, ` +
		`userInfo: {hashedEmail: "sha256:jane.doe@example.com", countryCode: US}, value: {amount: 129.9, currencyCode: USD}, eventId: ord_1}`
	for name, tc := range map[string]struct {
		want     string
		problems []string
	}{
		"nothing":        {whole, nil},
		"the digits":     {strings.Replace(whole, "129.9,", "129.90,", 1), []string{"value.amount is 129.9, want 129.90"}},
		"a hash":         {strings.Replace(whole, "jane.doe", "john.doe", 1), []string{"userInfo.hashedEmail is not the one wanted"}},
		"a click id":     {strings.Replace(whole, "abc123", "abc124", 1), []string{"clickId is not the one wanted"}},
		"a name":         {strings.Replace(whole, "name: Purchase", "name: Bought", 1), []string{`name is "Purchase", want "Bought"`}},
		"one more field": {strings.Replace(whole, ", countryCode: US", "", 1), []string{"userInfo.countryCode is there, want it left out"}},
		"one less field": {strings.Replace(whole, "eventId: ord_1", "eventId: ord_1, extra: 1", 1), []string{"extra is left out"}},
		"another kind":   {strings.Replace(whole, "value: {amount: 129.9, currencyCode: USD}", "value: 129.9", 1), []string{"value is map[amount:129.9 currencyCode:USD], want 129.9"}},
		"no object":      {strings.Replace(whole, "eventId: ord_1", "eventId: {a: b}", 1), []string{"eventId is not an object"}},
		"no list":        {strings.Replace(whole, "eventId: ord_1", "eventId: [a]", 1), []string{"eventId is not a list of 1"}},
		"a part":         {`    has: {value: {amount: 129.9}, clickId: "*", userInfo: {hashedPhone: null}}`, nil},
		"a part left in": {`    has: {clickId: null}`, []string{"clickId is there, want it left out"}},
		"a verdict":      {`    refused: value_missing`, []string{"the event is sent, want it refused by value_missing"}},
		"a filter":       {`    filtered: rule`, []string{"the event is sent, want it filtered by rule"}},
		"warnings":       {whole + "\n    warnings: [email_invalid]", []string{`warnings are [], want ["email_invalid"]`}},
	} {
		got := run(t, event+tc.want)[0]
		if d := cmp.Diff(tc.problems, got.Problems); d != "" || got.OK != (tc.problems == nil) {
			t.Errorf("%s: %v\n%s", name, got.OK, d)
		}
		for _, p := range got.Problems {
			if strings.Contains(p, "abc12") || strings.Contains(p, "86e0") || strings.Contains(p, "doe") {
				t.Errorf("%s shows an identifier: %s", name, p)
			}
		}
	}
}

func TestVerdictsThatDiffer(t *testing.T) {
	late := strings.Replace(event, "occurred_at: 2026-04-23", "occurred_at: 2027-04-23", 1)
	for want, problem := range map[string]string{
		"    refused: occurred_at_ahead": "",
		"    refused: value_missing":     "the event is refused, want it refused by value_missing: occurred_at_ahead: ",
		"    has: {name: Purchase}":      "the event is refused and not sent: occurred_at_ahead: ",
	} {
		got := run(t, late+want)[0]
		if !strings.HasPrefix(got.By, "the entry on line ") || !strings.HasSuffix(got.By, " of mapping.yaml") {
			t.Errorf("%s: decided by %q", want, got.By)
		}
		if got.OK != (problem == "") || problem != "" && !strings.HasPrefix(got.Problems[0], problem) {
			t.Errorf("%s: %q", want, got.Problems)
		}
	}
}

// TestTheClock: a case about time must not pass this year and fail the next.
func TestTheClock(t *testing.T) {
	if got := run(t, "now: 2026-04-23T10:00:00Z\n"+event+"    refused: occurred_at_ahead")[0]; !got.OK {
		t.Errorf("%q", got.Problems)
	}
}

func TestMistakesNameTheirLine(t *testing.T) {
	minimal := "cases:\n  - event: {event_id: a}\n    "
	for text, want := range map[string]string{
		"":                                      "cases.yaml:1: the file is empty",
		"a: [":                                  "the file is not YAML",
		"- a":                                   "cases.yaml:1: the file is a list: want keys among now, defaults, cases",
		"case: []":                              `cases.yaml:1: key "case" of the file is unknown: want one of now, defaults, cases`,
		"cases: []":                             "cases are missing",
		"cases: [1]":                            "want keys among name, event",
		"now: tomorrow":                         "RFC 3339",
		"cases:\n  - {}":                        "cases.yaml:2: case 1 has no event",
		minimal + "name: x":                     "cases.yaml:2: x says 0 times what should become of the event",
		minimal + "refused: a\n    filtered: b": "says 2 times",
		minimal + "refused: [a]":                "cases.yaml:3: refused: want the code",
		minimal + "payload: x":                  "cases.yaml:3: payload: want a mapping",
		minimal + "has: {a: 0x1F}":              "cases.yaml:3: has:",
		minimal + "has: {a: .nan}":              "number that JSON does not have",
		minimal + "has: {? [a] : b}":            "want plain names",
		minimal + "warnings: none\n    refused: x":                     `cases.yaml:3: warnings is "none": want a list`,
		minimal + "refused: a\n    refused: b":                         "refused",
		"cases:\n  - event: {event_id: 7}\n    refused: x":             `cases.yaml:2: event: event_id: want a JSON string; in YAML digits`,
		"cases:\n  - event: {emial: jane@example.com}\n    refused: x": `unknown field "emial"`,
		"cases:\n  - event: [a]\n    refused: x":                       "event: want a mapping",
	} {
		_, err := Load("cases.yaml", []byte(text), nil)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "jane") {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestAliasesAndDefaults(t *testing.T) {
	got := run(t, `
defaults: {profile_id: "1", action_source: WEBSITE, occurred_at: "2026-04-23T10:15:30Z", event_name: Lead}
cases:
  - event: &lead {event_id: a}
    has: {name: Lead}
  - event: *lead
    has: {eventId: a}
  - event: {event_id: b, event_name: Contact}
    has: {name: Contact}
`)
	for _, r := range got {
		if !r.OK {
			t.Errorf("%s: %q", r.Name, r.Problems)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(event + "    refused: x")
	f.Add("cases:\n  - event: &a [*a]")
	f.Fuzz(func(t *testing.T, text string) {
		if file, err := Load("f", []byte(text), nil); err == nil && len(file.Cases) == 0 {
			t.Error("no cases and no error")
		}
	})
}
