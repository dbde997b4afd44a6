package dlq

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/screen"
)

// Latest keeps the latest of many letters for a table.
type Latest struct {
	max   int // 0 for all
	views []View
	total int
}

// NewLatest returns a table of that many letters; of all for 0.
func NewLatest(rows int) *Latest { return &Latest{max: rows} }

// longestMessage bounds the messages of other tools; our own are shorter.
const longestMessage = 400

// Add adds a letter.
func (l *Latest) Add(v View) {
	l.total++
	l.views = append(l.views, v)
	// Sorted occasionally, so that a topic of millions needs only a table's memory.
	if l.max > 0 && len(l.views) >= 2*l.max+1000 {
		l.views = newest(l.views, l.max)
	}
}

// newest sorts views, the latest first, and keeps that many; all for 0.
func newest(views []View, n int) []View {
	slices.SortStableFunc(views, func(a, b View) int { return b.When.Compare(a.When) })
	if n > 0 && len(views) > n {
		clear(views[n:])
		views = views[:n]
	}
	return views
}

// Print prints the letters that are kept as a table.
func (l *Latest) Print(w io.Writer, topic string) {
	views := newest(l.views, l.max)
	if l.total == 0 {
		fmt.Fprintf(w, "No such dead letters in %s.\n", topic)
		return
	}
	var rows [][]string
	for _, v := range views {
		rows = append(rows, []string{
			fmt.Sprintf("%d/%d", v.Partition, v.Offset), report.ShortTime(v.When), v.Profile, v.EventID, v.Class,
			strings.TrimSpace(strings.TrimPrefix(report.OrDash(v.Status), "–") + " " + v.Code), v.Field, strconv.Itoa(v.Redrives), v.State, report.Shorten(v.Message, longestMessage),
		})
	}
	(&screen.Table{
		Header: []string{"letter", "failed", "profile", "event id", "class", "why", "field", "redrives", "state", "message"},
		Rows:   rows, Numbers: []int{7}, Spare: []int{7, 6, 4, 2, 8},
	}).Print(w)
	if more := l.total - len(views); more > 0 {
		fmt.Fprintf(w, "  … and %d older; --limit 0 or --json has them all\n", more)
	}
}

// Print prints the counts for people, with what to do.
func (s *Stats) Print(w io.Writer, topic string) {
	if s.Letters == 0 {
		fmt.Fprintf(w, "No such dead letters in %s.\n", topic)
		return
	}
	var rows [][]string
	var remedies []string
	for _, g := range s.Reasons() {
		if !slices.Contains(remedies, g.Remedy) {
			remedies = append(remedies, g.Remedy)
		}
		rows = append(rows, []string{
			g.Class, report.OrDash(g.Status), g.Code, g.Field, strconv.Itoa(g.Letters), strconv.Itoa(g.Open), strconv.Itoa(g.Profiles),
			report.ShortTime(g.Oldest), report.ShortTime(g.Newest), strconv.Itoa(slices.Index(remedies, g.Remedy) + 1),
		})
	}
	footer := []string{"all", "", "", "", strconv.Itoa(s.Letters), strconv.Itoa(s.Open), "", "", "", ""}
	(&screen.Table{
		Header: []string{"class", "status", "code", "field", "letters", "open", "profiles", "oldest", "newest", "do"},
		Rows:   rows, Footer: footer, Numbers: []int{1, 4, 5, 6, 9}, Spare: []int{7, 8, 6, 3},
	}).Print(w)
	printGroups(w, "profile", s.Profiles(), func(g *Group) string {
		if g.Profile == "" {
			return "(none)"
		}
		return g.Profile
	})
	printGroups(w, "day", s.Days(), func(g *Group) string { return g.Day })
	fmt.Fprintln(w, "\nWhat to do:")
	for i, r := range remedies {
		fmt.Fprintf(w, "%3d. %s\n", i+1, r)
	}
}

func printGroups(w io.Writer, what string, groups []Group, name func(*Group) string) {
	var rows [][]string
	for i, g := range groups {
		if i == report.MaxRows {
			rows = append(rows, []string{fmt.Sprintf("… %d more", len(groups)-i), "", "", "", ""})
			break
		}
		rows = append(rows, []string{name(&g), strconv.Itoa(g.Letters), strconv.Itoa(g.Open), report.ShortTime(g.Oldest), report.ShortTime(g.Newest)})
	}
	fmt.Fprintln(w)
	report.Table(w, []string{what, "letters", "open", "oldest", "newest"}, rows, nil, 1, 2)
}
