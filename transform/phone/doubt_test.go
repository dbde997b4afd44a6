package phone

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"

	"github.com/tracklayer/amazon-capi/internal/lab/testkit"
)

// TestDoubtfulPhones: text that can be read as a number beside the one that was
// meant is left out, or read as that one.
func TestDoubtfulPhones(t *testing.T) {
	plans := newPlans(t)
	for _, c := range []struct{ raw, region, want string }{ // "" is refused
		// The point of a spreadsheet, and a full stop.
		{"+15551234567.0.", "", "15551234567"},
		{"+1 555 123 4567. 0", "", "15551234567"},
		{"+1 555 123 4567 .0", "", "15551234567"},
		{"15551234567.000000", "US", "15551234567"},
		{"+1 555 123 4567.", "DE", "15551234567"},

		// Digits that are not shown.
		{"+59821231...", "UY", ""},
		{"+59821231---", "UY", ""},
		{"+598 2123 ____", "UY", ""},
		{"094 231 2••", "UY", ""},
		{"•••• 1234567", "DE", ""},
		{"...1234567", "DE", ""},
		{"---1234567", "DE", ""},
		{"xxx1234567", "DE", ""},
		{"XXX 1234567", "DE", ""},
		{"(784) 266-XXXX", "VC", ""},
		{"+1784266xxxx", "", ""},

		// Letters that are not digits of a word.
		{"+16OO2O12345", "", ""},
		{"(6OO) 2O1-2345", "CA", ""},
		{"O6 6981 2345", "IT", ""},
		{"o 6 6981 2345", "IT", ""},
		{"l40 930 5260", "IN", ""},
		{"+1 310 1234 (CET)", "", ""},
		{"UY21231234", "DE", ""},
		{"О3012345678", "DE", ""}, // a Cyrillic one
		{"Tel 030 123456", "DE", "4930123456"},
		{"Tel+49 30 123456", "US", "4930123456"},
		{"電話09012345678", "JP", "819012345678"},
		{"• 030 123456", "DE", "4930123456"},
		{"1-800-GO-FEDEX", "US", "18004633339"},
		{"1-800-(FLOWERS)", "US", ""},

		// A second number, or an extension.
		{"+598 2123 1234/12", "", ""},
		{"+598 2123 1234 (12)", "", ""},
		{"2123 1234/35", "UY", ""},
		{"2123 1234 / 2123 1235", "UY", ""},
		{"7842661234/12", "", ""},
		{"628123456/628123456", "", ""},
		{"094 231 234 (0)", "UY", ""},
		{"02103/1234567", "DE", "4921031234567"},
		{"+49 2103/1234567", "", "4921031234567"},
		{"(555) 123-4567", "US", "15551234567"},

		// A zero before a number of a country that has no trunk prefix.
		{"0312 345 6789", "IT", ""}, // a mobile, or one of Como
		{"0 347 123 4567", "IT", ""},
		{"+39 0347 1234567", "", ""},
		{"0039 0 347 1234567", "IT", ""},
		{"039 347 1234567", "IT", ""},
		{"0333 123 4567", "VA", ""},
		{"0333 123 4567", "SM", ""},
		{"0800 123456", "IT", ""},
		{"347 123 4567", "IT", "393471234567"},
		{"0331 123456", "IT", "390331123456"}, // Busto Arsizio
		{"031 234567", "IT", "39031234567"},
		{"080 5123456", "IT", "390805123456"},
		{"06 6982 1234", "IT", "390669821234"},
		{"02 1234 5678", "IT", "390212345678"},
		{"0 470 02 000", "NO", ""},
		{"0 40123", "AC", ""},
		{"+225 07 12 34 56 78", "", "2250712345678"}, // Ivory Coast's own zero

		// What is dialled elsewhere for calls abroad.
		{"011 36 1 234 5678", "RS", ""},
		{"011 298 201234", "RS", ""},
		{"011 82 2 212 3456", "KR", ""},
		{"011 683 7012", "AE", ""},
		{"011 361 2345", "RS", "381113612345"}, // Belgrade
		{"011 961 1 123 456", "CV", "9611123456"},
		{"011 44 20 7946 0958", "WS", "442079460958"},
		{"011 4444 1234", "AR", "541144441234"},
		{"011 98765 4321", "BR", "5511987654321"},
		{"011 783 4567", "ZA", "27117834567"},
		{"0011 298 201234", "AE", ""},
		{"001 961 1 123 456", "AD", ""},
		{"0015 961 1 123 456", "DE", ""},
		{"001 212 555 0123", "DE", "12125550123"},
		{"0 0 30 12345678", "DE", ""},
		{"0 043012345", "BG", ""},
		{"65 0 8123 4567", "SG", ""},

		{"010 44 20 7946 0958", "DE", ""}, // from Japan
		{"010 44 20 7946 0958", "AT", ""},
		{"010 503 2123 4567", "DE", ""},
		{"810 44 20 7946 0958", "DE", ""}, // from Russia
		{"8~10 44 20 7946 0958", "RU", ""},
		{"8 10 44 20 7946 0958", "RU", "442079460958"},
		{"119 49 151 12345678", "AT", ""}, // from Cuba
		{"119 49 151 12345678", "CU", "4915112345678"},
		{"1 44 20 7946 0958", "DE", ""},
		{"1 49 151 12345678", "US", ""},
		{"1 43 664 123456", "DE", ""},
		{"0 57 300 123 4567", "CO", ""}, // its own code behind a zero
		{"0 57 601 234 5678", "CO", ""},
		{"0 383 44 123 456", "XK", ""},
		{"0 248 4 217 123", "SC", ""}, // where 02 is dialled for calls abroad
		{"0248 251 0123", "SC", ""},
		{"00 248 4 217 123", "SC", "2484217123"},
		{"0 49 151 12345678", "DE", ""},
		{"0491 8012345", "DE", "494918012345"}, // Leer, whose area code is its country's
		{"010 1234567", "KR", "82101234567"},
		{"0102 345 6789", "EG", "201023456789"},
		{"0810 123 456", "AT", "43810123456"},
		{"01 2345678", "AT", "4312345678"},
		{"1 212 555 0123", "US", "12125550123"},

		// Calling codes and prefixes that are there twice, or of another place.
		{"+49 49 151 12345678", "", ""},
		{"+598 598 2123 1234", "", ""},
		{"0(598) 2123 1234", "UY", ""},
		{"+82 00 82 2 2123 456", "", ""},
		{"+91 91234 56789", "", "919123456789"},
		{"+39 391 234 5678", "", "393912345678"},
		{"011 598 2123 1234", "UY", ""},
		{"011 598 (0)2123 1234", "US", "59821231234"},
		{"11 598 800 1234", "US", ""},
		{"011 4444 1234", "AR", "541144441234"},
		{"0113 496 0123", "GB", "441134960123"},
		{"0011 61 (0) 2 1234 5678", "AU", "61212345678"},
		{"001 592 (0) 220 1234", "GY", "5922201234"},
		{"00855 (0)23 756 789", "KH", ""}, // of +55 or of +855
		{"0 061234567", "", ""},           // Congo, and none of Australia
		{"(0)121 234 5678", "US", ""},     // a British one
		{"44 (0)20 7946 0958", "GB", "442079460958"},
		{"44 (0)20 7946 0958", "DE", "442079460958"}, // what is before such a zero is a calling code
		{"44 (0)20 7946 0958", "", "442079460958"},
		{"46 (0)8 123 456", "PL", "468123456"},
		{"82 (0)2 212 3456", "RU", "8222123456"},
		{"247 (0)40123", "PL", "24740123"},
		{"1 (0)310 1234", "IT", ""},
		{"4799123456", "US", "14799123456"},
		{"5988001234", "US", ""}, // Uruguay's, and no area of the United States
		{"88001234567", "", ""},  // Russia's inside, or Bangladesh's
		{"+49 15112345678901", "", ""},
	} {
		got, ok := plans.Append(nil, c.raw, c.region)
		if ok != (c.want != "") || ok && string(got) != c.want {
			t.Errorf("%q in %q = %q, %v; want %q", c.raw, c.region, got, ok, c.want)
		}
	}
}

// TestPhonesWithMore: what can come with a number makes none of another one, in
// any region.
func TestPhonesWithMore(t *testing.T) {
	plans := newPlans(t)
	all, err := phonenumbers.MetadataCollection()
	if err != nil {
		t.Fatal(err)
	}
	dialled := make(map[string]string)
	for _, m := range all.GetMetadata() {
		if p := m.GetInternationalPrefix(); isDigits(p) {
			dialled[m.GetId()] = p
		}
	}
	shown := 0
	for region, numbers := range examples() {
		if testkit.Racing() && region > "C" {
			continue
		}
		for _, n := range numbers {
			e164 := phonenumbers.Format(n, phonenumbers.E164)
			want, code, national := e164[1:], fmt.Sprint(n.GetCountryCode()), phonenumbers.GetNationalSignificantNumber(n)
			last := len(e164) - 3
			texts := []string{
				"+" + e164, "+00" + want, "00" + e164, "+" + code + e164, "+(" + code + ") " + national, "(+" + code + ")(0)" + national,
				e164 + ".0.", e164 + ". 0", e164 + " .0", e164 + ".000000", e164 + "٫٠", e164 + "．０", e164 + ".0 x12",
				e164 + ",,12#", e164 + " (x12)", e164 + " (12)", e164 + " [12]", e164 + "/12", e164 + "/" + e164, e164 + " / 0" + national,
				e164 + ", " + e164, e164 + ";" + e164, e164 + " or " + national, e164 + "|" + e164, e164 + " " + e164,
				strings.ReplaceAll(e164, "0", "O"), strings.ReplaceAll(e164, "1", "l"), strings.ReplaceAll(e164, "1", "I"),
				e164[:last] + "***", e164[:last] + "xxx", e164[:last-1] + "XXXX", e164[:last] + "•••", e164[:last] + "___", e164[:last] + "...", e164[:last] + "…", e164[:last] + "---",
				"xxx" + e164[4:], "..." + e164[4:], "•••" + e164[4:], e164[:len(e164)-1] + "²", e164 + "¹", e164[:len(e164)-1] + "①", e164[:len(e164)-1] + "½",
				`="` + e164 + `"`, "%2B" + want, "&#43;" + want, e164 + " Jane", e164 + " (home)", "sip:" + e164 + "@example.com",
				fmt.Sprintf("%s.%sE+%d", want[:1], want[1:5], len(want)-1), fmt.Sprintf("%sE%d", want[:5], len(want)-5),
			}
			for _, at := range []string{region, "", "US", "DE", "CN", "AQ"} {
				for _, text := range texts {
					if got, ok := plans.Append(nil, cutBlanks(text), at); ok && string(got) != want {
						if shown++; shown < 20 {
							t.Errorf("%+q in %q is %s, want %s or nothing", text, at, got, want)
						}
					}
				}
			}
			if p := dialled[region]; p != "" && region != "AQ" {
				for _, text := range []string{p + want, p + " " + code + " (0) " + national, p + e164} {
					if got, ok := plans.Append(nil, text, region); ok && string(got) != want {
						t.Errorf("%+q in %q is %s, want %s or nothing", text, region, got, want)
					}
				}
			}
		}
	}
}
