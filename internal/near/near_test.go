package near

import (
	"slices"
	"testing"
)

func TestName(t *testing.T) {
	known := []string{"topic", "group", "group.id", "ssl.truststore.location"}
	for name, want := range map[string]string{"topics": "topic", "grup": "group", "x": "", "ssl.trustore.location": "ssl.truststore.location", "": ""} {
		if got := Name(name, slices.Values(known), 2); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
