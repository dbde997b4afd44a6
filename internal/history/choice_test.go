package history

import (
	"testing"

	"github.com/tracklayer/amazon-capi/schemas"
)

func TestChoice(t *testing.T) {
	ev := &schemas.Event{ProfileID: "1", EventID: "ord_1", EventName: "Add To Cart"}
	for _, tc := range []struct {
		f    Choice
		want bool
	}{
		{Choice{}, true},
		{Choice{Names: []string{"add_to_cart"}}, true},
		{Choice{Names: []string{"lead", "AddToCart"}, Profiles: []string{"2", "1"}}, true},
		{Choice{Names: []string{"AddToCart"}, Profiles: []string{"2"}}, false},
		{Choice{EventIDs: []string{"ord_1"}}, true},
		{Choice{EventIDs: []string{"ORD_1"}}, false}, // ids are what they are
		{Choice{Names: []string{"Purchase"}}, false},
	} {
		if got := tc.f.Match(ev); got != tc.want {
			t.Errorf("%+v: %v, want %v", tc.f, got, tc.want)
		}
	}
}
