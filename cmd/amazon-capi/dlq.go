package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/internal/cli"
	"github.com/tracklayer/amazon-capi/internal/config"
	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/history"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/operate/dlq"
	"github.com/tracklayer/amazon-capi/internal/setting"
)

// defaultRedriveGroup remembers which letters have been redriven.
const defaultRedriveGroup = "amazon-capi-redrive"

func newDLQCommand(p *cli.Process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "dlq",
		Short: "Inspect the dead-letter topic, and redrive letters",
		Long: `A dead letter is an event that will never be accepted as it is: its original
record, with the reason in its headers. Count them by reason (stats), list them
(ls), see what is wrong with one (show), and once the cause is fixed send them again
(redrive). Only redrive --go changes anything.

A letter is open until it has been redriven. Which ones are done is stored in the
offsets of --redrive-group, for as long as the brokers keep the offsets of inactive
groups (offsets.retention.minutes, 7 days by default).`,
		Example: `  amazon-capi dlq stats --brokers localhost:9092
  amazon-capi dlq ls --status 422 --since -2d
  amazon-capi dlq redrive --status 422`,
		Args: cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newDLQStats(p), newDLQLs(p), newDLQShow(p), newDLQRedrive(p))
	return cmd
}

// lettersFlags say where dead letters are, and which of them are chosen.
type lettersFlags struct {
	kafka        config.Kafka
	topic, group string
	filter       dlq.Filter
	since, until string
	json         bool

	// Of commands that only look: the list of erased events, and what letters whose headers do
	// not name their event are read with.
	erasures  string
	registry  config.Registry
	transform config.Transform
}

func (f *lettersFlags) register(flags *pflag.FlagSet) {
	f.kafka.Register(flags)
	flags.StringVar(&f.topic, "dead-letter-topic", config.DefaultLettersTopic, "topic of the dead letters")
	flags.StringVar(&f.group, "redrive-group", defaultRedriveGroup, "group that remembers which letters were redriven")
	flags.StringSliceVar(&f.filter.Classes, "class", nil, "only letters of these classes: decode, validation, rejected, auth, or foreign for those of other tools")
	flags.IntSliceVar(&f.filter.Statuses, "status", nil, "only letters with these HTTP statuses of Amazon")
	flags.StringSliceVar(&f.filter.Codes, "code", nil, "only letters with these reason codes")
	flags.StringSliceVar(&f.filter.Fields, "field", nil, "only letters with one of these faulty fields, or a field within")
	flags.StringSliceVar(&f.filter.Profiles, "profile", nil, "only letters of these profiles")
	flags.StringSliceVar(&f.filter.EventIDs, "event-id", nil, "only letters of these events")
	flags.Int32SliceVar(&f.filter.Partitions, "partition", nil, "only letters in these partitions of the dead-letter topic")
	flags.StringVar(&f.since, "since", "", "only letters that last failed at or after this: "+history.TimeForms)
	flags.StringVar(&f.until, "until", "", "only letters that last failed before this, in the same forms")
	flags.BoolVar(&f.json, "json", false, "print a JSON object a line")
}

// registerLooking adds the flags of commands that only look.
func (f *lettersFlags) registerLooking(flags *pflag.FlagSet) {
	config.RegisterErasuresRead(flags, &f.erasures)
	f.registry.RegisterReading(flags)
	registerAliases(flags, &f.transform)
	flags.BoolVar(&f.filter.Open, "open", false, "only letters that were not redriven, and whose events are not erased")
}

func (f *lettersFlags) resolve(p *cli.Process, now time.Time) (s kafka.Settings, err error) {
	if s, err = f.kafka.Resolve(p.Stderr); err != nil {
		return s, err
	}
	if f.filter.Since, err = history.ParseTime(f.since, now); err != nil {
		return s, cli.Usagef("--since: %w", err)
	}
	if f.filter.Until, err = history.ParseTime(f.until, now); err != nil {
		return s, cli.Usagef("--until: %w", err)
	}
	return s, cli.AsUsage(f.filter.Check())
}

// open reads where the topic ends and which letters are done.
func (f *lettersFlags) open(ctx context.Context, p *cli.Process) (*dlq.Letters, error) {
	s, err := f.resolve(p, time.Now())
	if err != nil {
		return nil, err
	}
	l, err := dlq.Open(ctx, s, f.topic, f.group, f.filter.Partitions, p.Progress())
	if err != nil {
		return nil, err
	}
	events := func() (dlq.Events, func(), error) {
		d, done, err := config.NewDecoder(&f.registry, &f.transform, s, p.Stderr)
		return d, done, err
	}
	if err := l.Obey(ctx, f.erasures, events); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// sayUntold says that there are letters of which nobody knows whether their events are erased.
func sayUntold(p *cli.Process, l *dlq.Letters) {
	if n := l.Untold(); n > 0 {
		fmt.Fprintf(p.Stderr, "amazon-capi: %s of open letters could not be read (%s), and their headers show a tag that other events have, too: nobody knows whether these are erased\n", count.Of(n, "event"), setting.Registry)
	}
}
