package transform

import (
	"strings"
	"testing"
)

// TestDataSetNames: those that Amazon takes, which refuses others only when an event is
// sent.
func TestDataSetNames(t *testing.T) {
	for name, good := range map[string]bool{
		"": false, "shop": false, "shops": true, "Shop_data-2": true, strings.Repeat("a", 100): true, strings.Repeat("a", 101): false,
		"1shop": false, "_shop": false, "-shop": false, "s1234": true, "shop.data": false, "shop data": false, "shöps": false,
		"azAZ09": true, "a@AZ09": false, "a[AZ09": false, "a`AZ09": false, "a{AZ09": false, "a/AZ09": false, "a:AZ09": false,
	} {
		if err := CheckDataSet(name); (err == nil) != good {
			t.Errorf("%q: %v, want it taken: %v", name, err, good)
		}
	}
}
