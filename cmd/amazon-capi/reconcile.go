package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tracklayer/amazon-capi/internal/cli"
	"github.com/tracklayer/amazon-capi/internal/config"
	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/history"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/operate/reconcile"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

const reconcileLong = `Compare the source with receipts and dead letters. Every record of the range is
looked up in them, and counted by profile, event type and hour of its timestamp:

  source = accepted + dead-lettered by class + filtered + in flight + missing

A record without a verdict is in flight until the group has committed past it, and
missing from then on. Redriven letters count once, with the verdict of the redrive.
Values are those of accepted events, each event id once.

Receipts say what Amazon answered. To compare with what it shows, give the counts of
its Events Manager with --events-manager: CSV with the columns name, day and count,
and optionally excluded share (events without consent) and account. Events Manager
counts before deduplication and consent filtering, up to two hours late; its days are
assumed to be those of the events, in UTC. The same counts are predicted from the
receipts, and differences are explained as far as their causes are known.

Amazon's API lists no single events. If you have such a list from elsewhere, give it
with --diagnostics: CSV with a column event_id and optionally profile_id, or one
object per line with those fields, or what the sandbox serves under /sandbox/events
or writes with --record. Accepted events that are not in it are also missing.

Records that retention deleted before the group read them are reported by partition,
as long as the group has not passed them: nothing else is known about them, so they
are in no row.

The exit code is 1 when anything is missing or was deleted unread, or a difference to
Events Manager has no explanation. --events FILE.parquet, or .csv, lists every event
with its verdict, to aggregate it as Amazon Marketing Cloud does; see docs/amc.md.`

type reconcileFlags struct {
	kafka     config.Kafka
	registry  config.Registry
	transform config.Transform
	span      cli.RangeFlags

	topics                   []string
	letters, receipts, group string
	by                       []string
	diagnostics, csv, events string
	json                     bool
	shown                    shownFlags
}

func newReconcileCommand(p *cli.Process) *cobra.Command {
	var f reconcileFlags
	cmd := &cobra.Command{
		Use:   "reconcile",
		Short: "Compare the source with receipts and dead letters, event by event",
		Long:  reconcileLong,
		Example: `  amazon-capi reconcile --from -1d --brokers localhost:9092 --registry http://localhost:8081
  amazon-capi reconcile --from 2025-11-24 --to 2025-11-27 --by profile --csv day.csv --events day.parquet
  amazon-capi reconcile --from 2025-11-24 --to 2025-12-01 --events-manager counts.csv --accounts accounts.yaml
  amazon-capi reconcile --from 2025-11-24 --diagnostics accepted.csv --json`,
		Args: cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), p) },
	}
	flags := cmd.Flags()
	f.kafka.Register(flags)
	f.registry.RegisterReading(flags)
	f.transform.Register(flags)
	f.span.Register(flags)
	config.RegisterTopics(flags, &f.topics, "source topics, separated by commas; each is compared on its own, and the counts are of all")
	flags.StringVar(&f.letters, "dead-letter-topic", config.DefaultLettersTopic, "topic of the dead letters")
	flags.StringVar(&f.receipts, "receipts-topic", config.DefaultReceiptsTopic, "topic of the receipts")
	flags.StringVar(&f.group, "group", config.DefaultGroup, "group of run: what it has committed must have a verdict")
	flags.StringSliceVar(&f.by, "by", reconcile.Parts, "what to split rows by: "+strings.Join(reconcile.Parts, ", "))
	flags.StringVar(&f.diagnostics, "diagnostics", "", "list of the events that Amazon has, which its API does not give: CSV or JSON lines; - is standard input")
	flags.StringVar(&f.csv, "csv", "", "file for the rows, as CSV")
	flags.StringVar(&f.events, "events", "", "file for every event with its verdict, .csv or .parquet")
	flags.BoolVar(&f.json, "json", false, "print a JSON object a line: rows, missing records, and the sum")
	f.shown.register(flags)
	return cmd
}

// resolve checks the flags.
func (f *reconcileFlags) resolve(p *cli.Process) (s kafka.Settings, o registry.Options, ranges []history.Range, err error) {
	if s, err = f.kafka.Resolve(p.Stderr); err != nil {
		return s, o, nil, err
	}
	if o, err = f.registry.Resolve(s, p.Stderr); err != nil {
		return s, o, nil, err
	}
	if ranges, err = f.span.ResolveAll(f.topics, time.Now()); err != nil {
		return s, o, nil, err
	}
	for _, by := range f.by {
		if !slices.Contains(reconcile.Parts, by) {
			return s, o, nil, cli.Usagef("--by: %q is unknown: want some of %s", by, strings.Join(reconcile.Parts, ", "))
		}
	}
	if f.receipts == "" {
		return s, o, nil, cli.Usagef("--receipts-topic: it has no name; only receipts show what was accepted")
	}
	if f.letters == "" || f.group == "" {
		return s, o, nil, cli.Usagef("--dead-letter-topic and --group: both are needed")
	}
	return s, o, ranges, nil
}

func (f *reconcileFlags) run(ctx context.Context, p *cli.Process) error {
	settings, registryOptions, ranges, err := f.resolve(p)
	if err != nil {
		return err
	}
	amazon, err := f.readDiagnostics(p)
	if err != nil {
		return err
	}
	transformer, err := f.transform.Transformer(nil)
	if err != nil {
		return err
	}
	registry, err := registry.New(registryOptions)
	if err != nil {
		return cli.Usagef("--registry: %w", err)
	}
	defer registry.Close()
	// Reading may take an hour; an unwritable file is found out before.
	rows, err := reconcile.CreateRowsFile(f.csv)
	if err != nil {
		return err
	}
	defer rows.Discard()
	events, err := f.createEvents()
	if err != nil {
		return err
	}
	r := reconcile.Reconciler{Decoder: schemas.NewDecoder(registry, schemas.WithFramings(registry.Framings()), schemas.WithAliases(transformer.Aliases())), Transformer: transformer, Amazon: amazon}
	if events != nil {
		r.Each = events.Add
	}
	if err := f.shown.open(p, &f.transform, ranges[0], &r); err != nil {
		if events != nil {
			events.Discard()
		}
		return err
	}
	sources := reconcile.Sources{
		Kafka: settings, Registry: registry, Letters: f.letters, Receipts: f.receipts, Group: f.group,
		Progress: p.Progress(), Recently: f.shown.since(),
	}
	rep, empty, err := compareEach(ctx, &sources, ranges, &r, events)
	if events != nil {
		if err != nil {
			events.Discard()
		} else {
			err = events.Close()
		}
	}
	if err != nil {
		return err
	}
	return f.show(p, empty, rep, rows)
}

// compareEach compares one topic after the other, and returns the report of all with the reasons
// why topics hold nothing. What it is given to compare with knows one topic at a time.
func compareEach(ctx context.Context, sources *reconcile.Sources, ranges []history.Range, with *reconcile.Reconciler, events *reconcile.EventsFile) (all *reconcile.Report, empty []string, err error) {
	all = new(reconcile.Report)
	for _, rng := range ranges {
		if events != nil {
			events.Topic = rng.Topic
		}
		r := *with
		sources.Range = rng
		plan, rep, err := sources.Run(ctx, &r)
		if err != nil {
			return nil, nil, err
		}
		if rep.Sum.Source == 0 {
			empty = append(empty, plan.WhyEmpty())
		}
		all.Add(rng.Topic, rep)
	}
	return all, empty, nil
}

func (f *reconcileFlags) readDiagnostics(p *cli.Process) (*reconcile.Diagnostics, error) {
	if f.diagnostics == "" {
		return nil, nil
	}
	in := p.Stdin
	if f.diagnostics != "-" {
		file, err := os.Open(f.diagnostics)
		if err != nil {
			return nil, cli.Usagef("--diagnostics: %w", redact.File(err))
		}
		defer file.Close()
		in = file
	}
	d, err := reconcile.ReadDiagnostics(in)
	if err != nil {
		return nil, cli.Usagef("--diagnostics %s: %w", f.diagnostics, err)
	}
	return d, nil
}

func (f *reconcileFlags) createEvents() (*reconcile.EventsFile, error) {
	if f.events == "" {
		return nil, nil
	}
	events, err := reconcile.CreateEventsFile(f.events)
	if err != nil {
		return nil, cli.Usagef("--events: %w", err)
	}
	return events, nil
}

// show prints the report; the error means that something is missing.
func (f *reconcileFlags) show(p *cli.Process, empty []string, rep *reconcile.Report, file *reconcile.RowsFile) error {
	rows := rep.By(slices.Contains(f.by, "profile"), slices.Contains(f.by, "type"), slices.Contains(f.by, "hour"))
	if err := file.Write(rows); err != nil {
		return err
	}
	var err error
	switch {
	case f.json:
		err = reconcile.WriteJSON(p.Stdout, rows, rep)
	case rep.Sum.Source == 0:
		fmt.Fprintf(p.Screen(), "There is nothing to reconcile: %s.\n", strings.Join(empty, "; "))
	default:
		reconcile.Print(p.Paged(), f.by, rows, rep)
	}
	if !f.json {
		reconcile.PrintUnread(p.Screen(), rep.Unread)
	}
	var unread int64
	for _, u := range rep.Unread {
		unread += u.Records
	}
	differs := f.shown.show(p, f.json)
	switch {
	case err != nil:
	case rep.Sum.Missing > 0:
		err = fmt.Errorf("%d of %s %s missing", rep.Sum.Missing, count.Of(rep.Sum.Source, "event"), count.Is(rep.Sum.Missing))
	case unread > 0:
		err = fmt.Errorf("%s %s deleted before %s read", count.Of(unread, "record"), count.Was(unread), count.They(unread)+" "+count.Was(unread))
	}
	return errors.Join(err, differs)
}
