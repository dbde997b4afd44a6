package phone

import (
	"fmt"
	"strings"
	"testing"
	"unicode"

	"github.com/nyaruka/phonenumbers"

	"github.com/tracklayer/amazon-capi/internal/lab/testkit"
)

// spelling is a way to write a number that changes nothing about which it is.
type spelling struct {
	name string
	of   func(string) string
}

// invisible are the characters that come with text copied from pages, tables and
// chats, and that show nothing.
const invisible = "\u00ad\u034f\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e" +
	"\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufe00\ufe0d\ufe0f\ufeff\U000e0020\U000e0100"

// blanks are those that keep digits on one line, and others that pages have.
const noBreak = "\u00a0\u2007\u202f\u2009\u3000\t"

func spellings() []spelling {
	all := []spelling{
		{"as it is", func(s string) string { return s }},
		{"with .0", func(s string) string { return s + ".0" }},
		{"with ,0", func(s string) string { return s + ",0" }},
		{"with blanks around", func(s string) string { return "\u2068 " + s + "\r\n" }},
		{"in quotes", func(s string) string { return `"` + s + `"` }},
		{"as text of a sheet", func(s string) string { return "'" + s }},
		{"with a label", func(s string) string { return "Tel.: " + s }},
		{"with an extension", func(s string) string { return s + " ext. 89" }},
		{"with x", func(s string) string { return s + "x123" }},
		{"with ;ext=", func(s string) string { return s + ";ext=123" }},
		{"in dots", func(s string) string { return strings.NewReplacer(" ", ".", "-", ".").Replace(s) }},
		{"in dashes", func(s string) string { return strings.ReplaceAll(s, " ", "\u2011") }},
		{"digits only", func(s string) string {
			if strings.Contains(s, "+") {
				return "+" + digitsOf(s)
			}
			return digitsOf(s)
		}},
	}
	for _, zero := range []rune{'０', '٠', '۰', '०', '𝟎', '𝟘', '𝟢', '𝟬', '𝟶'} {
		all = append(all, spelling{"in the digits of " + string(zero), func(s string) string {
			return strings.Map(func(r rune) rune {
				if r >= '0' && r <= '9' {
					return zero + r - '0'
				}
				return r
			}, s)
		}})
	}
	for _, r := range invisible {
		all = append(all, spelling{fmt.Sprintf("with %U inside", r), func(s string) string {
			return strings.Join(strings.Split(s, ""), string(r))
		}})
	}
	for _, r := range noBreak {
		all = append(all, spelling{fmt.Sprintf("with %U for blanks", r), func(s string) string {
			return strings.ReplaceAll(s, " ", string(r))
		}})
	}
	return all
}

func digitsOf(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}

// examples are the library's own of every region and kind.
func examples() map[string][]*phonenumbers.PhoneNumber {
	all := make(map[string][]*phonenumbers.PhoneNumber)
	for _, region := range regions() {
		seen := make(map[string]bool)
		for typ := phonenumbers.FIXED_LINE; typ <= phonenumbers.VOICEMAIL; typ++ {
			n := phonenumbers.GetExampleNumberForType(region, typ)
			if n == nil || !phonenumbers.IsValidNumber(n) || seen[phonenumbers.Format(n, phonenumbers.E164)] {
				continue
			}
			seen[phonenumbers.Format(n, phonenumbers.E164)] = true
			all[region] = append(all[region], n)
		}
	}
	return all
}

// TestPhoneOfEveryRegion: however the examples of all regions are spelled, what
// is hashed is that number or nothing.
func TestPhoneOfEveryRegion(t *testing.T) {
	plans := newPlans(t)
	type tally struct{ right, out int }
	counts := make(map[string]*tally)
	shown := 0
	check := func(form, text, region, want string) {
		c := counts[form]
		if c == nil {
			c = new(tally)
			counts[form] = c
		}
		got, ok := plans.Append(nil, cutBlanks(text), region)
		switch {
		case !ok:
			c.out++
		case string(got) == want:
			c.right++
		default:
			if shown++; shown <= 20 {
				t.Errorf("%s: %+q in %q is %s, want %s or nothing", form, text, region, got, want)
			}
		}
	}
	spelled := spellings()
	if testkit.Racing() { // nothing here is concurrent, and it takes 20 times as long
		spelled = spelled[:4]
	}
	for region, numbers := range examples() {
		for _, n := range numbers {
			e164 := phonenumbers.Format(n, phonenumbers.E164)
			code, national := fmt.Sprint(n.GetCountryCode()), phonenumbers.GetNationalSignificantNumber(n)
			// The library writes one Argentine mobile as another.
			back, err := phonenumbers.Parse(phonenumbers.Format(n, phonenumbers.NATIONAL), region)
			readable := err == nil && phonenumbers.Format(back, phonenumbers.E164) == e164
			inside, abroad := phonenumbers.Format(n, phonenumbers.NATIONAL), phonenumbers.Format(n, phonenumbers.INTERNATIONAL)
			for i, s := range spelled {
				at := []string{region, "", "US", "DE", "JP", "LU", "PL", "IT", "MX"}
				if i > 0 { // how it is spelled, and where, are two matters
					at = at[:2]
				}
				for _, at := range at {
					check("E.164 "+s.name, s.of(e164), at, e164[1:])
					check("international "+s.name, s.of(abroad), at, e164[1:])
					check("RFC 3966 "+s.name, s.of(phonenumbers.Format(n, phonenumbers.RFC3966)), at, e164[1:])
					check("00 "+s.name, s.of("00"+strings.TrimPrefix(abroad, "+")), at, e164[1:])
					if s.name == "digits only" { // which has no parentheses any more
						continue
					}
					optional := code + " (0)" + strings.TrimPrefix(abroad, "+"+code+" ")
					check("(0) "+s.name, s.of("+"+optional), at, e164[1:])
					check("(0), no plus "+s.name, s.of(optional), at, e164[1:])
				}
				for _, at := range []string{region, ""} {
					// A mobile of the country is what it is taken for.
					if p := plans.region(at); p != nil && p.mobile().all([]byte(e164[1:])) {
						continue
					}
					check(fmt.Sprintf("no plus, country %v, %s", at != "", s.name), s.of(e164[1:]), at, e164[1:])
				}
				if readable {
					check("national "+s.name, s.of(inside), region, e164[1:])
				}
				// Of so many digits that begin with a calling code nothing says
				// that they are not an international number.
				if _, ok := plans.appendBare(nil, []byte(digitsOf(inside))); !ok {
					check("national, no country "+s.name, s.of(inside), "", e164[1:])
				}
				check("significant "+s.name, s.of(national), region, e164[1:])
				check("0 and code "+s.name, s.of("0"+e164[1:]), "US", e164[1:])
			}
			check("floating point", fmt.Sprintf("%s.%se+%d", national[:1], national[1:], len(national)-1), region, e164[1:])
		}
	}
	if t.Failed() || testing.Verbose() {
		for form, c := range counts {
			t.Logf("%-50s right %5d, left out %5d", form, c.right, c.out)
		}
	}
}

// cutBlanks is what the transform does to a text before it asks for a number.
func cutBlanks(text string) string {
	return strings.TrimFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) })
}
