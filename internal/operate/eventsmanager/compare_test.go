package eventsmanager

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

var monday = time.Date(2025, 11, 24, 0, 0, 0, 0, time.UTC)

// sent adds n events of a name, an hour apart from a time on, each with a change.
func sent(p *Prediction, name string, n int, from time.Time, change func(*Sent)) {
	for i := range n {
		s := Sent{Account: "1", Profile: "1", Name: name, Source: name, Time: from.Add(time.Duration(i) * time.Minute), Takes: 1}
		if change != nil {
			change(&s)
		}
		p.Add(&s)
	}
}

func compare(t *testing.T, p *Prediction, rows ...string) *Report {
	t.Helper()
	f, err := Read(strings.NewReader("name,day,count,excluded share\n" + strings.Join(rows, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.Compare(f, "")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestCauses: each cause is found where it is the cause, and nothing is explained where
// nothing is known.
func TestCauses(t *testing.T) {
	for name, tc := range map[string]struct {
		do    func(*Prediction)
		rows  []string
		cause string // of the first row that differs
		exact bool
		left  int64
	}{
		"as predicted": {func(p *Prediction) { sent(p, "A", 9, monday, nil) }, []string{"A,2025-11-24,9,"}, "", false, 0},
		"duplicates": {func(p *Prediction) {
			sent(p, "A", 9, monday, nil)
			sent(p, "A", 3, monday, func(s *Sent) { s.Takes, s.Repeats = 2, 2 })
		}, []string{"A,2025-11-24,9,"}, "duplicates", true, 0},
		"consent": {func(p *Prediction) {
			sent(p, "A", 9, monday, nil)
			sent(p, "A", 2, monday, func(s *Sent) { s.Denied = true })
		}, []string{"A,2025-11-24,9,"}, "consent", true, 0},
		"too early": {func(p *Prediction) {
			sent(p, "A", 9, monday, nil)
			sent(p, "A", 2, monday, func(s *Sent) { s.Recent = 1 })
		}, []string{"A,2025-11-24,9,"}, "not yet shown", true, 0},
		"partly early": {func(p *Prediction) {
			sent(p, "A", 9, monday, nil)
			sent(p, "A", 5, monday, func(s *Sent) { s.Recent = 1 })
		},
			[]string{"A,2025-11-24,11,"}, "not yet shown", false, 0},
		"redrives": {func(p *Prediction) {
			sent(p, "A", 9, monday, nil)
			sent(p, "A", 2, monday, func(s *Sent) { s.Copy = true })
		}, []string{"A,2025-11-24,9,"}, "redrives", true, 0},
		"rejected": {func(p *Prediction) {
			sent(p, "A", 9, monday, nil)
			sent(p, "A", 2, monday, func(s *Sent) { s.Takes, s.Rejected = 0, true })
		}, []string{"A,2025-11-24,11,"}, "rejected", true, 0},
		"in flight": {func(p *Prediction) {
			sent(p, "A", 9, monday, nil)
			sent(p, "A", 2, monday, func(s *Sent) { s.Takes, s.InFlight = 0, true })
		}, []string{"A,2025-11-24,11,"}, "in flight", true, 0},
		"filtered": {func(p *Prediction) {
			sent(p, "A", 9, monday, nil)
			sent(p, "A", 2, monday, func(s *Sent) { s.Takes, s.Filtered = 0, true })
		}, []string{"A,2025-11-24,11,"}, "consent", true, 0},
		"retries": {func(p *Prediction) { sent(p, "A", 9, monday, func(s *Sent) { s.Retried = true }) }, []string{"A,2025-11-24,11,"}, "retries", false, 0},
		"range": {func(p *Prediction) { p.From = monday.Add(time.Hour); sent(p, "A", 9, monday.Add(2*time.Hour), nil) },
			[]string{"A,2025-11-24,11,"}, "range", false, 0},
		"nothing known, more":  {func(p *Prediction) { sent(p, "A", 9, monday, nil) }, []string{"A,2025-11-24,11,"}, "", false, 2},
		"nothing known, fewer": {func(p *Prediction) { sent(p, "A", 9, monday, nil) }, []string{"A,2025-11-24,7,"}, "", false, 2},
		"not in the file":      {func(p *Prediction) { sent(p, "A", 9, monday, nil); sent(p, "B", 4, monday, nil) }, []string{"A,2025-11-24,9,"}, "", false, 4},
		"mapping": {func(p *Prediction) { sent(p, "B", 9, monday, func(s *Sent) { s.Source = "A" }) },
			[]string{"A,2025-11-24,9,", "B,2025-11-24,0,"}, "name", true, 0},
		"normalised": {func(p *Prediction) { sent(p, "Add to cart", 9, monday, nil) }, []string{"AddToCart,2025-11-24,9,"}, "name", true, 0},
		"two causes": {func(p *Prediction) {
			sent(p, "A", 9, monday, nil)
			sent(p, "A", 2, monday, func(s *Sent) { s.Denied = true })
			sent(p, "A", 3, monday, func(s *Sent) { s.Repeats = 1 })
		}, []string{"A,2025-11-24,9,"}, "duplicates", true, 0},
	} {
		p := NewPrediction()
		tc.do(p)
		r := compare(t, p, tc.rows...)
		if r.Unexplained != tc.left {
			t.Errorf("%s: %d unexplained, want %d: %+v", name, r.Unexplained, tc.left, r.Rows)
		}
		got, exact := "", false
		for _, row := range r.Rows {
			for _, c := range row.Causes {
				if got == "" {
					got, exact = c.Cause, c.Exact
				}
			}
		}
		if got != tc.cause || exact != tc.exact {
			t.Errorf("%s: cause %q, exact %v: %+v", name, got, exact, r.Rows)
		}
	}
}

// TestDaysOfAnotherZone: a file whose days begin with the account's is recognised.
func TestDaysOfAnotherZone(t *testing.T) {
	for _, hours := range []int{-8, -5, 1, 2, 9} {
		p := NewPrediction()
		shown := make(map[string]int)
		for i := range 500 {
			at := monday.Add(time.Duration(i*17) * time.Minute)
			sent(p, "A", 1, at, nil)
			shown[at.Add(time.Duration(hours)*time.Hour).Format(time.DateOnly)]++
		}
		var rows []string
		for day, n := range shown {
			rows = append(rows, fmt.Sprintf("A,%s,%d,", day, n))
		}
		r := compare(t, p, rows...)
		if r.Unexplained != 0 || r.Differ == 0 {
			t.Errorf("UTC%+d: %+v", hours, r)
		}
		for _, row := range r.Rows {
			if row.Difference() != 0 && (len(row.Causes) != 1 || row.Causes[0].Cause != "day boundary" || !strings.Contains(row.Causes[0].Text, fmt.Sprintf("UTC%+d", hours))) {
				t.Errorf("UTC%+d: %+v", hours, row)
			}
		}
	}
}

// TestShares: the share without consent is compared as exactly as it is shown.
func TestShares(t *testing.T) {
	p := NewPrediction()
	sent(p, "A", 6, monday, nil)
	sent(p, "A", 1, monday, func(s *Sent) { s.Denied = true })
	sent(p, "B", 6, monday, nil)
	sent(p, "B", 2, monday, func(s *Sent) { s.Strings = true })
	for row, differs := range map[string]bool{
		"A,2025-11-24,7,14.29%": false, "A,2025-11-24,7,14%": false, "A,2025-11-24,7,14.3%": false, "A,2025-11-24,7,14.2%": true, "A,2025-11-24,7,0%": true, "A,2025-11-24,7,": false,
		"B,2025-11-24,8,0%": false, "B,2025-11-24,8,12.5%": false, "B,2025-11-24,8,25%": false, "B,2025-11-24,8,26%": true,
	} {
		r := compare(t, p, row)
		if got := r.Shares > 0; got != differs {
			t.Errorf("%s: differs %v: %+v", row, got, r.Rows)
		}
	}
}

// TestWhoseCounts: a file says whose counts it has, or somebody does.
func TestWhoseCounts(t *testing.T) {
	p := NewPrediction()
	sent(p, "A", 3, monday, func(s *Sent) { s.Account, s.Profile = "amzn1.ads1.ma1.x", "77" })
	sent(p, "A", 5, monday, nil)
	read := func(text string) *File {
		f, err := Read(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	bare := read("name,day,count\nA,2025-11-24,3\n")
	if _, err := p.Compare(bare, ""); err == nil || !strings.Contains(err.Error(), "for 2 accounts: want a column account") {
		t.Error(err)
	}
	if _, err := p.Compare(bare, "5"); err == nil || !strings.Contains(err.Error(), "nothing of the range is for account") {
		t.Error(err)
	}
	for _, id := range []string{"77", "amzn1.ads1.ma1.x"} {
		if r, err := p.Compare(bare, id); err != nil || r.Differ != 0 || len(r.Rows) != 1 || len(r.Notes) != 1 {
			t.Errorf("%s: %+v, %v", id, r, err)
		}
	}
	r, err := p.Compare(read("account,name,day,count\n77,A,2025-11-24,3\n1,A,2025-11-24,5\n9,A,2025-11-24,2\n"), "")
	if err != nil || r.Differ != 1 || r.Unexplained != 0 || len(r.Rows[1].Causes) != 1 || r.Rows[1].Causes[0].Cause != "account" {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := p.Compare(read("account,name,day,count\n77,A,2025-11-24,3\namzn1.ads1.ma1.x,A,2025-11-24,3\n"), ""); err == nil {
		t.Error("an account by two ids was not refused")
	}
}

// TestPredictionIsBounded: names, accounts and days are the sender's.
func TestPredictionIsBounded(t *testing.T) {
	p := NewPrediction()
	for i := range maxCells + 500 {
		p.Add(&Sent{Account: "1", Profile: fmt.Sprint(i), Name: fmt.Sprint(i), Source: fmt.Sprint("s", i), Time: monday, Takes: 1})
	}
	if p.Add(&Sent{Account: "1", Name: strings.Repeat("x", 1<<20), Time: monday, Takes: 1}); len(p.cells) != maxCells || p.Beyond != 501 || len(p.profiles) > maxProfiles || len(p.sources) > maxSources {
		t.Errorf("%d cells, %d beyond, %d profiles, %d names", len(p.cells), p.Beyond, len(p.profiles), len(p.sources))
	}
}
