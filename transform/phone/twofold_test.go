package phone

import (
	"testing"

	"github.com/nyaruka/phonenumbers"

	"github.com/tracklayer/amazon-capi/internal/lab/testkit"
)

// TestNumbersBehindASingleZero: the numbers of people abroad, and of the country itself,
// with their calling code behind a zero too many. Whatever country the event is of, it
// is that number or none.
func TestNumbersBehindASingleZero(t *testing.T) {
	plans := newPlans(t)
	all, tried, shown, out := examples(), 0, 0, 0
	for region, numbers := range all {
		for _, n := range numbers {
			e164 := phonenumbers.Format(n, phonenumbers.E164)[1:]
			code := len(phonenumbers.Format(n, phonenumbers.E164)) - 1 - len(phonenumbers.GetNationalSignificantNumber(n))
			mobile := phonenumbers.GetNumberType(n) == phonenumbers.MOBILE
			for home := range all {
				if testkit.Racing() && home != "DE" { // nothing here is concurrent
					continue
				}
				p := plans.region(home)
				inside := p.cutTrunk([]byte("0" + e164))
				switch {
				case len(e164) < 8: // of Tokelau, which has 1,500 people
					continue
				case p.mobile().all(inside): // as people of the country write theirs
					continue
				case len(inside) != len(e164) && p.trunk != nil && len(inside) < len(e164): // a carrier's code
					continue
				case home != region && p.code != plans.region(region).code && !mobile && len(e164) <= longest:
					continue // nobody can tell, and nearly all are of the country
				}
				written := []string{"0" + e164, "0 " + e164, "0" + e164[:code] + " " + e164[code:], "0 " + e164[:code] + " " + e164[code:], "(0)" + e164, "0-" + e164[:code] + "-" + e164[code:] + ".0", "\u20680" + e164 + "\u2069"}
				tried++
				for _, text := range []string{written[0], written[tried%len(written)]} {
					got, ok := plans.Append(nil, text, home)
					if ok && string(got) != e164 {
						if shown++; shown <= 30 {
							t.Errorf("%+q of %s in %s is %s", text, region, home, got)
						}
					} else if !ok {
						out++
					}
				}
			}
		}
	}
	t.Logf("%d wrong, %d left out", shown, out)
	for text, want := range map[string]string{
		"DE 04531 123456": "494531123456", "DE 04531/123456": "494531123456", "DE (04531) 123456": "494531123456", "DE (0)4531 123456": "494531123456",
		"DE 0511 1234567": "495111234567", "DE 0151 23456789": "4915123456789", "DE 030 12345678": "493012345678", "DE 015123456789": "4915123456789",
		"DE 03361 234567": "493361234567", "DE 0491 123456": "49491123456",
		"GB 020 7946 0958": "442079460958", "GB 07911 123456": "447911123456", "GB 02476 123456": "442476123456", "FR 06 12 34 56 78": "33612345678",
		"DE 04531123456": "", "DE 0 45 31123456": "", "DE 0447911123456": "", "DE 0 44 20 7946 0958": "", "DE 044 20 7946 0958": "",
		"DE 0 49 30 12345678": "", "XK 0 383 44 123 456": "", "XK 0 383 28 012345": "", "AT 0 44 7911 123456": "",
	} {
		got, ok := plans.Append(nil, text[3:], text[:2])
		if string(got) != want && !(want == "" && !ok) {
			t.Errorf("%s is %q, want %q", text, got, want)
		}
	}
}
