//go:build ignore

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/operate/dlq"
	"github.com/tracklayer/amazon-capi/internal/operate/explain"
	"github.com/tracklayer/amazon-capi/internal/operate/history"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

const dlqShowLong = `Show a dead letter: what Amazon or our own rules said then, and what becomes of its
event now, with the mapping and the rules that the flags give: the event as it is
read, each rule in order, and the payload that would be sent. Whether mending the
mapping has helped can so be seen before anything is redriven.

PARTITION/OFFSET is the letter's place in the dead-letter topic, as dlq ls prints
it. A letter whose value the topic was too small for is read from the source, if
it is still there. Letters of other tools are shown as far as they can be read.
Identifiers are not shown.`

type dlqShowFlags struct {
	explain explainFlags // its settings, not its sources
	group   string
}

func newDLQShow(p *process) *cobra.Command {
	var f dlqShowFlags
	cmd := &cobra.Command{
		Use:   "show PARTITION/OFFSET",
		Short: "Show a dead letter: what was said then, and what would be sent now",
		Long:  dlqShowLong,
		Example: `  amazon-capi dlq show 0/0 --brokers localhost:9092 --registry http://localhost:8081
  amazon-capi dlq show 0/0 --mapping transform/mapping.yaml --json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("dlq show takes one argument, PARTITION/OFFSET, but got %d", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd.Context(), p, args[0]) },
	}
	flags := cmd.Flags()
	x := &f.explain
	x.kafka.register(flags)
	x.registry.register(flags)
	x.transform.register(flags)
	x.contract.register(flags)
	x.batch.register(flags)
	x.identifiers.register(flags)
	flags.StringVar(&x.topic, "dead-letter-topic", defaultLettersTopic, "topic of the dead letters")
	flags.StringVar(&f.group, "redrive-group", defaultRedriveGroup, "group that remembers which letters were sent through again")
	flags.BoolVar(&x.json, "json", false, "print one JSON object")
	return cmd
}

// shownLetter is the output of --json.
type shownLetter struct {
	Letter dlq.View `json:"letter"`
	// Notes say what could not be read.
	Notes []string `json:"notes,omitempty"`
	// Now is what becomes of the event; missing if there is nothing to read it from.
	Now *explain.Report `json:"now,omitempty"`
}

func (f *dlqShowFlags) run(ctx context.Context, p *process, at string) error {
	partition, offset, err := parseOffset(at)
	if err != nil {
		return asUsage(err)
	}
	settings, err := f.explain.kafka.resolve(p.stderr)
	if err != nil {
		return err
	}
	x, err := f.explain.explainer(p)
	if err != nil {
		return err
	}
	done, err := groupProgress(ctx, settings, f.group, f.explain.topic)
	if err != nil {
		return err
	}
	reader, err := history.New(settings)
	if err != nil {
		return asUsage(err)
	}
	defer reader.Close()
	rec, err := reader.One(ctx, f.explain.topic, partition, offset)
	if errors.Is(err, history.ErrBadRange) {
		return asUsage(err)
	}
	if err != nil {
		return err
	}
	if rec == nil {
		return fmt.Errorf("topic %q has no record at partition %d, offset %d; dlq ls lists those that there are", f.explain.topic, partition, offset)
	}
	entry := dlq.Read(rec, done)
	var rounds *dlq.Rounds
	if entry.Letter.Redrives > 0 {
		if rounds, err = countRounds(ctx, settings, f.explain.topic, done, report.NewTerminalProgress(p.stderr)); err != nil {
			return err
		}
	}
	shown := shownLetter{Letter: entry.View(rounds)}
	f.now(ctx, p, settings, reader, x, &entry, &shown)
	if f.explain.json {
		return printJSON(p.stdout, shown)
	}
	shown.print(p.stdout, f.explain.topic, &entry)
	return nil
}

// now fills in what becomes of the letter's event, as far as that can be told.
func (f *dlqShowFlags) now(ctx context.Context, p *process, settings kafka.Settings, reader *history.Reader, x *explain.Explainer, e *dlq.Entry, shown *shownLetter) {
	note := func(format string, args ...any) { shown.Notes = append(shown.Notes, fmt.Sprintf(format, args...)) }
	rec := &kgo.Record{Key: e.Letter.Key, Value: e.Letter.Value, Headers: e.Letter.Headers}
	if !e.Letter.Whole() {
		original, err := reader.One(ctx, e.Letter.Topic, e.Letter.Partition, e.Letter.Offset)
		switch {
		case err != nil:
			note("the letter lacks its %s, and the original cannot be read: %v", strings.Join(shown.Letter.Lacks, " and "), err)
			return
		case original == nil:
			note("the letter lacks its %s, and the original is not there any more", strings.Join(shown.Letter.Lacks, " and "))
			return
		}
		note("the letter lacks its %s; what follows is read from the original", strings.Join(shown.Letter.Lacks, " and "))
		rec = original
	}
	reading, err := f.read(ctx, p, rec.Value, note)
	if err != nil {
		note("the event cannot be read: %v", err)
		return
	}
	shown.Now = x.Reading(&reading, time.Now())
	shown.Now.Record = &explain.Record{
		Key: keyOf(rec, &reading, x.View), Bytes: len(rec.Value), SchemaID: reading.SchemaID, Schema: reading.Schema,
	}
	for _, h := range rec.Headers {
		shown.Now.Record.Headers = append(shown.Now.Record.Headers, redact.Message(h.Key))
	}
}

// read reads a value with the registry's schema, and with those that come with
// the program while the registry is away: an operator who looks at a letter may
// be there because of that.
func (f *dlqShowFlags) read(ctx context.Context, p *process, value []byte, note func(string, ...any)) (explain.Reading, error) {
	candidates, closeSchemas, err := f.explain.schemas(p, "registry")
	if err != nil {
		return explain.Reading{}, err
	}
	defer closeSchemas()
	reading, err := explain.Read(ctx, value, candidates, false)
	if !errors.Is(err, registry.ErrAway) {
		return reading, err
	}
	note("%v; read with the schemas that come with the program", err)
	embedded, err := explain.EmbeddedSchemas()
	if err != nil {
		return reading, err
	}
	return explain.Read(ctx, value, embedded, false)
}

func (s *shownLetter) print(w io.Writer, topic string, e *dlq.Entry) {
	v := &s.Letter
	line := func(name, format string, args ...any) {
		if text := fmt.Sprintf(format, args...); text != "" {
			fmt.Fprintf(w, "%-10s %s\n", name, text)
		}
	}
	fmt.Fprint(w, "Letter\n──────\n")
	line("at", "%s, partition %d, offset %d, %s", topic, v.Partition, v.Offset, map[string]string{"open": "open", "done": "sent through again"}[v.State])
	if v.Source != nil {
		line("of", "%s, partition %d, offset %d", v.Source.Topic, v.Source.Partition, v.Source.Offset)
	}
	line("event", "%s", v.EventID)
	line("profile", "%s", v.Profile)
	line("timestamp", "%s", v.Timestamp.Format(time.RFC3339Nano))
	line("failed", "%s, after %s, redriven %s before", v.When.Format(time.RFC3339Nano), count.Of(v.Attempts, "attempt"), count.Of(v.Redrives, "time"))
	why := v.Class
	if v.Status != 0 {
		why += fmt.Sprintf(", status %d", v.Status)
	}
	if v.Code != "" {
		why += ", " + v.Code
	}
	if v.Field != "" {
		why += " (" + v.Field + ")"
	}
	line("class", "%s", why)
	line("stage", "%s", v.Stage)
	said := "message"
	if v.Status != 0 {
		said = "Amazon"
	}
	line(said, "%s", v.Message)
	line("do", "%s", v.Remedy)
	for _, n := range s.Notes {
		line("note", "%s", n)
	}
	if s.Now != nil {
		fmt.Fprint(w, "\nWhat becomes of it now:\n")
		s.Now.Print(w)
	}
	if e.Done {
		fmt.Fprintln(w, "\nThe letter was sent through again already; a redrive passes over it.")
	}
}
