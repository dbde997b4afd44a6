package transform

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMappingSummary(t *testing.T) {
	m := mapping(t, `unmapped: filter
types: [REFUND, DONATE]
events:
  - match: [Purchase, Bought]
    name: Purchase
    event_type: PURCHASE
  - match: [Gift]
    name: Gift!
    event_type: DONATE
  - match: [Ping]
    action: filter
`)
	got, err := m.Summary()
	if err != nil {
		t.Fatal(err)
	}
	want := MappingSummary{
		Names: 4, Sent: []string{"Gift! (DONATE)", "Purchase (PURCHASE)"}, Filtered: 1, Unmapped: "filter", UnusedTypes: []string{"REFUND"},
		Forbidden:  []string{"Gift!"},
		NotBuiltIn: []string{"AddToCart", "AppFirstStart", "Application", "Checkout", "Contact", "Lead", "PageView", "ProductView", "Search", "Signup", "StartTrial", "Subscribe"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	builtIn, err := (*Mapping)(nil).Summary()
	if err != nil || builtIn.Names == 0 || len(builtIn.NotBuiltIn)+len(builtIn.UnusedTypes) > 0 || builtIn.Unmapped != "reject" {
		t.Errorf("%+v, %v", builtIn, err)
	}
}
