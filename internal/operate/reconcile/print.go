//go:build ignore

package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/tracklayer/amazon-capi/internal/operate/reconcile"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
)

// printUnread says what was deleted before it was read.
func printUnread(w io.Writer, unread []reconcile.Unread) {
	for _, u := range unread {
		fmt.Fprintf(w, "partition %d: %d records before offset %d were deleted before they were read, and are in no count\n", u.Partition, u.Records, u.Before)
	}
}

// printReconcileJSON prints rows, missing records, what was deleted unread and the
// sum, a line each; kind tells them apart.
func printReconcileJSON(w io.Writer, rows []reconcile.Row, rep *reconcile.Report) error {
	for i := range rows {
		if err := printJSON(w, struct {
			Kind string `json:"kind"`
			reconcile.Row
		}{"row", rows[i]}); err != nil {
			return err
		}
	}
	for i := range rep.Lost {
		if err := printJSON(w, struct {
			Kind string `json:"kind"`
			reconcile.Lost
		}{"missing", rep.Lost[i]}); err != nil {
			return err
		}
	}
	for _, u := range rep.Unread {
		if err := printJSON(w, struct {
			Kind string `json:"kind"`
			reconcile.Unread
		}{"unread", u}); err != nil {
			return err
		}
	}
	return printJSON(w, struct {
		Kind string `json:"kind"`
		reconcile.Counts
	}{"sum", rep.Sum})
}

// reconcileColumns are the counts of a row, in the order of tables and CSV.
var reconcileColumns = []string{"source", "accepted", "decode", "validation", "rejected", "auth", "filtered", "in flight", "missing", "retried", "redriven", "duplicates"}

func reconcileCells(c *reconcile.Counts) (cells []string) {
	for _, n := range []int{c.Source, c.Accepted, c.Decode, c.Validation, c.Rejected, c.Auth, c.Filtered, c.InFlight, c.Missing, c.Retried, c.Redriven, c.Duplicates} {
		cells = append(cells, strconv.Itoa(n))
	}
	return cells
}

// reconcileShown bounds the table; --csv and --json have all.
const reconcileShown = 100

func (f *reconcileFlags) print(w io.Writer, rows []reconcile.Row, rep *reconcile.Report) {
	key := func(profile, eventType, hour string) (cells []string) {
		for _, c := range []struct{ by, cell string }{{"profile", profile}, {"hour", hour}, {"type", eventType}} {
			if slices.Contains(f.by, c.by) {
				cells = append(cells, c.cell)
			}
		}
		return cells
	}
	var table [][]string
	for i := range rows {
		r := &rows[i]
		if i == reconcileShown {
			break
		}
		cells := append(key(r.Profile, r.EventType, r.Hour.Format("2006-01-02 15:04")), reconcileCells(&r.Counts)...)
		table = append(table, append(cells, r.Value.String()))
	}
	first := key("profile", "type", "hour")
	footer := append(make([]string, len(first)), append(reconcileCells(&rep.Sum), rep.Sum.Value.String())...)
	var numbers []int
	for i := range reconcileColumns {
		numbers = append(numbers, len(first)+i)
	}
	report.Table(w, append(first, append(slices.Clone(reconcileColumns), "value accepted")...), table, footer, numbers...)
	if more := len(rows) - reconcileShown; more > 0 {
		fmt.Fprintf(w, "  … and %d more rows; --csv and --json have them all, and --by makes fewer\n", more)
	}
	s := &rep.Sum
	fmt.Fprintf(w, "\nsource %d = accepted %d + dead-lettered %d + filtered %d + in flight %d + missing %d\n",
		s.Source, s.Accepted, s.DeadLettered(), s.Filtered, s.InFlight, s.Missing)
	if len(rep.Lost) == 0 {
		return
	}
	fmt.Fprintln(w, "\nMissing:")
	var lost [][]string
	for i, l := range rep.Lost {
		if i == statsShown {
			break
		}
		lost = append(lost, []string{l.Profile, shorten(l.EventID, 40), l.EventType, fmt.Sprintf("%d/%d", l.Partition, l.Offset), shortTime(l.Time), l.Why})
	}
	report.Table(w, []string{"profile", "event id", "type", "record", "timestamp", "why"}, lost, nil)
	if more := s.Missing - len(lost); more > 0 {
		fmt.Fprintf(w, "  … and %d more; --json has up to %d of them\n", more, len(rep.Lost))
	}
}
