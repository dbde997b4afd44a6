package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/tracklayer/amazon-capi/internal/cli"
	"github.com/tracklayer/amazon-capi/internal/operate/dlq"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
)

type lsFlags struct {
	lettersFlags
	limit int
}

func newDLQLs(p *cli.Process) *cobra.Command {
	var f lsFlags
	cmd := &cobra.Command{
		Use:   "ls",
		Short: "List dead letters",
		Long: `List dead letters, the latest first. The table is bounded by --limit; --json prints
all of them, in the order of the topic and while it is read, so that a topic of any
length can be piped into another program.`,
		Example: `  amazon-capi dlq ls --brokers localhost:9092 --status 422 --field userInfo
  amazon-capi dlq ls --profile 1234567890 --since -2d --open
  amazon-capi dlq ls --class validation --json`,
		Args: cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.ls(cmd.Context(), p) },
	}
	f.register(cmd.Flags())
	f.registerLooking(cmd.Flags())
	cmd.Flags().IntVar(&f.limit, "limit", 50, "maximum rows of the table; 0 for all")
	return cmd
}

func (f *lsFlags) ls(ctx context.Context, p *cli.Process) error {
	if f.limit < 0 {
		return cli.Usagef("--limit: %d is not a number of rows, want 0 or more", f.limit)
	}
	l, err := f.open(ctx, p)
	if err != nil {
		return err
	}
	defer l.Close()
	defer sayUntold(p, l)
	rounds, err := l.Rounds(ctx)
	if err != nil {
		return err
	}
	if f.json {
		return l.Each(ctx, &f.filter, func(e *dlq.Entry) error { return report.JSON(p.Stdout, e.View(rounds)) })
	}
	latest := dlq.NewLatest(f.limit)
	err = l.Each(ctx, &f.filter, func(e *dlq.Entry) error {
		latest.Add(e.View(rounds))
		return nil
	})
	if err != nil {
		return err
	}
	latest.Print(p.Paged(), f.topic)
	return nil
}
