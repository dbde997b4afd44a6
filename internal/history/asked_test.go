package history_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tracklayer/amazon-capi/internal/history"
	"github.com/tracklayer/amazon-capi/schemas"
)

func TestValuesThatNothingHasAreSaid(t *testing.T) {
	for name, tc := range map[string]struct {
		asked, there []string
		want         string
	}{
		"a slip":           {[]string{"value_mising"}, []string{"value_missing", "value_negative"}, `--code: no dead letter that was read has "value_mising"; did you mean "value_missing"?`},
		"one of two":       {[]string{"a_code", "b_code_x"}, []string{"a_code"}, `--code: no dead letter that was read has "b_code_x"; there are: a_code`},
		"nothing alike":    {[]string{"zzzz"}, []string{"value_missing", "short"}, `--code: no dead letter that was read has "zzzz"; there are: short, value_missing`},
		"there":            {[]string{"Short"}, []string{"short"}, ""},
		"nothing at all":   {[]string{"short"}, nil, `--code: no dead letter that was read has "short"`},
		"too many to list": {[]string{"zzzz"}, strings.Fields("aaaaaaaa1 aaaaaaaa2 aaaaaaaa3 aaaaaaaa4 aaaaaaaa5 aaaaaaaa6 aaaaaaaa7 aaaaaaaa8 aaaaaaaa9"), `--code: no dead letter that was read has "zzzz"`},
	} {
		var a history.Asked
		a.For("code", tc.asked, strings.ToLower)
		for _, v := range tc.there {
			a.Saw("code", v, v)
			a.Saw("status", v, v)
		}
		if got := strings.Join(a.Unmatched("dead letter"), "\n"); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
	var a history.Asked // however many there are
	a.For("profile", []string{"1"}, nil)
	for i := range 100_000 {
		a.Saw("profile", fmt.Sprint(i+10), strings.Repeat("9", 300))
	}
	if got := a.Unmatched("event"); len(got) != 1 {
		t.Errorf("%q", got)
	}
}

func TestAChoiceSaysWhatNoEventHas(t *testing.T) {
	c := history.Choice{Profiles: []string{"1234567891"}, Names: []string{"order completed", "Leed"}, EventIDs: []string{"ord_2"}}
	c.Watch()
	c.Match(&schemas.Event{ProfileID: "1234567890", EventName: "Order_Completed", EventID: "ord_1"})
	c.Match(&schemas.Event{ProfileID: "1234567890", EventName: "Lead", EventID: "jane@example.com"})
	got := strings.Join(c.Unmatched(), "\n")
	for _, want := range []string{`--profile: no event that was read has "1234567891"; did you mean "1234567890"?`, `"Leed"; did you mean "Lead"?`, `"ord_2"; did you mean "ord_1"?`} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "jane") || strings.Contains(got, "order completed") {
		t.Errorf("it says %s", got)
	}
}
