//go:build ignore

package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tracklayer/amazon-capi/internal/operate/dlq"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
)

type lsFlags struct {
	lettersFlags
	limit int
}

func newDLQLs(p *process) *cobra.Command {
	var f lsFlags
	cmd := &cobra.Command{
		Use:   "ls",
		Short: "List dead letters",
		Long: `List dead letters, the latest first. The table is bounded by --limit; --json has
them all, in the order of the topic, and as they are read, so that a topic of any
length can be piped into another program.`,
		Example: `  amazon-capi dlq ls --brokers localhost:9092 --status 422 --field userInfo
  amazon-capi dlq ls --profile 1234567890 --since -2d --open
  amazon-capi dlq ls --class validation --json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.ls(cmd.Context(), p) },
	}
	f.register(cmd.Flags())
	f.registerOpen(cmd.Flags())
	cmd.Flags().IntVar(&f.limit, "limit", 50, "rows of the table, at most; 0 for all")
	return cmd
}

func (f *lsFlags) ls(ctx context.Context, p *process) error {
	if f.limit < 0 {
		return usagef("--limit: %d is no number of rows, want 0 or more", f.limit)
	}
	l, err := f.open(ctx, p)
	if err != nil {
		return err
	}
	rounds, err := l.rounds(ctx)
	if err != nil {
		l.reader.Close()
		return err
	}
	if f.json {
		return l.each(ctx, &f.filter, func(e *dlq.Entry) error { return printJSON(p.stdout, e.View(rounds)) })
	}
	var latest []dlq.View
	total := 0
	err = l.each(ctx, &f.filter, func(e *dlq.Entry) error {
		total++
		latest = append(latest, e.View(rounds))
		// Sorted now and then, so that a topic of millions costs a table's memory.
		if f.limit > 0 && len(latest) >= 2*f.limit+1000 {
			latest = newest(latest, f.limit)
		}
		return nil
	})
	if err != nil {
		return err
	}
	f.print(p, newest(latest, f.limit), total)
	return nil
}

// newest sorts views, the latest first, and keeps that many; all for 0.
func newest(views []dlq.View, n int) []dlq.View {
	slices.SortStableFunc(views, func(a, b dlq.View) int { return b.When.Compare(a.When) })
	if n > 0 && len(views) > n {
		clear(views[n:])
		views = views[:n]
	}
	return views
}

func (f *lsFlags) print(p *process, views []dlq.View, total int) {
	if total == 0 {
		fmt.Fprintf(p.stdout, "No such dead letters in %s.\n", f.topic)
		return
	}
	var rows [][]string
	for _, v := range views {
		rows = append(rows, []string{
			fmt.Sprintf("%d/%d", v.Partition, v.Offset), shortTime(v.When), v.Profile, shorten(v.EventID, 36), v.Class,
			strings.TrimSpace(strings.TrimPrefix(orDash(v.Status), "–") + " " + v.Code), v.Field, strconv.Itoa(v.Redrives), v.State, shorten(v.Message, 70),
		})
	}
	report.Table(p.stdout, []string{"letter", "failed", "profile", "event id", "class", "why", "field", "redrives", "state", "message"}, rows, nil, 7)
	if more := total - len(views); more > 0 {
		fmt.Fprintf(p.stdout, "  … and %d older; --limit 0 or --json has them all\n", more)
	}
}
