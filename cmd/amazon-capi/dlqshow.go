package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/tracklayer/amazon-capi/internal/cli"
	"github.com/tracklayer/amazon-capi/internal/config"
	"github.com/tracklayer/amazon-capi/internal/erasure"
	"github.com/tracklayer/amazon-capi/internal/history"
	"github.com/tracklayer/amazon-capi/internal/operate/dlq"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

const dlqShowLong = `Show a dead letter: what Amazon or our own rules said at the time, and what would
happen to its event now, with the mapping and the rules of the flags: the event as it
is read, each rule in order, and the payload that would be sent. It shows whether a
fixed mapping helps before anything is redriven.

PARTITION/OFFSET is the letter's position in the dead-letter topic, as dlq ls prints
it. If the topic was too small for the value, the letter is read from the source as
long as it is there. Of other tools' letters it shows what it can read. Identifiers
are not shown.`

type dlqShowFlags struct {
	explain        explainFlags // its settings, not its sources
	letters, group string
}

func newDLQShow(p *cli.Process) *cobra.Command {
	var f dlqShowFlags
	cmd := &cobra.Command{
		Use:   "show PARTITION/OFFSET",
		Short: "Show a dead letter: why it failed, and what would be sent now",
		Long:  dlqShowLong,
		Example: `  amazon-capi dlq show 0/0 --brokers localhost:9092 --registry http://localhost:8081
  amazon-capi dlq show 0/0 --mapping transform/mapping.yaml --json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return cli.Usagef("dlq show takes one argument, PARTITION/OFFSET, but got %d", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd.Context(), p, args[0]) },
	}
	flags := cmd.Flags()
	x := &f.explain
	x.registerDelivery(flags)
	x.identifiers.Register(flags)
	config.RegisterErasuresRead(flags, &x.erasures)
	flags.StringVar(&f.letters, "dead-letter-topic", config.DefaultLettersTopic, "topic of the dead letters")
	flags.StringVar(&f.group, "redrive-group", defaultRedriveGroup, "group that remembers which letters were redriven")
	flags.BoolVar(&x.json, "json", false, "print one JSON object")
	return cmd
}

func (f *dlqShowFlags) run(ctx context.Context, p *cli.Process, at string) error {
	partition, offset, err := history.ParsePlace(at)
	if err != nil {
		return cli.AsUsage(err)
	}
	show := dlq.Showing{Topic: f.letters, Group: f.group, Progress: p.Progress(), Registry: func() (registry.Options, error) {
		return f.explain.registryOptions(p)
	}}
	if show.Kafka, err = f.explain.kafka.Resolve(p.Stderr); err != nil {
		return err
	}
	if show.Explainer, err = f.explain.explainer(p); err != nil {
		return err
	}
	if show.Erased, err = erasure.Read(ctx, show.Kafka, f.explain.erasures); err != nil {
		return err
	}
	show.Explainer.Erased = show.Erased
	shown, err := show.Show(ctx, partition, offset)
	if err != nil {
		return err
	}
	if f.explain.json {
		return report.JSON(p.Stdout, shown)
	}
	shown.Print(p.Paged())
	return nil
}
