package profile

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestProfileLabelsAreBounded(t *testing.T) {
	p := Labels{Limit: 3, Configured: func(profile string) bool { return strings.HasPrefix(profile, "named") }}
	for i := range 10 { // ids that somebody made up take no label
		if got := p.Label(fmt.Sprint("junk", i)); got != "other" {
			t.Errorf("an unknown profile has the label %s", got)
		}
	}
	p.Accepted("a")
	p.Accepted("b")
	got := []string{p.Label("a"), p.Label("named1"), p.Label("named2"), p.Label("b"), p.Label("c"), p.Label("named1")}
	p.Accepted("c")
	got = append(got, p.Label("c"))
	if diff := cmp.Diff([]string{"a", "named1", "other", "b", "other", "named1", "other"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
