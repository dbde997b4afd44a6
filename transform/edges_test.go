package transform

import (
	"strings"
	"testing"
)

// TestAHashIsNeverPrinted, but whether there is one is.
func TestAHashIsNeverPrinted(t *testing.T) {
	var h Hash
	if got := h.String(); got != "(no hash)" || h.IsSet() {
		t.Errorf("%q, set %v", got, h.IsSet())
	}
	copy(h[:], strings.Repeat("ab", 32))
	for _, got := range []string{h.String(), h.GoString()} {
		if got != "(hash)" || !h.IsSet() {
			t.Errorf("%q, set %v", got, h.IsSet())
		}
	}
}

// TestProfileIDsSayWhatTheyWant, and take that.
func TestProfileIDsSayWhatTheyWant(t *testing.T) {
	for _, tc := range []struct {
		ids       ProfileIDs
		want      string
		good, bad []string
	}{
		{DigitProfiles, "1 to 20 digits, or any with ", []string{"1", strings.Repeat("9", 20)}, []string{"", strings.Repeat("9", 21), "a", "1-2", "１"}},
		{AnyProfiles, "1 to 64 of A-Z a-z 0-9 . _ -", []string{"1", "aZ09._-", strings.Repeat("x", 64)}, []string{"", strings.Repeat("x", 65), "a b", "é", "a/b"}},
	} {
		if got := tc.ids.Want(); !strings.HasPrefix(got, tc.want) {
			t.Errorf("%v wants %q", tc.ids, got)
		}
		for _, id := range tc.good {
			if !tc.ids.Valid(id) {
				t.Errorf("%v refuses %q", tc.ids, id)
			}
		}
		for _, id := range tc.bad {
			if tc.ids.Valid(id) {
				t.Errorf("%v takes %q", tc.ids, id)
			}
		}
		if again, err := ParseProfileIDs(tc.ids.String()); err != nil || again != tc.ids {
			t.Errorf("%v is read as %v, %v", tc.ids, again, err)
		}
	}
}
