//go:build ignore

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/operate/history"
	"github.com/tracklayer/amazon-capi/internal/operate/reconcile"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/receipt"
	"github.com/tracklayer/amazon-capi/schemas/registry"
	"github.com/tracklayer/amazon-capi/sink"
)

const reconcileLong = `Compare the source with what became of it. Every record of the range is looked for
in the receipts and the dead letters, and counted by profile, event type and hour of
its timestamp:

  source = accepted + dead-lettered by class + filtered + in flight + missing

A record without a verdict is in flight until the group has committed past it, and
missing from then on. Letters that were sent through again count once, as what
became of them. Values are those of accepted events, each event id once.

Receipts say what Amazon answered. To compare with what it has, give a list of that
with --diagnostics: CSV with a column event_id and perhaps profile_id, or an object a
line with those fields, or what the sandbox serves under /sandbox/events or writes
with --record. What was accepted and is not in it is missing, too.

Records that retention deleted before the group had come to them are told by
partition, as long as the group has not gone on past them: what they were is not
known any more, so they are in no row.

The exit code is 1 when anything is missing, or was deleted unread. --events FILE.parquet, or .csv, lists
every event with its verdict, to join with what Amazon Marketing Cloud tells; see
docs/amc.md.`

type reconcileFlags struct {
	kafka     kafkaFlags
	registry  registryFlags
	transform transformFlags
	span      rangeFlags

	topic, letters, receipts, group string
	by                              []string
	diagnostics, csv, events        string
	json                            bool
}

// reconcileBy are the parts that rows can be told apart by.
var reconcileBy = []string{"profile", "type", "hour"}

func newReconcileCommand(p *process) *cobra.Command {
	var f reconcileFlags
	cmd := &cobra.Command{
		Use:   "reconcile",
		Short: "Compare the source with receipts and dead letters, event by event",
		Long:  reconcileLong,
		Example: `  amazon-capi reconcile --from -1d --brokers localhost:9092 --registry http://localhost:8081
  amazon-capi reconcile --from 2025-11-24 --to 2025-11-27 --by profile --csv day.csv --events day.parquet
  amazon-capi reconcile --from 2025-11-24 --diagnostics accepted.csv --json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), p) },
	}
	flags := cmd.Flags()
	f.kafka.register(flags)
	f.registry.register(flags)
	f.transform.register(flags)
	f.span.register(flags)
	flags.StringVar(&f.topic, "topic", defaultTopic, "source topic")
	flags.StringVar(&f.letters, "dead-letter-topic", defaultLettersTopic, "topic of the dead letters")
	flags.StringVar(&f.receipts, "receipts-topic", defaultReceiptsTopic, "topic of the receipts")
	flags.StringVar(&f.group, "group", defaultGroup, "group of run: what it has committed must have a verdict")
	flags.StringSliceVar(&f.by, "by", reconcileBy, "what rows are told apart by: "+strings.Join(reconcileBy, ", "))
	flags.StringVar(&f.diagnostics, "diagnostics", "", "list of the events that Amazon has, CSV or JSON lines; - is standard input")
	flags.StringVar(&f.csv, "csv", "", "file for the rows, as CSV")
	flags.StringVar(&f.events, "events", "", "file for every event with its verdict, .csv or .parquet")
	flags.BoolVar(&f.json, "json", false, "print a JSON object a line: rows, missing records, and the sum")
	return cmd
}

// resolve checks the flags.
func (f *reconcileFlags) resolve(p *process) (s kafka.Settings, o registry.Options, rng history.Range, err error) {
	if s, err = f.kafka.resolve(p.stderr); err != nil {
		return s, o, rng, err
	}
	if o, err = f.registry.resolve(s.TLS, p.stderr); err != nil {
		return s, o, rng, err
	}
	if rng, err = f.span.resolve(f.topic, time.Now()); err != nil {
		return s, o, rng, err
	}
	for _, by := range f.by {
		if !slices.Contains(reconcileBy, by) {
			return s, o, rng, usagef("--by: %q is unknown: want some of %s", by, strings.Join(reconcileBy, ", "))
		}
	}
	if f.receipts == "" {
		return s, o, rng, usagef("--receipts-topic: it has no name; without receipts nobody knows what was accepted")
	}
	if f.topic == "" || f.letters == "" || f.group == "" {
		return s, o, rng, usagef("--topic, --dead-letter-topic and --group: all are needed")
	}
	return s, o, rng, nil
}

func (f *reconcileFlags) run(ctx context.Context, p *process) error {
	settings, registryOptions, rng, err := f.resolve(p)
	if err != nil {
		return err
	}
	amazon, err := f.readDiagnostics(p)
	if err != nil {
		return err
	}
	transformer, err := f.transform.transformer(nil)
	if err != nil {
		return err
	}
	registry, err := registry.New(registryOptions)
	if err != nil {
		return usagef("--registry: %w", err)
	}
	defer registry.Close()
	// Reading may take an hour; that a file cannot be written is found out before.
	rows, err := createRowsFile(f.csv)
	if err != nil {
		return err
	}
	defer rows.discard()
	events, err := f.createEvents()
	if err != nil {
		return err
	}
	r := &reconcile.Reconciler{Decoder: schemas.NewDecoder(registry), Transformer: transformer, Amazon: amazon}
	if events != nil {
		r.Each = events.Add
	}
	plan, rep, err := f.reconcile(ctx, p, settings, rng, registry, r)
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
	return f.show(p, plan, rep, rows)
}

// reconcile reads, in an order that matters: what the group had committed before
// the verdicts are read has its verdict among them.
func (f *reconcileFlags) reconcile(ctx context.Context, p *process, s kafka.Settings, rng history.Range, registry *registry.Client, r *reconcile.Reconciler) (*history.Plan, *reconcile.Report, error) {
	progress := report.NewTerminalProgress(p.stderr)
	defer progress.Done()
	reader, plan, err := openHistory(ctx, s, rng, progress)
	if err != nil {
		return nil, nil, err
	}
	defer reader.Close()
	if r.Live, err = groupProgress(ctx, s, f.group, f.topic); err != nil {
		return nil, nil, err
	}
	if !r.Live.Begun() {
		if err := f.tellNewGroup(ctx, s, progress); err != nil {
			return nil, nil, err
		}
	}
	r.Verdicts = reconcile.NewVerdicts(plan)
	if err := f.readReceipts(ctx, s, rng, registry, r.Verdicts, progress); err != nil {
		return nil, nil, err
	}
	if err := f.readLetters(ctx, s, r.Verdicts, progress); err != nil {
		return nil, nil, err
	}
	progress.Restart()
	if err := reader.Read(ctx, plan, func(rec *kgo.Record) error { return r.Record(ctx, rec) }); err != nil {
		return nil, nil, err
	}
	rep, err := r.Finish()
	return plan, rep, err
}

// tellNewGroup says that the group has read nothing of the topic: then nothing is ever
// missing, and everything without a verdict in flight.
func (f *reconcileFlags) tellNewGroup(ctx context.Context, s kafka.Settings, progress *report.Progress) error {
	opts, err := s.Options(zerolog.Nop())
	if err != nil {
		return asUsage(err)
	}
	client, err := kgo.NewClient(opts...)
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeoutCause(ctx, adminTimeout, errBrokersSilent)
	defer cancel()
	others, _, err := kafka.Readers(ctx, kadm.NewClient(client), f.topic, f.group)
	if err != nil {
		return withCause(ctx, err)
	}
	hint := ""
	if len(others) > 0 {
		hint = "; others that have: " + kafka.Named(others)
	}
	progress.Say("amazon-capi: group %s has committed nothing of %s (--group), so that nothing counts as missing%s", f.group, f.topic, hint)
	return nil
}

// receiptsBefore is how much earlier than the range's records their receipts are
// looked for: they are written later, but by another machine's clock.
const receiptsBefore = time.Hour

func (f *reconcileFlags) readReceipts(ctx context.Context, s kafka.Settings, rng history.Range, registry *registry.Client, v *reconcile.Verdicts, progress *report.Progress) error {
	r := history.Range{Topic: f.receipts}
	if t := rng.From.Time; !t.IsZero() {
		r.From.Time = t.Add(-receiptsBefore)
	}
	progress.Restart()
	reader, plan, err := openHistory(ctx, s, r, progress)
	if err != nil {
		return err
	}
	defer reader.Close()
	receipts := receipt.NewReader(registry)
	return reader.Read(ctx, plan, func(rec *kgo.Record) error {
		read, err := receipts.Parse(ctx, rec.Value)
		switch {
		case errors.Is(err, receipt.ErrNone):
			return nil // somebody else's; what it is about has no verdict by it
		case err != nil:
			return err
		}
		v.Receipt(&read)
		return nil
	})
}

func (f *reconcileFlags) readLetters(ctx context.Context, s kafka.Settings, v *reconcile.Verdicts, progress *report.Progress) error {
	progress.Restart()
	reader, plan, err := openHistory(ctx, s, history.Range{Topic: f.letters}, progress)
	if err != nil {
		return err
	}
	defer reader.Close()
	return reader.Read(ctx, plan, func(rec *kgo.Record) error {
		if l, err := sink.ParseLetter(rec); err == nil {
			v.Letter(&l)
		}
		return nil
	})
}

func (f *reconcileFlags) readDiagnostics(p *process) (*reconcile.Diagnostics, error) {
	if f.diagnostics == "" {
		return nil, nil
	}
	in := p.stdin
	if f.diagnostics != "-" {
		file, err := os.Open(f.diagnostics)
		if err != nil {
			return nil, usagef("--diagnostics: %w", redact.File(err))
		}
		defer file.Close()
		in = file
	}
	d, err := reconcile.ReadDiagnostics(in)
	if err != nil {
		return nil, usagef("--diagnostics %s: %w", f.diagnostics, err)
	}
	return d, nil
}

func (f *reconcileFlags) createEvents() (*reconcile.EventsFile, error) {
	if f.events == "" {
		return nil, nil
	}
	events, err := reconcile.CreateEventsFile(f.events)
	if err != nil {
		return nil, usagef("--events: %w", err)
	}
	return events, nil
}

// show prints the report; the error is that something is missing.
func (f *reconcileFlags) show(p *process, plan *history.Plan, rep *reconcile.Report, file *rowsFile) error {
	rows := rep.By(slices.Contains(f.by, "profile"), slices.Contains(f.by, "type"), slices.Contains(f.by, "hour"))
	if err := file.write(rows); err != nil {
		return err
	}
	var err error
	switch {
	case f.json:
		err = printReconcileJSON(p.stdout, rows, rep)
	case rep.Sum.Source == 0:
		fmt.Fprintf(p.stdout, "There is nothing to reconcile: %s.\n", plan.WhyEmpty())
	default:
		f.print(p.stdout, rows, rep)
	}
	if !f.json {
		printUnread(p.stdout, rep.Unread)
	}
	var unread int64
	for _, u := range rep.Unread {
		unread += u.Records
	}
	switch {
	case err != nil:
	case rep.Sum.Missing > 0:
		err = fmt.Errorf("%d of %s %s missing", rep.Sum.Missing, count.Of(rep.Sum.Source, "event"), count.Is(rep.Sum.Missing))
	case unread > 0:
		err = fmt.Errorf("%d records were deleted before they were read", unread)
	}
	return err
}
