package eventsmanager

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/tracklayer/amazon-capi/internal/count"
)

// Row is one account, name and day: what Events Manager shows, what was predicted, and
// why they differ.
type Row struct {
	Account string    `json:"account"`
	Name    string    `json:"name"`
	Day     time.Time `json:"day"`
	Shown   int64     `json:"shown"`
	// Listed reports whether the file has the row.
	Listed bool `json:"listed"`
	Counts
	// ShownExcluded is the share in the file; negative for none. The prediction is
	// between Least and Most, which differ by events with consent strings.
	ShownExcluded float64 `json:"shown_excluded"`
	Least         float64 `json:"excluded_least"`
	Most          float64 `json:"excluded_most"`

	Causes []Cause `json:"causes,omitempty"`
	// Unexplained is how many events of the difference have no known cause.
	Unexplained int64 `json:"unexplained"`
	// ShareDiffers reports whether the shares of excluded events differ.
	ShareDiffers bool `json:"share_differs,omitempty"`
}

// Difference returns how many more events were predicted than are shown.
func (r *Row) Difference() int64 { return r.Predicted - r.Shown }

// Cause is why a row differs.
type Cause struct {
	Cause  string `json:"cause"` // one of the words below
	Events int64  `json:"events"`
	// Exact causes account for the difference exactly; others may account for up to that
	// many events.
	Exact bool   `json:"exact"`
	Text  string `json:"text"`
}

// Report is the outcome.
type Report struct {
	Rows []Row
	// Sums over all rows.
	Shown, Predicted, Unexplained int64
	Differ, Shares                int // rows that differ, and rows whose shares do
	Notes                         []string
}

// Compare compares a file with the prediction. account is the account of a file without
// such a column; empty if there is only one.
func (p *Prediction) Compare(f *File, account string) (*Report, error) {
	c := comparison{p: p, index: p.index(), rows: make(map[key]*Row)}
	c.report.Notes = slices.Clone(f.Notes)
	if err := c.enterShown(f, account); err != nil {
		return nil, err
	}
	c.enterPredicted()
	c.explain()
	slices.SortFunc(c.report.Rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), a.Day.Compare(b.Day), cmp.Compare(a.Name, b.Name))
	})
	return &c.report, nil
}

// comparison is a comparison in progress.
type comparison struct {
	p *Prediction
	*index
	rows       map[key]*Row
	first, end time.Time       // the days in the file
	listed     map[string]bool // the accounts in the file
	report     Report
}

func (c *comparison) note(format string, args ...any) {
	if len(c.report.Notes) < 2*maxNotes {
		c.report.Notes = append(c.report.Notes, fmt.Sprintf(format, args...))
	}
}

// whose returns the account of a file that does not name it.
func (c *comparison) whose(given string) (string, error) {
	var all []string
	for a, sent := range c.accounts {
		if sent {
			all = append(all, a)
		}
	}
	if given != "" {
		a, ok := c.accountOf(given)
		if !ok && len(c.p.cells) > 0 {
			return "", fmt.Errorf("nothing of the range is for account %s: want one of the accounts or profiles that events were sent for", quote(given))
		}
		return cmp.Or(a, given), nil
	}
	if len(all) > 1 {
		return "", fmt.Errorf("it does not say whose counts they are, and events were sent for %d accounts: want a column account, or the account by --events-manager-account", len(all))
	}
	if len(all) == 1 {
		return all[0], nil
	}
	return "", nil
}

// accountOf returns the account that a file calls by its own id or by a profile's.
func (c *comparison) accountOf(id string) (account string, ok bool) {
	if _, ok := c.accounts[id]; ok {
		return id, true
	}
	account, ok = c.p.profiles[id]
	return account, ok
}

// enterShown adds the rows of the file.
func (c *comparison) enterShown(f *File, given string) (err error) {
	c.listed = make(map[string]bool)
	account := ""
	if !f.Accounts {
		if account, err = c.whose(given); err != nil {
			return err
		}
		c.listed[account] = true
	}
	for i := range f.Rows {
		s := &f.Rows[i]
		if f.Accounts {
			var ok bool
			if account, ok = c.accountOf(s.Account); !ok {
				account = s.Account
			}
			if given != "" && account != given && s.Account != given {
				continue
			}
			c.listed[account] = true
		}
		if c.first.IsZero() || s.Day.Before(c.first) {
			c.first = s.Day
		}
		if end := s.Day.AddDate(0, 0, 1); end.After(c.end) {
			c.end = end
		}
		k := key{account, s.Name, s.Day}
		if c.rows[k] != nil {
			return fmt.Errorf("line %d: account %s is in the file by two ids, both with %s on %s: want one row for each", s.Line, quote(s.Account), quote(s.Name), s.Day.Format(time.DateOnly))
		}
		c.rows[k] = &Row{Account: account, Name: s.Name, Day: s.Day, Shown: s.Count, Listed: true, ShownExcluded: s.Excluded}
		if cell := c.p.cells[k]; cell != nil {
			c.rows[k].Counts = cell.Counts
		}
		c.share(c.rows[k], s)
	}
	return nil
}

// share compares the shares that were excluded.
func (c *comparison) share(r *Row, s *Shown) {
	if r.Predicted > 0 {
		r.Least = float64(r.Denied) / float64(r.Predicted)
		r.Most = float64(r.Denied+r.Strings) / float64(r.Predicted)
	}
	if s.Excluded < 0 {
		return
	}
	slack := s.Rounding + 1e-9
	r.ShareDiffers = r.Predicted > 0 && (s.Excluded < r.Least-slack || s.Excluded > r.Most+slack)
}

// enterPredicted adds what the file lacks for its accounts and days.
func (c *comparison) enterPredicted() {
	var others, outside int64
	for k, cell := range c.p.cells {
		switch {
		case cell.Predicted == 0 || c.rows[k] != nil:
		case !c.listed[k.account]:
			others += cell.Predicted
		case k.day.Before(c.first) || !k.day.Before(c.end):
			outside += cell.Predicted
		default:
			c.rows[k] = &Row{Account: k.account, Name: k.name, Day: k.day, Counts: cell.Counts, ShownExcluded: -1}
		}
	}
	if others > 0 {
		c.note("%s of accounts that the file does not have: not compared", count.Of(others, "event"))
	}
	if outside > 0 {
		c.note("%s of days that the file does not have: not compared", count.Of(outside, "event"))
	}
	if c.p.Beyond > 0 {
		c.note("%s with names, accounts or days beyond the %d that are kept: not counted; want a shorter range", count.Of(c.p.Beyond, "record"), maxCells)
	}
}

// explain finds the causes for each row that differs, and sums up.
func (c *comparison) explain() {
	c.names()
	zone, moved := c.zone()
	for k, r := range c.rows {
		if r.Difference() != 0 {
			c.report.Differ++
			if zone != 0 {
				r.byZone(zone, moved[k])
			}
			if len(r.Causes) == 0 {
				c.causes(r)
			}
		}
		if r.ShareDiffers {
			c.report.Shares++
			r.Causes = append(r.Causes, Cause{"consent", int64(math.Round(math.Abs(r.ShownExcluded-r.Least) * float64(r.Predicted))), false, consentText(r)})
		}
		c.report.Shown += r.Shown
		c.report.Predicted += r.Predicted
		c.report.Unexplained += r.Unexplained
		c.report.Rows = append(c.report.Rows, *r)
	}
}

// names joins rows of the same event under two names, as far as our own data shows it.
func (c *comparison) names() {
	for k, r := range c.rows {
		if r.Predicted > 0 || !r.Listed {
			continue
		}
		to, why := c.sentAs(k)
		o := c.rows[key{k.account, to, k.day}]
		if to == "" || o == nil || o.Predicted-o.Shown != r.Shown || r.Shown == 0 {
			continue
		}
		r.Causes = []Cause{{"name", r.Shown, true, fmt.Sprintf("sent as %s: %s", quote(to), why)}}
		o.Causes = []Cause{{"name", r.Shown, true, fmt.Sprintf("shown as %s: %s", quote(k.name), why)}}
	}
}

// sentAs returns the name under which events were sent that the file calls otherwise.
func (c *comparison) sentAs(k key) (name, why string) {
	if to := c.p.sources[k.name]; to != "" {
		return to, "the mapping changes it, and was another one when these were sent"
	}
	if alike := c.alike[key{k.account, plain(k.name), k.day}]; len(alike) == 1 && alike[0] != k.name {
		return alike[0], "the same but for case, spaces and punctuation"
	}
	return "", ""
}
