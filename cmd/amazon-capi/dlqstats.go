package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tracklayer/amazon-capi/internal/cli"
	"github.com/tracklayer/amazon-capi/internal/operate/dlq"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
)

func newDLQStats(p *cli.Process) *cobra.Command {
	var f lettersFlags
	var by []string
	cmd := &cobra.Command{
		Use:   "stats",
		Short: "Count dead letters by reason, with what to do about each",
		Long: `Count dead letters by class, status, code and field, by profile and by day, with
the oldest and the newest of each and what to do about them. Times are those of the
last failure, in UTC. --json has an object for every combination of class, status,
code, field, profile and day.

--by counts by anything else instead, such as event_name or producer: who wrote the
record, as a header of it (producer, ce_source, source, service, ...) or the event's
partner says.`,
		Example: `  amazon-capi dlq stats --brokers localhost:9092
  amazon-capi dlq stats --open --since -1d
  amazon-capi dlq stats --by event_name,producer --open
  amazon-capi dlq stats --class rejected --json`,
		Args: cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.stats(cmd.Context(), p, by) },
	}
	f.register(cmd.Flags())
	f.registerLooking(cmd.Flags())
	cmd.Flags().StringSliceVar(&by, "by", nil, "what to count by: "+strings.Join(dlq.Parts(), ", ")+", or header:NAME")
	return cmd
}

func (f *lettersFlags) stats(ctx context.Context, p *cli.Process, by []string) error {
	counts, err := dlq.NewBy(by)
	if err != nil {
		return err
	}
	l, err := f.open(ctx, p)
	if err != nil {
		return err
	}
	defer l.Close()
	defer sayUntold(p, l)
	if len(by) > 0 {
		if err := counts.Count(ctx, l, &f.filter); err != nil {
			return err
		}
		if f.json {
			return counts.WriteJSON(p.Stdout)
		}
		counts.Print(p.Paged(), f.topic)
		return nil
	}
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
