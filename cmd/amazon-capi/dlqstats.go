package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/tracklayer/amazon-capi/internal/operate/dlq"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
)

func newDLQStats(p *process) *cobra.Command {
	var f lettersFlags
	cmd := &cobra.Command{
		Use:   "stats",
		Short: "Count dead letters by why they failed, with what to do about each",
		Long: `Count dead letters by class, status, code and field, by profile and by day, with
the oldest and the newest of each and what to do about them. Times are those of the
last failure, in UTC. --json has an object for every combination of class, status,
code, field, profile and day.`,
		Example: `  amazon-capi dlq stats --brokers localhost:9092
  amazon-capi dlq stats --open --since -1d
  amazon-capi dlq stats --class rejected --json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.stats(cmd.Context(), p) },
	}
	f.register(cmd.Flags())
	f.registerOpen(cmd.Flags())
	return cmd
}

func (f *lettersFlags) stats(ctx context.Context, p *process) error {
	l, err := f.open(ctx, p)
	if err != nil {
		return err
	}
	var s dlq.Stats
	err = l.each(ctx, &f.filter, func(e *dlq.Entry) error {
		s.Add(e)
		return nil
	})
	if err != nil {
		return err
	}
	if f.json {
		for _, g := range s.Groups() {
			if err := printJSON(p.stdout, g); err != nil {
				return err
			}
		}
		return nil
	}
	printStats(p.stdout, f.topic, &s)
	return nil
}

func printStats(w io.Writer, topic string, s *dlq.Stats) {
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
			g.Class, orDash(g.Status), g.Code, g.Field, strconv.Itoa(g.Letters), strconv.Itoa(g.Open), strconv.Itoa(g.Profiles),
			shortTime(g.Oldest), shortTime(g.Newest), strconv.Itoa(slices.Index(remedies, g.Remedy) + 1),
		})
	}
	footer := []string{"all", "", "", "", strconv.Itoa(s.Letters), strconv.Itoa(s.Open), "", "", "", ""}
	report.Table(w, []string{"class", "status", "code", "field", "letters", "open", "profiles", "oldest", "newest", "do"}, rows, footer, 1, 4, 5, 6, 9)
	part := func(what string, groups []dlq.Group, name func(*dlq.Group) string) {
		var rows [][]string
		for i, g := range groups {
			if i == statsShown {
				rows = append(rows, []string{fmt.Sprintf("… %d more", len(groups)-i), "", "", "", ""})
				break
			}
			rows = append(rows, []string{name(&g), strconv.Itoa(g.Letters), strconv.Itoa(g.Open), shortTime(g.Oldest), shortTime(g.Newest)})
		}
		fmt.Fprintln(w)
		report.Table(w, []string{what, "letters", "open", "oldest", "newest"}, rows, nil, 1, 2)
	}
	part("profile", s.Profiles(), func(g *dlq.Group) string {
		if g.Profile == "" {
			return "(none)"
		}
		return g.Profile
	})
	part("day", s.Days(), func(g *dlq.Group) string { return g.Day })
	fmt.Fprintln(w, "\nWhat to do:")
	for i, r := range remedies {
		fmt.Fprintf(w, "%3d. %s\n", i+1, r)
	}
}

// statsShown bounds the smaller tables; --json has all.
const statsShown = 30

func orDash(n int) string {
	if n == 0 {
		return "–"
	}
	return strconv.Itoa(n)
}

func shortTime(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("2006-01-02 15:04:05")
}
