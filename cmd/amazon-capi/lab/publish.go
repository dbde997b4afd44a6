package lab

import (
	"context"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tracklayer/amazon-capi/internal/cli"
	"github.com/tracklayer/amazon-capi/internal/config"
	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/lab/publish"
	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/schemas/framing"
)

const publishLong = `Encode events as Avro, register the schemas, and publish them.

FILE holds JSON lines, one event per line, with the schema's field names; - is
standard input. Without a file and without --events, the built-in sample events are
published, some of which are broken on purpose.

A topic that does not exist is an error, and then no schema is registered either;
--create-topics creates it with 12 partitions.`

type publishFlags struct {
	kafka      config.Kafka
	registry   config.Registry
	topic      string
	events     int
	generate   generateFlags
	timestamps string
	framing    string
	create     bool
	rate       float64
	json       bool
}

// generateFlags describe generated events; demo has them, too.
type generateFlags struct {
	profiles int
	broken   float64
	denied   float64
	seed     uint64
}

// NewPublish returns the command publish.
func NewPublish(p *cli.Process) *cobra.Command {
	var f publishFlags
	cmd := &cobra.Command{
		Use:   "publish [FILE...]",
		Short: "Publish events to the topic: from files, generated, or the samples",
		Long:  publishLong,
		Example: `  amazon-capi publish --brokers localhost:9092 --registry http://localhost:8081
  amazon-capi publish --events 100000 --profiles 50 --broken 0.01
  printf %s '{"event_id":"lead_1","profile_id":"1234567890",' \
      '"event_name":"Lead","action_source":"WEBSITE",' \
      '"occurred_at":"2026-04-23T10:17:00Z"}' |
      amazon-capi publish -`,
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd.Context(), p, args) },
	}
	flags := cmd.Flags()
	f.kafka.Register(flags)
	f.registry.Register(flags)
	f.registry.RegisterGlue(flags)
	config.RegisterTopic(flags, &f.topic, "topic to publish to")
	flags.BoolVar(&f.create, "create-topics", false, "create the topic if it is missing")
	flags.IntVar(&f.events, "events", 0, "generate that many events instead")
	flags.IntVar(&f.generate.profiles, "profiles", 5, "profiles of generated events")
	flags.Float64Var(&f.generate.broken, "broken", 0, "share of generated events that are broken, 0 to 1")
	flags.Float64Var(&f.generate.denied, "denied", 0, "share of generated events without consent, 0 to 1")
	flags.Uint64Var(&f.generate.seed, "seed", 1, "the same seed gives the same events, another seed different ones with other ids")
	flags.StringVar(&f.timestamps, "timestamps", "now", "timestamps of the records: now, or event for when the event happened")
	flags.StringVar(&f.framing, "framing", "confluent-prefix", "how records name their schema: "+strings.Join(framing.StyleNames(), ", ")+", which uses all in turn")
	flags.Float64Var(&f.rate, "rate", 0, "records a second (0: as fast as the brokers take them)")
	flags.BoolVar(&f.json, "json", false, "print one JSON object")
	return cmd
}

func (f *publishFlags) run(ctx context.Context, p *cli.Process, files []string) error {
	settings, err := f.kafka.Resolve(p.Stderr)
	if err != nil {
		return err
	}
	registry, err := f.registry.Resolve(settings, p.Stderr)
	if err != nil {
		return err
	}
	if f.events < 0 || f.rate < 0 || f.events > 0 && len(files) > 0 {
		return cli.Usagef("--events and --rate: want no less than 0, and --events without files")
	}
	samples, err := f.samples(p.Stdin, files)
	if err != nil {
		return err
	}
	progress := report.NewProgress(p.Stderr)
	counts, err := publish.Run(ctx, publish.Options{
		Kafka: settings, Registry: registry, Topic: f.topic, CreateTopic: f.create,
		Timestamps: sample.Timestamps(f.timestamps), Framing: f.framing, Rate: f.rate, Patience: 30 * time.Second,
		Progress: func(c sample.Counts) { progress.Step("published", uint64(c.Records), uint64(f.events)) },
	}, samples)
	progress.Done()
	if err != nil {
		return err
	}
	if f.json {
		return report.JSON(p.Stdout, counts)
	}
	fmt.Fprintf(p.Screen(), "published %s (%s) to %s\n", count.Of(counts.Records, "record"), count.Of(counts.Bytes, "byte"), f.topic)
	return nil
}

// samples returns what the flags and arguments ask for.
func (f *publishFlags) samples(stdin io.Reader, files []string) (iter.Seq2[sample.Sample, error], error) {
	switch {
	case f.events > 0:
		return f.generate.samples(f.events)
	case len(files) == 0:
		return publish.Builtin()
	}
	return publish.Files(stdin, files)
}

func (f *generateFlags) samples(n int) (iter.Seq2[sample.Sample, error], error) {
	g, err := sample.NewGenerator(f.seed, sample.GeneratorOptions{Profiles: f.profiles, Broken: f.broken, Denied: f.denied})
	if err != nil {
		return nil, cli.AsUsage(err)
	}
	return g.Take(n), nil
}
