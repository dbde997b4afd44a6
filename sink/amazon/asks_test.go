package amazon

import (
	"slices"
	"testing"
	"time"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/transform"
)

func TestContractsAskWhatIsDocumented(t *testing.T) {
	var asked []verdict.Code
	for _, k := range contracts(ContractOptions{}) {
		asked = append(asked, k.Asks()...)
	}
	for _, e := range verdict.CodesBy("sink/amazon") {
		if e.Code != verdict.CodeEventTooLarge && !slices.Contains(asked, e.Code) {
			t.Errorf("no contract asks %s", e.Code)
		}
	}
	for _, c := range asked {
		if c.Entry().By != "sink/amazon" {
			t.Errorf("%s is of %s", c, c.Entry().By)
		}
	}
}

// TestContractsAskInTheirOrder gives a conversion every two faults at once: the
// refusal is of the one that Asks has first, which is what explain goes by.
func TestContractsAskInTheirOrder(t *testing.T) {
	at := time.Date(2026, 4, 24, 0, 0, 0, 0, time.UTC)
	faults := map[string]func(*transform.Conversion){
		"consent denied":  func(c *transform.Conversion) { c.Consent.UserData = transform.ConsentDenied },
		"consent missing": func(c *transform.Conversion) { c.Consent.UserData, c.CountryCode = "", "FR" },
		"old":             func(c *transform.Conversion) { c.OccurredAt -= (40 * 24 * time.Hour).Milliseconds() },
		"type":            func(c *transform.Conversion) { c.EventType = "DONATE" },
		"platform":        func(c *transform.Conversion) { c.ActionSource, c.Platform = transform.SourceApp, "" },
		"country":         func(c *transform.Conversion) { c.CountryCode = "" },
		"decimals":        func(c *transform.Conversion) { c.Amount = schemas.NewDecimal(1, 3) },
		"currency":        func(c *transform.Conversion) { c.Currency = "XAU" },
		"no identifiers": func(c *transform.Conversion) {
			c.HashedEmail, c.HashedPhone, c.MADID, c.HashedPostal = transform.Hash{}, transform.Hash{}, "", transform.Hash{}
		},
		"offline":     func(c *transform.Conversion) { c.ActionSource = transform.SourceOffline },
		"negative":    func(c *transform.Conversion) { c.Amount = schemas.NewDecimal(-1, 0) },
		"no currency": func(c *transform.Conversion) { c.Currency = "" },
	}
	for _, k := range contracts(ContractOptions{}) {
		place := func(change ...func(*transform.Conversion)) int {
			c := purchase()
			c.Consent.UserData = transform.ConsentGranted
			for _, f := range change {
				f(c)
			}
			why := Refusal(k, c, at)
			if why == nil {
				return len(k.Asks())
			}
			i := slices.IndexFunc(k.Asks(), func(c verdict.Code) bool { return c.String() == why.Code && c.Entry().Class == why.Class })
			if i < 0 {
				t.Errorf("%s refuses for %s and does not say that it asks it", k.Name(), why.Code)
			}
			return i
		}
		refused := 0
		for a, faultA := range faults {
			alone := place(faultA)
			if alone < len(k.Asks()) {
				refused++
			}
			for b, faultB := range faults {
				// The one fault may undo or hide the other, but never bring a later
				// rule before an earlier one.
				if both := place(faultA, faultB); both > min(alone, place(faultB)) && !undoes(a, b) {
					t.Errorf("%s, %s and %s: refused by rule %d, want the earlier of %d and %d", k.Name(), a, b, both, alone, place(faultB))
				}
			}
		}
		if refused < len(k.Asks())-1 {
			t.Errorf("%s refuses for %d faults of %d", k.Name(), refused, len(k.Asks()))
		}
	}
}

// undoes: these set the same field.
func undoes(a, b string) bool {
	for _, group := range [][]string{
		{"consent missing", "consent denied", "country"}, {"platform", "offline"}, {"decimals", "negative"}, {"currency", "no currency"},
	} {
		if slices.Contains(group, a) && slices.Contains(group, b) {
			return true
		}
	}
	return a == "type" || b == "type" // of another type, a currency is not asked
}
