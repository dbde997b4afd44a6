package condition

import (
	"strings"
	"testing"

	"github.com/tracklayer/amazon-capi/schemas"
)

// TestOperatorsAtTheirEdges: each comparison below, at and above its number, both ways
// round, and negated.
func TestOperatorsAtTheirEdges(t *testing.T) {
	for operator, want := range map[string][3]bool{
		"==": {false, true, false}, "!=": {true, false, true}, "<": {true, false, false}, "<=": {true, true, false}, ">": {false, false, true}, ">=": {false, true, true},
	} {
		mirrored := map[string]string{"<": ">", "<=": ">=", ">": "<", ">=": "<="}[operator]
		if mirrored == "" {
			mirrored = operator
		}
		for text, negated := range map[string]bool{
			"value " + operator + " 500": false, "500 " + mirrored + " value": false, "not (value " + operator + " 500)": true,
			"value " + operator + " quantity": false,
		} {
			c, err := Compile(text)
			if err != nil {
				t.Fatal(err)
			}
			for i, cents := range []int64{49999, 50000, 50001} {
				ev := &schemas.Event{Custom: schemas.CustomData{Value: schemas.NewDecimal(cents, 2), Quantity: 500}}
				if got := c.Holds(Subject{Event: ev}); got != (want[i] != negated) {
					t.Errorf("%s of %d cents: %t", text, cents, got)
				}
			}
		}
	}
}

// TestLimitsAtTheirEdges: what is as long as it may be is taken, and nothing longer.
func TestLimitsAtTheirEdges(t *testing.T) {
	fill := func(text string, n int) string { return text + strings.Repeat(" ", n-len(text)) }
	// A comparison has three parts, and joining two of them is one more.
	parts := func(n int) string { return strings.TrimSuffix(strings.Repeat("value>1 or ", n), " or ") }
	for name, tc := range map[string]struct {
		text string
		ok   bool
	}{
		"as long as may be": {fill("value > 1", maxLength), true}, "a byte too long": {fill("value > 1", maxLength+1), false},
		"all the parts": {parts(maxNodes / 4), true}, "more parts": {parts(maxNodes/4 + 1), false},
		"200 parts": {"not (" + parts(maxNodes/4) + ")", true}, "201 parts": {"not (not (" + parts(maxNodes/4) + "))", false},
	} {
		if _, err := Compile(tc.text); (err == nil) != tc.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	c, err := Compile(`order_reference matches "^a+$"`)
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range map[int]bool{maxMatched: true, maxMatched + 1: false} {
		if got := c.Holds(Subject{Event: &schemas.Event{Custom: schemas.CustomData{OrderReference: strings.Repeat("a", n)}}}); got != want {
			t.Errorf("a text of %d bytes matches: %t", n, got)
		}
	}
}
