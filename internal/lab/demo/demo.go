//go:build ignore

package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/crash"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/operate/history"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/pipeline"
	"github.com/tracklayer/amazon-capi/schemas/receipt"
	"github.com/tracklayer/amazon-capi/schemas/registry"
	"github.com/tracklayer/amazon-capi/sink"
)

const demoLong = `Start a Kafka broker, a schema registry and a sandbox Amazon in this process,
publish events, deliver them with the very pipeline that run runs, and show what
became of them. Nothing leaves this machine, and nothing is left behind.

The events are the samples that come with the program, some of them broken in
different ways, or generated ones with --events. The sandbox fails now and then,
so that retries can be seen. The exit code is 0 when every event ended as it
should.`

const demoTopic, demoLetters, demoReceipts = "tracklayer.events", defaultLettersTopic, defaultReceiptsTopic

type demoFlags struct {
	log      logFlags
	events   int
	generate generateFlags
	timeout  time.Duration
	json     bool
	site     siteFlags
}

func newDemoCommand(p *process) *cobra.Command {
	var f demoFlags
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Deliver sample events through an embedded Kafka, registry and Amazon",
		Long:  demoLong,
		Example: `  amazon-capi demo
  amazon-capi demo --json
  amazon-capi demo --events 100000 --profiles 50
  amazon-capi demo --site`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), p) },
	}
	flags := cmd.Flags()
	f.log.register(flags, "console")
	flags.Lookup("log-level").DefValue = "error"
	f.log.level = "error"
	flags.IntVar(&f.events, "events", 0, "generate that many events instead of the samples")
	flags.IntVar(&f.generate.profiles, "profiles", 5, "profiles of generated events")
	flags.Float64Var(&f.generate.broken, "broken", 0.01, "share of generated events that are broken, 0 to 1")
	flags.Float64Var(&f.generate.denied, "denied", 0.02, "share of generated events without consent, 0 to 1")
	flags.Uint64Var(&f.generate.seed, "seed", 1, "makes the same events again")
	flags.DurationVar(&f.timeout, "timeout", 5*time.Minute, "give up after this long")
	flags.BoolVar(&f.json, "json", false, "print one JSON object")
	f.site.register(flags)
	return cmd
}

func (f *demoFlags) run(ctx context.Context, p *process) error {
	if f.events < 0 {
		return usagef("--events: %d is no number of events", f.events)
	}
	if f.site.on && (f.json || f.events > 0) {
		return usagef("--site: the shop's visitors make the events and its pages show them; it goes with neither --events nor --json")
	}
	log, err := f.log.logger(p)
	if err != nil {
		return err
	}
	if f.site.on {
		return f.site.run(ctx, p, log)
	}
	samples, err := builtinSamples()
	if f.events > 0 {
		samples, err = f.generate.samples(f.events)
	}
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, f.timeout, fmt.Errorf("the demo did not end within %s (--timeout)", f.timeout))
	defer cancel()

	d := &demo{log: log, progress: report.NewProgress(p.stderr), expected: make(map[string]int)}
	report, err := d.run(ctx, samples)
	d.progress.Done()
	if err != nil {
		return err
	}
	if f.json {
		err = printJSON(p.stdout, report)
	} else {
		report.print(p.stdout)
	}
	return errors.Join(err, report.check())
}

// demo is one run of the demonstration.
type demo struct {
	log      zerolog.Logger
	progress *report.Progress
	cluster  *sandbox.Cluster
	expected map[string]int // samples by the class they say they end in
}

func (d *demo) run(ctx context.Context, samples iter.Seq2[sample.Sample, error]) (*demoReport, error) {
	started := time.Now()
	var err error
	d.cluster, err = sandbox.StartCluster(ctx, sandbox.ClusterOptions{
		Topics: []string{demoTopic, demoLetters, demoReceipts}, Partitions: 12, Amazon: demoAmazon(),
	})
	if err != nil {
		return nil, err
	}
	defer d.cluster.Close()
	client, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(d.cluster.Brokers()...)}, publishOpts...)...)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	d.progress.Say("broker, registry and sandbox Amazon are up on loopback")

	pl, err := pipeline.New(d.config(), d.log)
	if err != nil {
		return nil, err
	}
	runCtx, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	ended := make(chan error, 1)
	go func() {
		defer crash.Report()
		ended <- pl.Run(runCtx)
	}()

	counts, err := d.publish(ctx, client, samples)
	if err == nil {
		err = d.settle(ctx, pl, uint64(counts.Records), ended)
	}
	stop()
	if err = errors.Join(err, <-ended); err != nil {
		return nil, err
	}
	letters, err := d.letters(ctx)
	if err != nil {
		return nil, err
	}
	receipts, err := d.receipts(ctx)
	if err != nil {
		return nil, err
	}
	return newDemoReport(pl.Tally().Summary(), letters, receipts, d.cluster.Amazon().Stats(), counts, time.Since(started)), nil
}

// demoAmazon fails a little: what a first look at the table should show is that
// failures are survived.
func demoAmazon() sandbox.Options {
	return sandbox.Options{ForgetEvents: false, Seed: 1, KeepRequests: -1, Behaviour: sandbox.Behaviour{Faults: []sandbox.Fault{
		{Do: sandbox.Status, Status: 503, Count: 2},
		{Do: sandbox.Expire, Count: 1},
	}}}
}

func (d *demo) config() pipeline.Config {
	account := sandbox.DefaultAccount()
	return pipeline.Config{
		Kafka:           kafka.Settings{Brokers: d.cluster.Brokers()},
		Registry:        registry.Options{URL: d.cluster.RegistryURL()},
		Topic:           demoTopic,
		Group:           "amazon-capi-demo",
		DeadLetterTopic: demoLetters,
		ReceiptsTopic:   demoReceipts,
		Contract:        sink.ContractNames()[0],
		AmazonURL:       d.cluster.AmazonURL(),
		TokenURL:        d.cluster.TokenURL(),
		ClientID:        account.ClientID, ClientSecret: account.ClientSecret, RefreshToken: account.RefreshToken,
		// Shorter than in earnest: nobody wants to watch a demo wait.
		Linger: 50 * time.Millisecond, AuthHold: 500 * time.Millisecond,
		BackoffMin: 50 * time.Millisecond, BackoffMax: 500 * time.Millisecond,
		CommitInterval: 100 * time.Millisecond,
	}
}

func (d *demo) publish(ctx context.Context, client *kgo.Client, samples iter.Seq2[sample.Sample, error]) (sample.Counts, error) {
	registry, err := registry.New(registry.Options{URL: d.cluster.RegistryURL()})
	if err != nil {
		return sample.Counts{}, err
	}
	defer registry.Close()
	publisher, err := sample.NewPublisher(client, registry, sample.PublisherOptions{
		Topic:    demoTopic,
		Progress: func(c sample.Counts) { d.progress.Step("published", uint64(c.Records), 0) },
	})
	if err != nil {
		return sample.Counts{}, err
	}
	counts, err := publisher.Publish(ctx, samples)
	if err != nil {
		return counts, fmt.Errorf("publishing: %w", err)
	}
	d.progress.Say("schemas registered, %d events published to %s", counts.Records, demoTopic)
	return counts, nil
}

// settle waits until every published event has its verdict.
func (d *demo) settle(ctx context.Context, pl *pipeline.Pipeline, published uint64, ended <-chan error) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		s := pl.Tally().Summary()
		done := s.Taken - s.Returned - s.InFlight()
		if done >= published && s.InFlight() == 0 {
			d.progress.Say("all %d have a verdict", done)
			return nil
		}
		d.progress.Step("delivered", done, published)
		select {
		case <-tick.C:
		case err := <-ended:
			return errors.Join(errors.New("the pipeline ended before its events did"), err)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// letters reads the dead-letter topic to its end.
func (d *demo) letters(ctx context.Context) ([]sink.Letter, error) {
	records, err := history.ReadAll(ctx, kafka.Settings{Brokers: d.cluster.Brokers()}, demoLetters)
	if err != nil {
		return nil, err
	}
	letters := make([]sink.Letter, 0, len(records))
	for _, r := range records {
		l, err := sink.ParseLetter(r)
		if err != nil {
			return nil, err
		}
		letters = append(letters, l)
	}
	slices.SortFunc(letters, func(a, b sink.Letter) int {
		if c := int(a.Reason.Class) - int(b.Reason.Class); c != 0 {
			return c
		}
		if a.Partition != b.Partition {
			return int(a.Partition - b.Partition)
		}
		return int(a.Offset - b.Offset)
	})
	return letters, nil
}

// receipts reads the receipts topic to its end.
func (d *demo) receipts(ctx context.Context) (receiptsReport, error) {
	var report receiptsReport
	records, err := history.ReadAll(ctx, kafka.Settings{Brokers: d.cluster.Brokers()}, demoReceipts)
	if err != nil {
		return report, err
	}
	registry, err := registry.New(registry.Options{URL: d.cluster.RegistryURL()})
	if err != nil {
		return report, err
	}
	defer registry.Close()
	reader := receipt.NewReader(registry)
	report.Events = make(map[string]int)
	for _, r := range records {
		receipt, err := reader.Parse(ctx, r.Value)
		if err != nil {
			return report, err
		}
		report.Records++
		for _, e := range receipt.Events {
			report.Events[e.Class.String()]++
		}
	}
	return report, nil
}
