package metric

import (
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// TestNamesOfAttributesAreStrangers': their number is bounded, and what identifies somebody
// is not shown.
func TestNamesOfAttributesAreStrangers(t *testing.T) {
	reg := prometheus.NewRegistry()
	a := NewAttributes(reg)
	secret := []string{"jane.doe@example.com", strings.Repeat("ab12", 16), "AEBE52E7-03EE-455A-B3C4-E57283966239", strings.Repeat("x", 1000)}
	for _, name := range append(secret, "color", "") {
		a.LeftOut(name, "attribute_invalid")
	}
	for i := range 500 {
		a.LeftOut(fmt.Sprint("k", i), "attributes_too_many")
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	if n := len(families[0].GetMetric()); n > 2*maxAttributeNames {
		t.Errorf("%d series", n)
	}
	text, sum := fmt.Sprint(families), 0.0
	for _, m := range families[0].GetMetric() {
		sum += m.GetCounter().GetValue()
	}
	for _, s := range secret {
		if strings.Contains(text, s) {
			t.Errorf("%q is shown", s)
		}
	}
	if !strings.Contains(text, `value:"color"`) || sum != 506 {
		t.Errorf("%v counted, want 506, color among them: %s", sum, text)
	}
}
