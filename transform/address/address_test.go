package address

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"
)

func normal(s, country string) string { return string(Append(nil, s, country)) }

func TestAppend(t *testing.T) {
	for _, c := range []struct{ country, address, want string }{
		{"US", "123 Main St, Apt #4", "123mainstaptnumber4"},
		{"US", "123 Main Street", "123mainst"},
		{"US", "  123\tMAIN  street ", "123mainst"},
		{"US", "123 Main Street, Apartment 4", "123mainstapt4"},
		{"US", "500 North-East Ocean Boulevard", "500neoceanboulevard"}, // in no table
		{"US", "77 Southwest Riverside Drive", "77swriversidedr"},
		{"US", "1 O'Brien Ave.", "1obrienave"},
		{"US", "9 Mountain View Terrace / Suite 12", "9mtnvwterste12"},
		{"US", "12\u00a0Rose\u2003Lane", "12roseln"},
		{"US", "Suite[5]#6", "ste5number6"},
		{"GB", "221B Baker Street", "221bbakerst"},
		{"GB", "10 Mountain View", "10mountainview"}, // of the American table
		{"", "1 Plaza", "1plz"},
		{"DE", "Königstraße 12", "koenigstrasse12"},
		{"DE", "KÖNIGSTRAẞE 12", "koenigstrasse12"},
		{"IT", "P.zza Navona, 3", "piazzanavona3"},
		{"IT", "V. Roma 1", "viaroma1"},
		{"IT", "v.le Europa no 7", "vialeeuropanumber7"},
		{"ES", "C/ Mayor, núm. 3", "callemayornumber3"},
		{"ES", "c/mayor 3", "callemayor3"},
		{"ES", "Avda. de la Constitución 5", "avenidadelaconstitucion5"},
		{"ES", "Paseo de Gracia", "passeigdegracia"},
		{"ES", "Pl Mayor", "plzmayor"}, // plaza, which step 6 shortens for all countries
		{"FR", "12 Avenue Foch", "12avenuefoch"},
		{"FR", "12 ave Foch", "12avenuefoch"},
		{"FR", "3 Rte de Lyon", "3routedelyon"},
		{"FR", "Montée Noire", "montenoire"}, // its é is back after step 6, and is not kept
		{"JP", "東京都千代田区 1-1", "11"},
		{"US", "", ""}, {"US", " , . #", "number"}, {"US", "\u3000", ""},
	} {
		if got := normal(c.address, c.country); got != c.want {
			t.Errorf("%s: %q becomes %q, want %q", c.country, c.address, got, c.want)
		}
	}
	sum := sha256.Sum256([]byte(normal("123 Main Street", "US")))
	if got := hex.EncodeToString(sum[:]); got != "4f43a3296ce825b21a7925513650a3a92bceff17d2325d8bbf548a166b53f71a" {
		t.Errorf("hash %s", got)
	}
}

// stepwise does all steps, one after another, as the package's comment has them.
func stepwise(s, country string) string {
	all := parse(wordsText)
	each := func(s string, names ...string) string {
		words := strings.FieldsFunc(s, isSpace)
		for _, name := range names {
			for i, w := range words {
				if becomes, ok := all[name][w]; ok {
					words[i] = becomes
				}
			}
		}
		return strings.Join(words, " ")
	}
	s = strings.Map(unicode.ToLower, s)
	s = each(s, everywhere, country)
	s = strings.NewReplacer(",", " ", ".", " ", "[", " ", "]", " ", "/", " ", "-", " ", "#", " number ").Replace(s)
	s = each(s, directions, numbers)
	for letter, as := range all[letters] {
		s = strings.ReplaceAll(s, letter, as)
	}
	s = each(s, everywhere, country)
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}

// places are countries with a table and without.
var places = []string{"US", "IT", "FR", "ES", "DE", "GB", ""}

// texts draws addresses of words that are in tables, or nearly.
func texts() *rapid.Generator[string] {
	var known []string
	for _, t := range parse(wordsText) {
		for from, to := range t {
			known = append(known, from, to, strings.ToUpper(from))
		}
	}
	glue := []string{" ", " ", ", ", ".", "-", "/", "#", "[", "]", "", "'", "\u00a0", "\u0301", "\ufeff", "  ", "\x85", "\xff"}
	return rapid.Custom(func(t *rapid.T) string {
		var b strings.Builder
		for range rapid.IntRange(0, 6).Draw(t, "words") {
			b.WriteString(rapid.OneOf(rapid.SampledFrom(known), rapid.StringMatching(`[0-9]{1,3}[a-z]?`), rapid.String()).Draw(t, "word"))
			b.WriteString(rapid.SampledFrom(glue).Draw(t, "glue"))
		}
		return b.String()
	})
}

// TestOneLookupIsAllSteps: the tables that are compiled say what the steps say.
func TestOneLookupIsAllSteps(t *testing.T) {
	address := texts()
	rapid.Check(t, func(t *rapid.T) {
		s, country := strings.ToValidUTF8(address.Draw(t, "address"), "\ufffd"), rapid.SampledFrom(places).Draw(t, "country")
		if got, want := normal(s, country), stepwise(s, country); got != want {
			t.Errorf("%s: %q becomes %q, want %q", country, s, got, want)
		}
	})
	for _, country := range places {
		for _, table := range parse(wordsText) {
			for word := range table {
				if got, want := normal(word, country), stepwise(word, country); got != want {
					t.Errorf("%s: %q becomes %q, want %q", country, word, got, want)
				}
			}
		}
	}
}

// TestTwice: a normal form is a word of letters and digits, and stays as it is unless it
// happens to be one of a table.
func TestTwice(t *testing.T) {
	address := texts()
	rapid.Check(t, func(t *rapid.T) {
		s, country := address.Draw(t, "address"), rapid.SampledFrom(places).Draw(t, "country")
		once := normal(s, country)
		w := tables()[country]
		if w == nil {
			w = tables()[everywhere]
		}
		if _, known := w.whole[once]; known {
			return
		}
		if twice := normal(once, country); twice != once {
			t.Errorf("%s: %q becomes %q, and that %q", country, s, once, twice)
		}
	})
}

// TestCountriesOfTables holds the file to what the package expects of it.
func TestCountriesOfTables(t *testing.T) {
	all := parse(wordsText)
	for name, size := range map[string]int{everywhere: 27, directions: 8, numbers: 5, letters: 11, "US": 354, "IT": 18, "FR": 7, "ES": 66} {
		if len(all[name]) != size {
			t.Errorf("table %s has %d words, want %d", name, len(all[name]), size)
		}
		for from, to := range all[name] {
			if _, again := all[name][to]; again {
				t.Errorf("table %s makes a word of its own of %s", name, from)
			}
			if to == "" || strings.ContainsAny(to, " ,.[]/-#") {
				t.Errorf("table %s: %s becomes %q", name, from, to)
			}
		}
	}
	if len(all) != 8 {
		t.Errorf("%d tables", len(all))
	}
}

func TestAppendAllocatesNothing(t *testing.T) {
	buf := make([]byte, 0, 512)
	for _, s := range []string{"123 Main Street", "12 Calle José Núñez, núm. 3-4 #5"} {
		if n := testing.AllocsPerRun(100, func() { Append(buf, s, "ES") }); n != 0 {
			t.Errorf("%q: %v allocations", s, n)
		}
	}
}

func FuzzAppend(f *testing.F) {
	f.Add("123 Main St, Apt #4", "US")
	f.Add("\x85\xa0\xff#", "FR")
	f.Fuzz(func(t *testing.T, s, country string) {
		if got := normal(s, country); strings.Trim(got, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
			t.Errorf("%q becomes %q", s, got)
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	var buf [512]byte
	for _, s := range []string{"123 Main Street", "1600 Amphitheatre Parkway, Apt. #4", "Königstraße 12"} {
		b.Run(s, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Append(buf[:0], s, "US")
			}
		})
	}
}
