package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/tracklayer/amazon-capi/internal/cli"
	"github.com/tracklayer/amazon-capi/internal/operate/dlq"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
)

func newDLQStats(p *cli.Process) *cobra.Command {
	var f lettersFlags
	cmd := &cobra.Command{
		Use:   "stats",
		Short: "Count dead letters by reason, with what to do about each",
		Long: `Count dead letters by class, status, code and field, by profile and by day, with
the oldest and the newest of each and what to do about them. Times are those of the
last failure, in UTC. --json has an object for every combination of class, status,
code, field, profile and day.`,
		Example: `  amazon-capi dlq stats --brokers localhost:9092
  amazon-capi dlq stats --open --since -1d
  amazon-capi dlq stats --class rejected --json`,
		Args: cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.stats(cmd.Context(), p) },
	}
	f.register(cmd.Flags())
	f.registerLooking(cmd.Flags())
	return cmd
}

func (f *lettersFlags) stats(ctx context.Context, p *cli.Process) error {
	l, err := f.open(ctx, p)
	if err != nil {
		return err
	}
	defer l.Close()
	defer sayUntold(p, l)
	var s dlq.Stats
	err = l.Each(ctx, &f.filter, func(e *dlq.Entry) error {
		s.Add(e)
		return nil
	})
	if err != nil {
		return err
	}
	if f.json {
		for _, g := range s.Groups() {
			if err := report.JSON(p.Stdout, g); err != nil {
				return err
			}
		}
		return nil
	}
	s.Print(p.Paged(), f.topic)
	return nil
}
