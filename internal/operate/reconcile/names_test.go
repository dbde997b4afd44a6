package reconcile

import (
	"fmt"
	"strings"
	"testing"
	"unsafe"

	"github.com/tracklayer/amazon-capi/internal/redact"
)

func TestNamesAreShownTheSameAgain(t *testing.T) {
	n := make(names)
	for _, name := range []string{"", "Purchase", "  Add  to cart ", "ann@example.com bought", strings.Repeat("long ", 100)} {
		want := redact.Line(redact.Text(name), nameLimit)
		for range 2 {
			if got := n.shown(name); got != want {
				t.Errorf("shown as %q, want %q", got, want)
			}
		}
	}
}

// A source with an id in its names has as many names as events.
func TestNamesAreBounded(t *testing.T) {
	n := make(names)
	for i := range 2*maxNames + 1 {
		name := fmt.Sprintf("Purchase of cart %d", i)
		if got, want := n.shown(name), redact.Line(redact.Text(name), nameLimit); got != want {
			t.Fatalf("shown as %q, want %q", got, want)
		}
	}
	n.shown(strings.Repeat("long ", 100))
	if len(n) > maxNames {
		t.Errorf("%d names are remembered, want at most %d", len(n), maxNames)
	}
	for name := range n {
		if len(name) > nameLimit {
			t.Errorf("a name of %d bytes is remembered, want at most %d", len(name), nameLimit)
		}
	}
}

// A decoder may use a record's memory again.
func TestNamesKeepNoPartOfARecord(t *testing.T) {
	n, record := make(names), strings.Repeat("x", 1000)+"Purchase"
	part := record[1000:]
	n.shown(part)
	for name, shown := range n {
		if same(name, part) || same(shown, part) {
			t.Error("the record stays in memory with its name")
		}
	}
}

func same(a, b string) bool { return unsafe.StringData(a) == unsafe.StringData(b) }
