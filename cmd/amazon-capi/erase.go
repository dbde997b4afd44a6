package main

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/internal/cli"
	"github.com/tracklayer/amazon-capi/internal/config"
	"github.com/tracklayer/amazon-capi/internal/operate/erase"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

const eraseLong = `Make sure that events are never sent again, because the person they are about asked
to be forgotten, and say where copies of them remain. Without --go nothing is
written, and it says what it would do.

The events are named by their ids (arguments, or a file with one a line with
--event-ids-file), or found by identifiers of the person (--identifiers): email addresses,
phone numbers, their hashes, device ids and click ids, one a line, from a file or
standard input and never from the command line, where other users of the machine and
its history would see them. Events with such an identifier are looked for in the source,
the dead letters and the quarantine topic, in every form that the program sends. Identifiers and their
hashes are compared in memory and written nowhere.

With --go the event ids are put on a list, the compacted topic --erasure-topic, which
is made if it is missing. It holds pseudonyms of event ids and nothing else. run,
replay and dlq redrive read it before they start and follow it: what is on it is
filtered with code erased, also what a member holds or is to try again, and while the list
cannot be read nothing is sent. An event whose request is on its way when the list grows
may still arrive.

Give the same names of topics as run has. The report names the copies that remain by
topic, partition and offset, and how to remove them; see docs/privacy.md.`

type eraseFlags struct {
	kafka     config.Kafka
	registry  config.Registry
	transform config.Transform
	act       cli.GoFlag

	topics                              []string
	letters, quarantine, receipts, list string
	ids, identifiers                    string
	json                                bool
}

func newEraseCommand(p *cli.Process) *cobra.Command {
	var f eraseFlags
	cmd := &cobra.Command{
		Use:   "erase [EVENT-ID ...]",
		Short: "Never send events of a person again, and say where copies remain; a dry run without --go",
		Long:  eraseLong,
		Example: `  amazon-capi erase ord_10492_purchase --brokers localhost:9092 --registry http://localhost:8081
  amazon-capi erase --identifiers person.txt --go`,
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd.Context(), p, args) },
	}
	flags := cmd.Flags()
	f.kafka.Register(flags)
	f.registry.RegisterReading(flags)
	registerAliases(flags, &f.transform)
	flags.StringVar(&f.ids, "event-ids-file", "", "file of event ids, one a line; - is standard input")
	flags.StringVar(&f.identifiers, "identifiers", "", "file of a person's identifiers, one a line; - is standard input")
	config.RegisterTopics(flags, &f.topics, "source topics, separated by commas")
	flags.StringVar(&f.letters, "dead-letter-topic", config.DefaultLettersTopic, "topic of the dead letters; empty for none")
	registerQuarantine(flags, &f.quarantine, quarantineRead)
	flags.StringVar(&f.receipts, "receipts-topic", config.DefaultReceiptsTopic, "topic of the receipts; empty for none")
	config.RegisterErasuresRead(flags, &f.list)
	f.act.Register(flags, "put the event ids on the list")
	flags.BoolVar(&f.json, "json", false, "print one JSON object")
	return cmd
}

// registerAliases adds the flag of a command that reads events and maps none.
func registerAliases(flags *pflag.FlagSet, t *config.Transform) {
	flags.StringVar(&t.MappingFile, "mapping", "", "YAML table of event names, which says what producers call the fields (default the built-in one)")
}

// registerQuarantine adds the flag of the quarantine topic. Only redrive writes to it.
func registerQuarantine(flags *pflag.FlagSet, topic *string, usage string) {
	flags.StringVar(topic, "quarantine-topic", "", usage+" (default the dead-letter topic's name and .quarantine)")
}

// quarantineRead says what the quarantine topic is to commands that read it.
const quarantineRead = "topic of the letters that were redriven too often"

// quarantineOf is the quarantine topic that goes with a dead-letter topic, if there is one.
func quarantineOf(topic, letters string) string {
	if topic == "" && letters != "" {
		return letters + ".quarantine"
	}
	return topic
}

func (f *eraseFlags) run(ctx context.Context, p *cli.Process, args []string) error {
	o, err := f.options(p, args)
	if err != nil {
		return err
	}
	settings, err := f.registry.Resolve(o.Kafka, p.Stderr)
	if err != nil {
		return err
	}
	o.Registry, err = registry.New(settings)
	if err != nil {
		return setting.Registry.Wrap(err)
	}
	defer o.Registry.Close()
	result, err := erase.Run(ctx, o)
	if result == nil {
		return err
	}
	if f.json {
		return errors.Join(report.JSON(p.Stdout, result), err)
	}
	result.Print(p.Screen())
	return err
}

func (f *eraseFlags) options(p *cli.Process, args []string) (o erase.Options, err error) {
	if err := f.act.Check(); err != nil {
		return o, err
	}
	switch {
	case len(f.topics) == 0:
		return o, cli.Usagef("--topic: it has no name")
	case f.list == "":
		return o, cli.Usagef("--erasure-topic: it has no name; without the list nothing keeps the events from being sent again")
	case slices.Contains(append([]string{f.letters, f.receipts, quarantineOf(f.quarantine, f.letters)}, f.topics...), f.list):
		return o, cli.Usagef("--erasure-topic: %q has another use; want a topic of its own", f.list)
	case f.ids == "-" && f.identifiers == "-":
		return o, cli.Usagef("--event-ids-file and --identifiers are both standard input: want a file for one of them")
	}
	if slices.ContainsFunc(args, erase.Identifies) {
		return o, cli.Usagef("an argument is an identifier and no event id: want it in a file or on standard input, with --identifiers, since others see command lines")
	}
	ids, err := f.lines(p, "event-ids-file", f.ids, erase.MaxEventIDs)
	if err != nil {
		return o, err
	}
	identifiers, err := f.lines(p, "identifiers", f.identifiers, erase.MaxIdentifiers)
	if err != nil {
		return o, err
	}
	if len(args)+len(ids)+len(identifiers) == 0 {
		return o, cli.Usagef("erase: nothing to erase is named: want event ids as arguments or with --event-ids-file, or --identifiers")
	}
	if slices.ContainsFunc(ids, erase.Ambiguous) || slices.ContainsFunc(args, erase.Ambiguous) {
		return o, cli.Usagef("an event id is given as it is shown, by a tag that other events have, too: want the id as its source made it, or --identifiers")
	}
	o = erase.Options{
		Sources: f.topics, Letters: f.letters, Quarantine: quarantineOf(f.quarantine, f.letters), Receipts: f.receipts, List: f.list, EventIDs: append(ids, args...),
		Go: f.act.Act, Progress: p.Progress(),
	}
	if o.People, err = erase.NewPeople(identifiers); err != nil {
		return o, err
	}
	if o.Aliases, err = f.transform.Aliases(); err != nil {
		return o, err
	}
	o.Kafka, err = f.kafka.Resolve(p.Stderr)
	return o, err
}

// lines reads a file; nil for none.
func (f *eraseFlags) lines(p *cli.Process, flag setting.Key, path string, most int) ([]string, error) {
	var in io.Reader
	switch path {
	case "":
		return nil, nil
	case "-":
		in = p.Stdin
	default:
		file, err := os.Open(path)
		if err != nil {
			return nil, flag.Wrap(redact.File(err))
		}
		defer file.Close()
		in = file
	}
	lines, err := erase.Lines(in, most)
	if err == nil && len(lines) == 0 {
		err = errors.New("it has no lines: want one event id or identifier a line")
	}
	return lines, flag.Wrap(err)
}
