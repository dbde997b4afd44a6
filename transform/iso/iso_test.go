package iso

import (
	"slices"
	"strings"
	"testing"
)

// TestTablesAreSorted: codes are looked for among those with the same first
// letters, so one out of place is not found.
func TestTablesAreSorted(t *testing.T) {
	for _, c := range []struct {
		name  string
		index *codeIndex
		count int // of ISO 3166-1 on the day of writing; of ISO 4217 likewise, less what names no money, with BGN
	}{
		{"countries", countryIndex, 249},
		{"currencies", currencyIndex, 169},
	} {
		var codes []string
		table, width := c.index.table, c.index.width
		for i := 0; i+width <= len(table); i += width {
			codes = append(codes, table[i:i+width])
		}
		if len(codes)*width != len(table) || len(codes) != c.count {
			t.Errorf("%s: %d codes in %d bytes, want %d", c.name, len(codes), len(table), c.count)
		}
		if !slices.IsSorted(codes) || len(slices.Compact(slices.Clone(codes))) != len(codes) {
			t.Errorf("%s are not in order or not unique", c.name)
		}
		// Every text of the width, and those a byte shorter: of ASCII, and of bytes
		// that are a letter but for their highest bit.
		alphabet := []byte{'u' | 0x80, 'S' | 0x80, 0xff}
		for b := range byte(0x80) {
			alphabet = append(alphabet, b)
		}
		want := make(map[string]string)
		for _, code := range codes {
			want[code] = code
		}
		var text [3]byte
		var fill func(n int)
		fill = func(n int) {
			if n >= width-1 {
				given := string(text[:n])
				if got, ok := c.index.find(given); got != want[strings.ToUpper(given)] || ok != (got != "") {
					t.Fatalf("%s: %q is %q", c.name, given, got)
				}
			}
			for _, b := range alphabet {
				if n == width {
					break
				}
				text[n] = b
				fill(n + 1)
			}
		}
		fill(0)
	}
}

func TestCodes(t *testing.T) {
	for code, want := range map[string]bool{
		"US": true, "us": true, "gB": true, "AD": true, "ZW": true, "SS": true, "CW": true,
		"UK": false, "EU": false, "XK": false, "ZZ": false, "AN": false, "U": false, "USA": false, "": false, "1A": false, "Ü": false, "DA": false,
	} {
		if _, ok := Country(code); ok != want {
			t.Errorf("country(%q) = %v", code, ok)
		}
	}
	for code, want := range map[string]bool{
		"USD": true, "usd": true, "EUR": true, "SLE": true, "VES": true, "ZWG": true, "XCG": true, "AED": true, "XOF": true,
		"SLL": false, "ZWL": false, "VEF": false, "ANG": false, "HRK": false, "DEM": false, "XXX": false, "XTS": false, "XAU": false,
		"US": false, "USDT": false, "": false, "$": false, "US$": false, "€": false, "SDU": false,
	} {
		if _, ok := Currency(code); ok != want {
			t.Errorf("currency(%q) = %v", code, ok)
		}
	}
}
