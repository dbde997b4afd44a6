package reconcile

import (
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/setting"
)

// Parts are the keys by which rows may be split.
var Parts = []string{"profile", "type", "hour"}

// PrintUnread prints what was deleted before it was read.
func PrintUnread(w io.Writer, unread []Unread) {
	for _, u := range unread {
		fmt.Fprintf(w, "topic %s, partition %d: %s before offset %d %s deleted before %s read, and %s in no count\n", u.Topic, u.Partition,
			count.Of(u.Records, "record"), u.Before, count.Was(u.Records), count.They(u.Records)+" "+count.Was(u.Records), count.Is(u.Records))
	}
}

// WriteJSON prints rows, missing records, what was deleted unread and the sum, a line
// each; kind distinguishes them.
func WriteJSON(w io.Writer, rows []Row, rep *Report) error {
	for i := range rows {
		if err := report.JSON(w, struct {
			Kind string `json:"kind"`
			Row
		}{"row", rows[i]}); err != nil {
			return err
		}
	}
	for i := range rep.Lost {
		if err := report.JSON(w, struct {
			Kind string `json:"kind"`
			Lost
		}{"missing", rep.Lost[i]}); err != nil {
			return err
		}
	}
	for _, u := range rep.Unread {
		if err := report.JSON(w, struct {
			Kind string `json:"kind"`
			Unread
		}{"unread", u}); err != nil {
			return err
		}
	}
	return report.JSON(w, struct {
		Kind string `json:"kind"`
		Counts
	}{"sum", rep.Sum})
}

// rowColumns are the counts of a row, in the order of tables and CSV.
var rowColumns = []string{"source", "accepted", "decode", "validation", "rejected", "auth", "filtered", "in flight", "missing", "retried", "redriven", "duplicates"}

func countCells(c *Counts) (cells []string) {
	for _, n := range []int{c.Source, c.Accepted, c.Decode, c.Validation, c.Rejected, c.Auth, c.Filtered, c.InFlight, c.Missing, c.Retried, c.Redriven, c.Duplicates} {
		cells = append(cells, strconv.Itoa(n))
	}
	return cells
}

// shownRows bounds the table; files and JSON have all.
const shownRows = 100

// Print prints the rows, split by parts, and the sum.
func Print(w io.Writer, by []string, rows []Row, rep *Report) {
	key := func(profile, eventType, hour string) (cells []string) {
		for _, c := range []struct{ part, cell string }{{"profile", profile}, {"hour", hour}, {"type", eventType}} {
			if slices.Contains(by, c.part) {
				cells = append(cells, c.cell)
			}
		}
		return cells
	}
	var table [][]string
	for i := range rows {
		r := &rows[i]
		if i == shownRows {
			break
		}
		cells := append(key(r.Profile, r.EventType, r.Hour.UTC().Format("2006-01-02 15:04Z")), countCells(&r.Counts)...)
		table = append(table, append(cells, r.Value.String()))
	}
	first := key("profile", "type", "hour")
	footer := append(make([]string, len(first)), append(countCells(&rep.Sum), rep.Sum.Value.String())...)
	var numbers []int
	for i := range rowColumns {
		numbers = append(numbers, len(first)+i)
	}
	report.Table(w, append(first, append(slices.Clone(rowColumns), "value accepted")...), table, footer, numbers...)
	if more := len(rows) - shownRows; more > 0 {
		fmt.Fprintf(w, "  … and %s; %s and %s have them all, and %s makes fewer\n", count.Of(more, "more row"), setting.CSV, setting.JSON, setting.By)
	}
	s := &rep.Sum
	fmt.Fprintf(w, "\nsource %d = accepted %d + dead-lettered %d + filtered %d + in flight %d + missing %d\n",
		s.Source, s.Accepted, s.DeadLettered(), s.Filtered, s.InFlight, s.Missing)
	if len(rep.Lost) > 0 {
		printLost(w, rep)
	}
}

func printLost(w io.Writer, rep *Report) {
	fmt.Fprintln(w, "\nMissing:")
	severalTopics := slices.ContainsFunc(rep.Lost, func(l Lost) bool { return l.Topic != rep.Lost[0].Topic })
	var lost [][]string
	for i, l := range rep.Lost {
		if i == report.MaxRows {
			break
		}
		record := fmt.Sprintf("%d/%d", l.Partition, l.Offset)
		if severalTopics {
			record = l.Topic + "/" + record
		}
		lost = append(lost, []string{l.Profile, l.EventID, l.EventType, record, report.ShortTime(l.Time), l.Why})
	}
	report.Table(w, []string{"profile", "event id", "type", "record", "timestamp", "why"}, lost, nil)
	if more := rep.Sum.Missing - len(lost); more > 0 {
		fmt.Fprintf(w, "  … and %d more; %s has up to %d of them\n", more, setting.JSON, len(rep.Lost))
	}
}
