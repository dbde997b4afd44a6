package pipeline

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/tracklayer/amazon-capi/internal/lab/testkit"
)

// TestOrders: each change of the file is an order, and what is in it when the process begins
// is none.
func TestOrders(t *testing.T) {
	path := filepath.Join(t.TempDir(), "resume")
	var log testkit.Buffer
	o := orders{path: path, log: zerolog.New(&log)}
	at := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	write := func(text string) {
		t.Helper()
		at = at.Add(time.Second)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(want ...string) {
		t.Helper()
		if got := o.read(); !slices.Equal(got, want) {
			t.Errorf("read %q, want %q", got, want)
		}
		if got := o.read(); got != nil {
			t.Errorf("read %q again", got)
		}
	}
	expect() // there is no file
	write("all\n")
	expect("all")
	write("\ufeff# for the storm of today\n\n 123 2026-11-01T12:00:00Z\r\n456\n")
	expect("123", "456")
	write("\ufeff# for the storm of today\n\n 123 2026-11-01T12:00:00Z\r\n456\n")
	expect() // written again, which says nothing new
	write("789\n12")
	if got := o.read(); got != nil {
		t.Errorf("an unfinished line is obeyed: %q", got)
	}
	write("789\n123")
	if got := o.read(); got != nil {
		t.Errorf("an unfinished line is obeyed: %q", got)
	}
	expect("789", "123")
	write("")
	expect()
	write(strings.Repeat("1\n", 20_000))
	if n := len(o.read()); n != maxOrderLines {
		t.Errorf("%d lines are obeyed", n)
	}
	write(strings.Repeat("123456789\n", 20_000))
	expect()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	expect()
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	expect()
	if n := strings.Count(log.String(), "cannot be read"); n != 1 && n != 2 {
		t.Errorf("told %d times:\n%s", n, log.String())
	}

	later := orders{path: filepath.Join(t.TempDir(), "resume")}
	if err := os.WriteFile(later.path, []byte("all"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := later.read(); got != nil {
		t.Errorf("an order for an earlier process is obeyed: %q", got)
	}
	if got := (&orders{}).read(); got != nil {
		t.Errorf("read %q without a file", got)
	}
}
