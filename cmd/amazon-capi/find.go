package main

import (
	"bufio"
	"context"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tracklayer/amazon-capi/internal/cli"
	"github.com/tracklayer/amazon-capi/internal/config"
	"github.com/tracklayer/amazon-capi/internal/history"
	"github.com/tracklayer/amazon-capi/internal/operate/erase"
	"github.com/tracklayer/amazon-capi/internal/operate/find"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

const findLong = `Tell the whole story of one event, in the order of time: where it is in the source,
the requests that it was in with Amazon's answers and request ids, its receipts, dead
letters and redrives, other records with the same id, what has become of it, and what
the present settings would make of it. Nothing is sent and no group is touched.

EVENT is one of
  an event id              as the source has it, or as tools show it
  an order reference       of one or more events
  PARTITION/OFFSET         a record of --topic
  TOPIC/PARTITION/OFFSET   a record of that topic, or a dead letter
  -                        one of these on standard input, where nobody sees it

The topic is read from its end backwards and only until the story is whole: an
original is found, and what was published up to an hour before it is read as well.
So an event of the last hour is found in seconds, whatever the topic holds; --all
goes on to the start, for older records with the same id. --since and --until bound
the times of the source's records; receipts and dead letters are read from an hour
before the first record on.

Identifiers are not shown, and order references neither.`

type findFlags struct {
	explain explainFlags // its settings, not its sources

	topics                                  []string
	letters, quarantine, receipts, erasures string
	group, redriveGroup                     string
	since, until                            string
	all, json                               bool
}

func newFindCommand(p *cli.Process) *cobra.Command {
	var f findFlags
	cmd := &cobra.Command{
		Use:   "find EVENT",
		Short: "Tell the whole story of one event: source, requests, receipts, dead letters, redrives",
		Long:  findLong,
		Example: `  amazon-capi find ord_10492_purchase --brokers localhost:9092 --registry http://localhost:8081
  amazon-capi find 0/0 --json
  amazon-capi find ord_10492_purchase --topic tracklayer.events,tracklayer.app --since -2d`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return cli.Usagef("find takes one argument, an event id, an order reference or a place, but got %d", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd.Context(), p, args[0]) },
	}
	flags := cmd.Flags()
	f.explain.registerDelivery(flags)
	config.RegisterTopics(flags, &f.topics, "source topics, separated by commas")
	flags.StringVar(&f.letters, "dead-letter-topic", config.DefaultLettersTopic, "topic of the dead letters; empty for none")
	registerQuarantine(flags, &f.quarantine, quarantineRead)
	flags.StringVar(&f.receipts, "receipts-topic", config.DefaultReceiptsTopic, "topic of the receipts; empty for none")
	flags.StringVar(&f.group, "group", config.DefaultGroup, "group of run: it says what has a verdict")
	flags.StringVar(&f.redriveGroup, "redrive-group", defaultRedriveGroup, "group that remembers which letters were redriven")
	config.RegisterErasuresRead(flags, &f.erasures)
	flags.StringVar(&f.since, "since", "", "only records of the source from this time on: "+history.TimeForms)
	flags.StringVar(&f.until, "until", "", "only records of the source before this, in the same forms")
	flags.BoolVar(&f.all, "all", false, "read all that there is, also when the story is whole")
	flags.BoolVar(&f.json, "json", false, "print a JSON object a line, one for each event")
	return cmd
}

func (f *findFlags) run(ctx context.Context, p *cli.Process, what string) error {
	query, err := f.query(p, what)
	if err != nil {
		return err
	}
	o, err := f.options(p)
	if err != nil {
		return err
	}
	settings, err := f.explain.registry.Resolve(o.Kafka, p.Stderr)
	if err != nil {
		return err
	}
	if o.Registry, err = registry.New(settings); err != nil {
		return setting.Registry.Wrap(err)
	}
	defer o.Registry.Close()
	result, err := find.Run(ctx, o, query)
	if err != nil {
		return err
	}
	if f.json {
		return result.JSON(p.Stdout)
	}
	result.Print(p.Paged())
	return nil
}

// query reads what to find. Identifiers of persons, of which some sources make event
// ids, are not taken from the command line.
func (f *findFlags) query(p *cli.Process, what string) (find.Query, error) {
	if what == "-" {
		line, err := bufio.NewReader(io.LimitReader(p.Stdin, 1<<16)).ReadString('\n')
		if err != nil && err != io.EOF {
			return find.Query{}, err
		}
		what = strings.TrimRight(line, "\r\n")
	} else if erase.Identifies(what) {
		return find.Query{}, cli.Usagef("the argument is an identifier of a person: want the event id as tools show it, or - to read it from standard input, since others see command lines")
	}
	query, err := find.ParseQuery(what)
	return query, cli.AsUsage(err)
}

func (f *findFlags) options(p *cli.Process) (o find.Options, err error) {
	now := time.Now()
	o = find.Options{
		Topics: f.topics, Letters: f.letters, Quarantine: quarantineOf(f.quarantine, f.letters), Receipts: f.receipts, Group: f.group, RedriveGroup: f.redriveGroup, Erasures: f.erasures,
		All: f.all, Progress: p.Progress(),
	}
	if o.Since, err = history.ParseTime(f.since, now); err != nil {
		return o, cli.Usagef("--since: %w", err)
	}
	if o.Until, err = history.ParseTime(f.until, now); err != nil {
		return o, cli.Usagef("--until: %w", err)
	}
	if err := o.Check(); err != nil {
		return o, cli.AsUsage(err)
	}
	if o.Kafka, err = f.explain.kafka.Resolve(p.Stderr); err != nil {
		return o, err
	}
	o.Explainer, err = f.explain.explainer(p)
	return o, err
}
