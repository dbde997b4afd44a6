package phone

import (
	"regexp"
	"testing"

	"github.com/nyaruka/phonenumbers"
	"pgregory.net/rapid"
)

// The automaton takes of any digits what package regexp takes, by the patterns of
// the library's data and by those that data could come to have.
func TestPrefixIsTheRegularExpression(t *testing.T) {
	patterns := []string{
		"0", "0|180020", "0*1", "(?:0|00)?1", "1?", "1??2", "1*?", "12|1", "1|12", "(1|12)(34|4)", "1(?:2|$)", "1$|12", "(?:12|1)$",
		"[2-9]{2,4}?3", "(?:0(?:1|2)?)+$", ".1", "^12", "a|1", `\D|2`, "(?:)", "1^2|13", "1{3}|1{2}", "12$3",
	}
	all, err := phonenumbers.MetadataCollection()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range all.GetMetadata() {
		patterns = append(patterns, m.GetInternationalPrefix(), m.GetNationalPrefixForParsing(),
			"(?:"+m.GetGeneralDesc().GetNationalNumberPattern()+")$")
	}
	for _, pattern := range patterns {
		p, err := newPrefix(pattern)
		if err != nil {
			t.Errorf("%q: %v", pattern, err)
			continue
		}
		if pattern == "" {
			if n := p.match([]byte("0123")); n != 0 {
				t.Errorf("no pattern takes %d digits", n)
			}
			continue
		}
		re := regexp.MustCompile("^(?:" + pattern + ")")
		rapid.Check(t, func(t *rapid.T) {
			// Of few digits, or most that are drawn end where they begin.
			digits := rapid.StringMatching("[0-3]{0,6}[0-9]{0,12}").Draw(t, "digits")
			want := 0
			if at := re.FindStringIndex(digits); at != nil {
				want = at[1]
			}
			if got := p.match([]byte(digits)); got != want {
				t.Fatalf("%q takes %d of %s: want %d", pattern, got, digits, want)
			}
		})
	}
}

func TestPrefixOfABadPattern(t *testing.T) {
	for _, pattern := range []string{"(", `1\b`, "[0-9]{0,400}[13579][0-9]{12}"} {
		if p, err := newPrefix(pattern); err == nil {
			t.Errorf("%q became %d states", pattern, len(p.states))
		}
	}
}
