package main

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/internal/cli"
	"github.com/tracklayer/amazon-capi/internal/config"
	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/operate/explain"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/sink/amazon"
)

const explainLong = `Show what would happen to an event and why: the event as it is read, the result of
every rule in order, the payload, and the request that would carry it. Nothing is
sent.

The event comes from one of
  --offset P/O       the record at offset O of partition P of --topic; of
                     several topics, TOPIC/P/O
  --file FILE        a record's value: Avro, with or without the name of its
                     schema; - is standard input
  --json-event EVENT the JSON form that publish reads: the event itself, a file
                     of one or more, or - for standard input

A file is read with the schemas that come with the program, and a JSON event needs
none, so that neither needs a network. A record of the topic is read with the
registry's schema, unless --schema says otherwise, and looked up in the list of erased
events.

Identifiers are not shown. The exit code is 0 even for an event that would not be
sent.`

type explainFlags struct {
	kafka       config.Kafka
	registry    config.Registry
	topics      []string
	transform   config.Transform
	contract    config.Contract
	batch       config.Batch
	accounts    cli.AccountsFlag
	identifiers cli.IdentifierFlag

	offset, file, event string
	schema              string
	erasures            string
	json                bool
}

func newExplainCommand(p *cli.Process) *cobra.Command {
	var f explainFlags
	cmd := &cobra.Command{
		Use:   "explain",
		Short: "Show what would happen to an event, rule by rule, and why",
		Long:  explainLong,
		Example: `  amazon-capi explain --offset 3/18200 --brokers localhost:9092 --registry http://localhost:8081
  amazon-capi explain --file record.avro --json
  amazon-capi explain --json-event testdata/events/1-outdoor-shop.jsonl
  printf %s '{"event_id":"ord_1","profile_id":"1234567890",' \
      '"event_name":"Order Completed","action_source":"WEBSITE",' \
      '"occurred_at":"2026-04-23T10:15:30Z"}' |
      amazon-capi explain --json-event -`,
		Args: cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), p) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.offset, "offset", "", "partition/offset of the record to explain, or topic/partition/offset")
	flags.StringVar(&f.file, "file", "", "file with a record's value, - for standard input")
	flags.StringVar(&f.event, "json-event", "", "event as JSON, or a file of such, - for standard input")
	flags.StringVar(&f.schema, "schema", "", "schema to read Avro with: registry, embedded, or an .avsc file (default registry with --offset, embedded with --file)")
	config.RegisterTopics(flags, &f.topics, "topic of --offset; of several, which --offset then names")
	config.RegisterErasuresRead(flags, &f.erasures)
	flags.BoolVar(&f.json, "json", false, "print a JSON object a line, one for each event")
	f.registerDelivery(flags)
	f.identifiers.Register(flags)
	return cmd
}

// registerDelivery adds the flags that decide what is made of an event and where it goes.
func (f *explainFlags) registerDelivery(flags *pflag.FlagSet) {
	f.kafka.Register(flags)
	f.registry.RegisterReading(flags)
	f.transform.Register(flags)
	f.contract.Register(flags)
	f.batch.Register(flags)
	f.accounts.Register(flags, ofTheProfile)
}

func (f *explainFlags) run(ctx context.Context, p *cli.Process) error {
	given := 0
	for _, s := range []string{f.offset, f.file, f.event} {
		if s != "" {
			given++
		}
	}
	if given != 1 {
		return cli.Usagef("explain: %s %s named: want one of --offset, --file and --json-event", count.Of(given, "event"), count.Is(given))
	}
	x, err := f.explainer(p)
	if err != nil {
		return err
	}
	out := func(r *explain.Report) error {
		if f.json {
			return report.JSON(p.Stdout, r)
		}
		r.Print(p.Paged())
		return nil
	}
	switch {
	case f.event != "":
		return f.jsonEvents(p, x, out)
	case f.file != "":
		return f.avroFile(ctx, p, x, out)
	}
	return f.record(ctx, p, x, out)
}

func (f *explainFlags) explainer(p *cli.Process) (*explain.Explainer, error) {
	contract, err := f.contract.Resolve()
	if err != nil {
		return nil, err
	}
	known, wide, err := f.knownAccounts(contract)
	if err != nil {
		return nil, err
	}
	transformer, err := f.transform.Transformer(wide)
	if err != nil {
		return nil, err
	}
	if err := f.batch.Check(contract.Limits()); err != nil {
		return nil, err
	}
	view, err := f.identifiers.View(p)
	if err != nil {
		return nil, err
	}
	framings, err := f.registry.Framings()
	if err != nil {
		return nil, err
	}
	x, err := explain.New(explain.Options{
		Transformer: transformer, Contract: contract, BaseURL: f.contract.URL, Region: f.contract.Region,
		BatchEvents: f.batch.Events, BatchBytes: int(f.batch.Bytes), Linger: f.batch.Linger, View: view, Framings: framings, Accounts: known,
	})
	return x, cli.AsUsage(err)
}

// ofTheProfile describes the accounts file of tools that show one event.
const ofTheProfile = "the contract, region and account of the event's profile are shown"

// knownAccounts reads the accounts file, if there is one, and returns the contract for the
// transformer: nil for those of any profile.
func (f *explainFlags) knownAccounts(contract amazon.Contract) (*explain.Accounts, amazon.Contract, error) {
	list, base, err := f.accounts.Read(&f.contract, f.transform.ProfileIDs())
	if list == nil || err != nil {
		return nil, contract, err
	}
	return &explain.Accounts{List: *list, Base: base}, nil, nil
}
