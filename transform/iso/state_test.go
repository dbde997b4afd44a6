package iso

import (
	"strings"
	"testing"
)

// TestStatesHaveCodes: every name gives a code of its own, and no code is the
// beginning of its name by mistake.
func TestStatesHaveCodes(t *testing.T) {
	names := strings.Split("Alabama,Alaska,Arizona,Arkansas,California,Colorado,Connecticut,Delaware,Florida,Georgia,Hawaii,Idaho,Illinois,"+
		"Indiana,Iowa,Kansas,Kentucky,Louisiana,Maine,Maryland,Massachusetts,Michigan,Minnesota,Mississippi,Missouri,Montana,Nebraska,Nevada,"+
		"New Hampshire,New Jersey,New Mexico,New York,North Carolina,North Dakota,Ohio,Oklahoma,Oregon,Pennsylvania,Rhode Island,South Carolina,"+
		"South Dakota,Tennessee,Texas,Utah,Vermont,Virginia,Washington,West Virginia,Wisconsin,Wyoming", ",")
	codes := strings.Fields("al ak az ar ca co ct de fl ga hi id il in ia ks ky la me md ma mi mn ms mo mt ne nv " +
		"nh nj nm ny nc nd oh ok or pa ri sc sd tn tx ut vt va wa wv wi wy")
	if len(names) != 50 || len(codes) != 50 {
		t.Fatalf("%d names, %d codes", len(names), len(codes))
	}
	for i, name := range names {
		if got, ok := AppendState(nil, strings.ToUpper(name), "US"); !ok || string(got) != codes[i] {
			t.Errorf("%s is %q, want %q", name, got, codes[i])
		}
	}
}
