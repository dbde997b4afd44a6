package eventsmanager

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestFilesOfManyLanguages: what means one thing is read as that.
func TestFilesOfManyLanguages(t *testing.T) {
	day := time.Date(2025, 11, 24, 0, 0, 0, 0, time.UTC)
	want := []Shown{{"", "Purchase", day, 1234, 0.125, 0.0005, 2}}
	with := func(change func(*Shown)) []Shown {
		s := want[0]
		change(&s)
		return []Shown{s}
	}
	for name, tc := range map[string]struct {
		text string
		want []Shown
	}{
		"plain":                {"name,day,count,excluded share\nPurchase,2025-11-24,1234,12.5 %\n", want},
		"byte order mark":      {"\ufeffname,day,count,excluded share\r\nPurchase,2025-11-24,1234,12.5%\r\n", want},
		"German":               {"Name;Day;Count;Excluded share\nPurchase;24.11.2025;1.234;12,5 %\n", want},
		"English":              {"Event name\tDate\tEvents\tExcluded %\nPurchase\t11/24/2025\t1,234\t12.5\n", want},
		"French":               {"name;day;count;excluded share\nPurchase;24/11/2025;1\u202f234;12,5\u00a0%\n", want},
		"Swiss":                {"name;day;count;excluded share\nPurchase;24.11.2025;1'234;12.5%\n", want},
		"Turkish":              {"name;day;count;excluded share\nPurchase;24.11.2025;1.234;%12,5\n", want},
		"decimals of a count":  {"name;day;count;excluded share\nPurchase;2025-11-24;1.234,00;12,5 %\n", want},
		"a fraction":           {"name,day,count,excluded share\nPurchase,2025-11-24,1234,0.125\n", want},
		"no share":             {"name,day,count\nPurchase,2025-11-24,1234\n", with(func(s *Shown) { s.Excluded, s.Rounding = -1, 0 })},
		"a dash for none":      {"name,day,count,excluded share\nPurchase,2025-11-24,1234,–\n", with(func(s *Shown) { s.Excluded, s.Rounding = -1, 0 })},
		"in India":             {"name,day,count,excluded share\nPurchase,2025-11-24,\"12,34,567\",12.5%\n", with(func(s *Shown) { s.Count = 1234567 })},
		"quoted":               {"name,day,count,excluded share\n\"Buy, \"\"now\"\"\",2025-11-24,\"1,234\",12.5%\n", with(func(s *Shown) { s.Name = `Buy, "now"` })},
		"account":              {"advertiser id,name,day,count,excluded share\n123,Purchase,2025-11-24,1234,12.5%\n", with(func(s *Shown) { s.Account = "123" })},
		"below a title":        {"Events Manager export\n\nsep=;\nName;Day;Count;Excluded share\nPurchase;2025-11-24;1234;12,5 %\n", with(func(s *Shown) { s.Line = 5 })},
		"sum":                  {"name,day,count,excluded share\nPurchase,2025-11-24,1234,12.5%\nTotal,,1234,\n", want},
		"twice the same":       {"name,day,count,excluded share\nPurchase,2025-11-24,1234,12.5%\nPurchase,2025-11-24,1234,12.5%\n", want},
		"thousand by another":  {"name,day,count\nPurchase,2025-11-24,1.000\nLead,2025-11-24,1.234\n", []Shown{{"", "Purchase", day, 1000, -1, 0, 2}, {"", "Lead", day, 1234, -1, 0, 3}}},
		"thousand by a share":  {"name;day;count;excluded share\nPurchase;2025-11-24;1,000;1.25 %\n", []Shown{{"", "Purchase", day, 1000, 0.0125, 0.00005, 2}}},
		"month by another day": {"name,day,count\nPurchase,11/10/2025,1\nPurchase,11/24/2025,2\n", []Shown{{"", "Purchase", time.Date(2025, 11, 10, 0, 0, 0, 0, time.UTC), 1, -1, 0, 2}, {"", "Purchase", day, 2, -1, 0, 3}}},
		"day with midnight":    {"name,day,count\nPurchase,2025-11-24T00:00:00Z,1\n", []Shown{{"", "Purchase", day, 1, -1, 0, 2}}},
		"nothing happened":     {"name,day,count\n", nil},
	} {
		f, err := Read(strings.NewReader(tc.text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !alike(f.Rows, tc.want) {
			t.Errorf("%s: %+v, want %+v", name, f.Rows, tc.want)
		}
	}
}

func alike(a, b []Shown) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		x, y := a[i], b[i]
		if math.Abs(x.Excluded-y.Excluded) > 1e-12 || math.Abs(x.Rounding-y.Rounding) > 1e-12 {
			return false
		}
		x.Excluded, x.Rounding, y.Excluded, y.Rounding = 0, 0, 0, 0
		if x != y {
			return false
		}
	}
	return true
}

// TestFilesThatAreRefused: what could mean two things, or nothing, is refused with what was
// found and what is wanted.
func TestFilesThatAreRefused(t *testing.T) {
	for name, tc := range map[string]struct{ text, want string }{
		"nothing":            {"", "it is empty: want a header"},
		"no header":          {"Purchase,2025-11-24,5\n", `it begins with "Purchase,`},
		"no count":           {"name,day,amount\nPurchase,2025-11-24,5\n", "want a header"},
		"two names":          {"name,event name,day,count\na,b,2025-11-24,5\n", `columns "name" and "event name" could both be the name`},
		"two languages":      {"name;day;count;excluded share\na;2025-11-24;1.234;5 %\nb;2025-11-24;1,234;5 %\n", "are of several languages"},
		"one or a thousand":  {"name,day,count\nPurchase,2025-11-24,1.000\n", `count "1.000" is 1 or 1000`},
		"half an event":      {"name,day,count\nPurchase,2025-11-24,1.5\n", `line 2: count "1.5" is not a number of events`},
		"thousands short":    {"name,day,count\nPurchase,2025-11-24,1.2K\n", `count "1.2K" is not a number of events`},
		"below nothing":      {"name,day,count\nPurchase,2025-11-24,-5\n", `count "-5" is not a number of events`},
		"too many":           {"name,day,count\nPurchase,2025-11-24,99999999999999999999\n", "is not a number of events"},
		"no groups of three": {"name,day,count\nPurchase,2025-11-24,1.23.456\n", "is not a number of events"},
		"share above all":    {"name,day,count,excluded share\nPurchase,2025-11-24,5,101 %\n", `excluded share "101 %" is none`},
		"mixed signs":        {"name,day,count,excluded share\na,2025-11-24,5,0.5\nb,2025-11-24,5,5 %\n", "has no percent sign"},
		"day or month":       {"name,day,count\nPurchase,10/11/2025,5\n", "is 10 November or 11 October"},
		"an hour":            {"name,day,count\nPurchase,2025-11-24T05:00:00Z,5\n", "is none: want one such as 2025-11-24, without a time"},
		"no day":             {"name,day,count\nPurchase,soon,5\n", `day "soon" is none`},
		"blank name":         {"name,day,count\n,2025-11-24,5\n", "line 2 has no event name"},
		"blank count":        {"name,day,count\nPurchase,2025-11-24,\n", "line 2 has no count"},
		"rows that differ":   {"name,day,count\nPurchase,2025-11-24,5\nPurchase,24.11.2025,6\n", "lines 2 and 3 are both of"},
		"open quote":         {"name,day,count\n\"Purchase,2025-11-24,5\n", "line 2 is not CSV"},
		"UTF-16":             {"\xff\xfen\x00a\x00", "UTF-16"},
		"Windows-1252 name":  {"name;day;count\nLead;2025-11-24;5\nK\xe4ufe;2025-11-24;5\n", "line 3 is not UTF-8"},
		"Windows-1252 blank": {"name;day;count\nLead;2025-11-24;1\xa0234\n", "line 2 is not UTF-8"},
		"Arabic digits":      {"name;day;count\nLead;2025-11-24;١٢٣٤\n", "is not a number of events"},
	} {
		_, err := Read(strings.NewReader(tc.text))
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %s", name, err, tc.want)
		}
	}
	if _, err := Read(strings.NewReader("name,day,count\njane@example.com,2025-11-24,x jane@example.com\n")); err == nil || strings.Contains(err.Error(), "jane@") {
		t.Errorf("an address is shown: %v", err)
	}
}

// TestNumbersSurviveLanguages: a file that one program wrote is read as it was meant, or
// refused, whatever the language.
func TestNumbersSurviveLanguages(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := rapid.SampledFrom([]struct{ thousand, decimal string }{{",", "."}, {".", ","}, {"", "."}, {"", ","}, {" ", ","}, {"’", "."}}).Draw(t, "language")
		var b strings.Builder
		b.WriteString("name;day;count;excluded share\n")
		counts := rapid.SliceOfN(rapid.Int64Range(0, 5_000_000), 1, 6).Draw(t, "counts")
		shares := make([]int, len(counts))
		for i, n := range counts {
			shares[i] = rapid.IntRange(0, 10000).Draw(t, "share")
			fmt.Fprintf(&b, "e%d;2025-11-24;%s;%d%s%02d %%\n", i, marked(n, l.thousand), shares[i]/100, l.decimal, shares[i]%100)
		}
		f, err := Read(strings.NewReader(b.String()))
		if err != nil {
			t.Fatalf("%v\n%s", err, b.String())
		}
		for i, n := range counts {
			if f.Rows[i].Count != n || math.Abs(f.Rows[i].Excluded-float64(shares[i])/10000) > 1e-12 {
				t.Fatalf("%+v, want %d and %d\n%s", f.Rows[i], n, shares[i], b.String())
			}
		}
	})
}

func marked(n int64, mark string) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + mark + s[i:]
	}
	return s
}

func FuzzRead(f *testing.F) {
	f.Add("name;day;count;excluded share\nPurchase;24.11.2025;1.234;12,5 %\n")
	f.Add("a,name,day,count\n1,\"x\ny\",2025-11-24,\"1,234\"\n")
	f.Fuzz(func(t *testing.T, text string) {
		file, err := Read(strings.NewReader(text))
		if err != nil {
			return
		}
		for _, r := range file.Rows {
			if r.Count < 0 || r.Excluded > 1 || r.Name == "" || !r.Day.Equal(r.Day.Truncate(24*time.Hour)) {
				t.Errorf("%+v", r)
			}
		}
	})
}
