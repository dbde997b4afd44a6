package eventsmanager

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/sink/amazon"
)

// Print prints the rows, those that differ first, and the sum.
func (r *Report) Print(w io.Writer) {
	var table [][]string
	var causes []string
	for _, differ := range []bool{true, false} {
		for i := range r.Rows {
			row := &r.Rows[i]
			if (row.Difference() != 0 || row.ShareDiffers) != differ || len(table) == shownRows {
				continue
			}
			table = append(table, []string{
				shownAccount(row.Account), shown(row.Name), row.Day.Format(time.DateOnly), orDash(row.Listed, row.Shown), strconv.FormatInt(row.Predicted, 10),
				fmt.Sprintf("%+d", row.Difference()), share(row.ShownExcluded), predictedShare(row), strconv.FormatInt(row.Unexplained, 10),
			})
			for _, c := range row.Causes {
				causes = append(causes, fmt.Sprintf("  %s %s: %s", row.Day.Format(time.DateOnly), shown(row.Name), c.line()))
			}
		}
	}
	footer := []string{"", "", "", strconv.FormatInt(r.Shown, 10), strconv.FormatInt(r.Predicted, 10), fmt.Sprintf("%+d", r.Predicted-r.Shown), "", "", strconv.FormatInt(r.Unexplained, 10)}
	report.Table(w, []string{"account", "name", "day (UTC)", "shown", "predicted", "difference", "excluded", "predicted", "unexplained"}, table, footer, 3, 4, 5, 6, 7, 8)
	if more := len(r.Rows) - len(table); more > 0 {
		fmt.Fprintf(w, "  … and %s; --json has them all\n", count.Of(more, "more row"))
	}
	if len(causes) > 0 {
		fmt.Fprintln(w, "\nWhy they differ:")
		for _, c := range causes {
			fmt.Fprintln(w, c)
		}
	}
	for _, n := range r.Notes {
		fmt.Fprintln(w, n)
	}
}

// shownRows bounds the table; JSON has all.
const shownRows = 100

func (c *Cause) line() string {
	if c.Exact {
		return fmt.Sprintf("%s, %d: %s", c.Cause, c.Events, c.Text)
	}
	return fmt.Sprintf("perhaps %s, up to %d: %s", c.Cause, c.Events, c.Text)
}

// shownAccount is an account. Ids of Amazon's are numbers, which may be long, or words.
func shownAccount(s string) string {
	if len(s) <= 20 && strings.Trim(s, "0123456789") == "" || amazon.CheckManagerID(s) == nil {
		return s
	}
	return shown(s)
}

// shown is a name that producers chose, without what could identify a person.
func shown(s string) string { return redact.Line(redact.Text(s), 60) }

func orDash(there bool, n int64) string {
	if !there {
		return "–"
	}
	return strconv.FormatInt(n, 10)
}

func share(v float64) string {
	if v < 0 {
		return "–"
	}
	return fmt.Sprintf("%.4g %%", 100*v)
}

func predictedShare(r *Row) string {
	if r.Most > r.Least {
		return fmt.Sprintf("%.4g–%.4g %%", 100*r.Least, 100*r.Most)
	}
	return share(r.Least)
}

// WriteJSON prints rows and the sum, a line each; kind tells them apart.
func (r *Report) WriteJSON(w io.Writer) error {
	for i := range r.Rows {
		row := r.Rows[i]
		row.Account, row.Name = shownAccount(row.Account), shown(row.Name)
		if err := report.JSON(w, struct {
			Kind string `json:"kind"`
			Row
			Difference int64 `json:"difference"`
		}{"events_manager", row, row.Difference()}); err != nil {
			return err
		}
	}
	return report.JSON(w, struct {
		Kind        string   `json:"kind"`
		Shown       int64    `json:"shown"`
		Predicted   int64    `json:"predicted"`
		Unexplained int64    `json:"unexplained"`
		Differ      int      `json:"rows_that_differ"`
		Shares      int      `json:"shares_that_differ"`
		Notes       []string `json:"notes,omitempty"`
	}{"events_manager_sum", r.Shown, r.Predicted, r.Unexplained, r.Differ, r.Shares, r.Notes})
}
