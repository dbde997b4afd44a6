package setup

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestTerminal(t *testing.T) {
	var shown bytes.Buffer
	asks := &Terminal{In: strings.NewReader("\n b \nperhaps\nYES\n\n\nlast"), Out: &shown}
	line := func(want string) {
		t.Helper()
		if got, err := asks.Line(t.Context(), "Q", "default"); err != nil || got != want {
			t.Errorf("%q, %v, want %q", got, err, want)
		}
	}
	confirm := func(without, want bool) {
		t.Helper()
		if got, err := asks.Confirm(t.Context(), "Q?", without); err != nil || got != want {
			t.Errorf("%t, %v, want %t", got, err, want)
		}
	}
	line("default")
	line("b")
	confirm(false, true) // asked again for what is neither
	confirm(true, true)
	confirm(false, false)
	line("last")
	if _, err := asks.Line(t.Context(), "Q", ""); !errors.Is(err, ErrGaveUp) {
		t.Errorf("at the end: %v", err)
	}
	if yes, err := asks.Confirm(t.Context(), "Q", true); yes || !errors.Is(err, ErrGaveUp) {
		t.Errorf("at the end: %t, %v", yes, err)
	}
	if n := strings.Count(shown.String(), "Q? [y/N] "); n != 3 {
		t.Errorf("shown %q", &shown)
	}
	asks.In = strings.NewReader(strings.Repeat("x", maxAnswer+1))
	if _, err := asks.Line(t.Context(), "Q", ""); err == nil || errors.Is(err, ErrGaveUp) {
		t.Errorf("a line without end: %v", err)
	}
}
