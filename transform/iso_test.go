package transform

import (
	"slices"
	"testing"
)

// TestTablesAreSorted: pick searches by halves, so one code out of place hides
// others.
func TestTablesAreSorted(t *testing.T) {
	for _, c := range []struct {
		name  string
		table string
		width int
		count int // of ISO 3166-1 on the day of writing; of ISO 4217 likewise, less what names no money, with BGN
	}{
		{"countries", countries, 2, 249},
		{"currencies", currencies, 3, 169},
	} {
		var codes []string
		for i := 0; i+c.width <= len(c.table); i += c.width {
			codes = append(codes, c.table[i:i+c.width])
		}
		if len(codes)*c.width != len(c.table) || len(codes) != c.count {
			t.Errorf("%s: %d codes in %d bytes, want %d", c.name, len(codes), len(c.table), c.count)
		}
		if !slices.IsSorted(codes) || len(slices.Compact(slices.Clone(codes))) != len(codes) {
			t.Errorf("%s are not in order or not unique", c.name)
		}
		for _, code := range codes {
			for _, given := range []string{code, string([]byte{code[0] | 0x20}) + code[1:]} {
				if got, ok := pick(c.table, c.width, given); !ok || got != code {
					t.Errorf("%s: %s is not found", c.name, given)
				}
			}
		}
	}
}

func TestCodes(t *testing.T) {
	for code, want := range map[string]bool{
		"US": true, "us": true, "gB": true, "AD": true, "ZW": true, "SS": true, "CW": true,
		"UK": false, "EU": false, "XK": false, "ZZ": false, "AN": false, "U": false, "USA": false, "": false, "1A": false, "Ü": false, "DA": false,
	} {
		if _, ok := country(code); ok != want {
			t.Errorf("country(%q) = %v", code, ok)
		}
	}
	for code, want := range map[string]bool{
		"USD": true, "usd": true, "EUR": true, "SLE": true, "VES": true, "ZWG": true, "XCG": true, "AED": true, "XOF": true,
		"SLL": false, "ZWL": false, "VEF": false, "ANG": false, "HRK": false, "DEM": false, "XXX": false, "XTS": false, "XAU": false,
		"US": false, "USDT": false, "": false, "$": false, "US$": false, "€": false, "SDU": false,
	} {
		if _, ok := currency(code); ok != want {
			t.Errorf("currency(%q) = %v", code, ok)
		}
	}
}
