//go:build ignore

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/crash"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/schemas/registry"
	"github.com/tracklayer/amazon-capi/testdata"
)

const publishLong = `Encode events as Avro, register the schemas, and publish them.

FILE holds JSON lines, an event each, with the schema's field names; - is
standard input. Without a file and without --events, the sample events that come
with the program are published, of which some are broken on purpose.

A topic that does not exist is an error, and then no schema is registered either;
--create-topics creates it with 12 partitions.`

type publishFlags struct {
	kafka      kafkaFlags
	registry   registryFlags
	topic      string
	events     int
	generate   generateFlags
	timestamps string
	create     bool
	rate       float64
	json       bool
	patience   time.Duration // 30s
}

// generateFlags say what generated events are like; demo has them, too.
type generateFlags struct {
	profiles int
	broken   float64
	denied   float64
	seed     uint64
}

func newPublishCommand(p *process) *cobra.Command {
	f := publishFlags{patience: 30 * time.Second}
	cmd := &cobra.Command{
		Use:   "publish [FILE...]",
		Short: "Publish events to the topic: from files, generated, or the samples",
		Long:  publishLong,
		Example: `  amazon-capi publish --brokers localhost:9092 --registry http://localhost:8081
  amazon-capi publish --events 100000 --profiles 50 --broken 0.01
  echo '{"event_id":"lead_1","profile_id":"1234567890","event_name":"Lead","action_source":"WEBSITE","occurred_at":"2026-04-23T10:17:00Z"}' |
      amazon-capi publish -`,
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd.Context(), p, args) },
	}
	flags := cmd.Flags()
	f.kafka.register(flags)
	f.registry.register(flags)
	flags.StringVar(&f.topic, "topic", "tracklayer.events", "topic to publish to")
	flags.BoolVar(&f.create, "create-topics", false, "create the topic if it is missing")
	flags.IntVar(&f.events, "events", 0, "generate that many events instead")
	flags.IntVar(&f.generate.profiles, "profiles", 5, "profiles of generated events")
	flags.Float64Var(&f.generate.broken, "broken", 0, "share of generated events that are broken, 0 to 1")
	flags.Float64Var(&f.generate.denied, "denied", 0, "share of generated events without consent, 0 to 1")
	flags.Uint64Var(&f.generate.seed, "seed", 1, "the same seed makes the same events again, another one others with ids of their own")
	flags.StringVar(&f.timestamps, "timestamps", "now", "timestamps of the records: now, or event for when the event happened")
	flags.Float64Var(&f.rate, "rate", 0, "records a second (0: as fast as the brokers take them)")
	flags.BoolVar(&f.json, "json", false, "print one JSON object")
	return cmd
}

func (f *publishFlags) run(ctx context.Context, p *process, files []string) error {
	settings, err := f.kafka.resolve(p.stderr)
	if err != nil {
		return err
	}
	registryOptions, err := f.registry.resolve(settings.TLS, p.stderr)
	if err != nil {
		return err
	}
	if f.events < 0 || f.rate < 0 || f.events > 0 && len(files) > 0 {
		return usagef("--events and --rate: want no less than 0, and --events without files")
	}
	samples, err := f.samples(p.stdin, files)
	if err != nil {
		return err
	}
	registry, err := registry.New(registryOptions)
	if err != nil {
		return usagef("--registry: %w", err)
	}
	defer registry.Close()
	opts, err := settings.Options(zerolog.Nop())
	if err != nil {
		return asUsage(err)
	}
	answers := new(answers)
	client, err := kgo.NewClient(append(append(opts, publishOpts...), kgo.WithHooks(answers))...)
	if err != nil {
		return err
	}
	defer client.Close()

	// Before the registry is written to: a misspelt topic must leave nothing behind.
	if err := f.topicIsThere(ctx, client); err != nil {
		return err
	}
	progress := report.NewProgress(p.stderr)
	publisher, err := sample.NewPublisher(client, registry, sample.PublisherOptions{
		Topic: f.topic, Timestamps: sample.Timestamps(f.timestamps),
		Progress: func(c sample.Counts) { progress.Step("published", uint64(c.Records), uint64(f.events)) },
	})
	if err != nil {
		return asUsage(err)
	}
	ctx, stop := giveUp(ctx, client, answers, f.patience)
	defer stop()
	counts, err := publisher.Publish(ctx, paced(ctx, samples, f.rate))
	progress.Done()
	if err != nil {
		return fmt.Errorf("published %s to %s, then: %w", count.Of(counts.Records, "record"), f.topic, err)
	}
	if f.json {
		return printJSON(p.stdout, counts)
	}
	fmt.Fprintf(p.stdout, "published %s (%s) to %s\n", count.Of(counts.Records, "record"), count.Of(counts.Bytes, "byte"), f.topic)
	return nil
}

// topicPartitions is how many partitions a topic gets that is created here; as many
// as run gives it.
const topicPartitions = 12

// topicIsThere creates the topic if that was asked for, and refuses one that does
// not exist. Brokers that are away are waited for, as they are with records.
func (f *publishFlags) topicIsThere(ctx context.Context, client *kgo.Client) error {
	ctx, cancel := context.WithTimeoutCause(ctx, f.patience, errNothingAcknowledged(f.patience))
	defer cancel()
	for {
		exists, err := true, error(nil)
		if f.create {
			_, err = kafka.EnsureTopics(ctx, client, f.topic, topicPartitions)
		} else {
			exists, err = kafka.Exists(ctx, client, f.topic)
		}
		switch {
		case err == nil && !exists:
			return errors.New(kafka.Missing("topic", f.topic) + "; nothing was registered or published")
		case err == nil, errors.As(err, new(*kerr.Error)):
			return err
		}
		select {
		case <-time.After(f.patience / 10):
		case <-ctx.Done():
			return fmt.Errorf("%w; the last answer: %w", context.Cause(ctx), err)
		}
	}
}

func errNothingAcknowledged(within time.Duration) error {
	return fmt.Errorf("the brokers have acknowledged nothing for %s (--brokers)", within)
}

// giveUp ends a context when the brokers have acknowledged nothing for a while of
// what they were sent. The client's own limit will not do: it counts from a record's
// timestamp, and records with the time of their event would be too late at once.
func giveUp(ctx context.Context, client *kgo.Client, answers *answers, after time.Duration) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	var wg sync.WaitGroup
	wg.Go(func() {
		defer crash.Report()
		tick := time.NewTicker(after / 10)
		defer tick.Stop()
		seen, since := int64(-1), time.Now()
		for {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
			n := answers.n.Load()
			if n != seen || client.BufferedProduceRecords() == 0 {
				seen, since = n, time.Now()
			}
			if time.Since(since) >= after {
				cancel(errNothingAcknowledged(after))
			}
		}
	})
	return ctx, func() {
		cancel(nil)
		wg.Wait()
	}
}

// answers counts the records that the client is done with.
type answers struct{ n atomic.Int64 }

func (a *answers) OnProduceRecordUnbuffered(*kgo.Record, error) { a.n.Add(1) }

// publishOpts make producing give up where it would wait for ever: somebody is
// sitting in front of it. Large records are for the broker to refuse.
var publishOpts = []kgo.Opt{
	kgo.UnknownTopicRetries(3),
	kgo.ProducerBatchMaxBytes(16 << 20),
	kgo.ProducerLinger(5 * time.Millisecond),
}

// samples are what the flags and arguments ask for.
func (f *publishFlags) samples(stdin io.Reader, files []string) (iter.Seq2[sample.Sample, error], error) {
	switch {
	case f.events > 0:
		return f.generate.samples(f.events)
	case len(files) == 0:
		return builtinSamples()
	}
	for _, name := range files {
		if name == "-" {
			continue
		}
		if _, err := os.Stat(name); err != nil {
			return nil, asUsage(err)
		}
	}
	return func(yield func(sample.Sample, error) bool) {
		for _, name := range files {
			if !readFile(stdin, name, yield) {
				return
			}
		}
	}, nil
}

func readFile(stdin io.Reader, name string, yield func(sample.Sample, error) bool) (more bool) {
	r := stdin
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			yield(sample.Sample{}, redact.File(err))
			return false
		}
		defer file.Close()
		r = file
	}
	for s, err := range sample.Read(r, name) {
		if !yield(s, err) || err != nil {
			return false
		}
	}
	return true
}

func (f *generateFlags) samples(n int) (iter.Seq2[sample.Sample, error], error) {
	g, err := sample.NewGenerator(f.seed, sample.GeneratorOptions{Profiles: f.profiles, Broken: f.broken, Denied: f.denied})
	if err != nil {
		return nil, asUsage(err)
	}
	return g.Take(n), nil
}

func builtinSamples() (iter.Seq2[sample.Sample, error], error) {
	all, err := sample.ReadAll(testdata.Events)
	return sequence(all), err
}

func sequence(all []sample.Sample) iter.Seq2[sample.Sample, error] {
	return func(yield func(sample.Sample, error) bool) {
		for s := range slices.Values(all) {
			if !yield(s, nil) {
				return
			}
		}
	}
}

// paced lets samples through at a rate a second; 0 is no limit.
func paced(ctx context.Context, samples iter.Seq2[sample.Sample, error], rate float64) iter.Seq2[sample.Sample, error] {
	if rate == 0 {
		return samples
	}
	return func(yield func(sample.Sample, error) bool) {
		started, n := time.Now(), 0
		for s, err := range samples {
			// By the count and not by a tick each, so that a late one is made
			// up for.
			due := started.Add(time.Duration(float64(n) / rate * float64(time.Second)))
			n++
			if wait := time.Until(due); wait > 0 {
				select {
				case <-time.After(wait):
				case <-ctx.Done():
					return
				}
			}
			if !yield(s, err) {
				return
			}
		}
	}
}
