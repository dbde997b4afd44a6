package transform

import (
	"slices"
	"testing"
)

func TestWarnings(t *testing.T) {
	names := WarningNames()
	sorted := slices.Sorted(slices.Values(names))
	if len(names) != int(warningCount) || len(slices.Compact(sorted)) != len(names) || slices.Contains(names, "") {
		t.Errorf("names %q are not one for each warning", names)
	}
	var ws Warnings
	ws.Add(MADIDZeros)
	ws.Add(EmailInvalid)
	ws.Add(EmailInvalid)
	var got []string
	ws.Each(func(w Warning) { got = append(got, w.String()) })
	if want := []string{"email_invalid", "madid_zeros"}; !slices.Equal(got, want) {
		t.Errorf("Each gave %q, want %q", got, want)
	}
	if ws.Has(PhoneInvalid) || !ws.Has(MADIDZeros) {
		t.Errorf("Has is wrong of %b", ws)
	}
	if s := Warning(99).String(); s != "warning(99)" {
		t.Errorf("a warning that is none is called %s", s)
	}
}
