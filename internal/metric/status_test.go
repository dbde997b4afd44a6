package metric

import (
	"fmt"
	"testing"
)

// A server can answer with any status, and there is a series of each for each
// profile.
func TestReasonsOfRetriesAreBounded(t *testing.T) {
	labels := map[string]bool{}
	for status := 100; status < 1000; status++ {
		labels[StatusLabel(fmt.Sprint(status))] = true
	}
	if len(labels) > 80 || !labels["503"] || !labels["5xx"] {
		t.Errorf("%d reasons", len(labels))
	}
	if got := StatusLabel("timeout"); got != "timeout" {
		t.Error(got)
	}
}
