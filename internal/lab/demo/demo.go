package demo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"slices"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/crash"
	"github.com/tracklayer/amazon-capi/internal/history"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/lab/publish"
	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/pipeline"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/schemas/receipt"
	"github.com/tracklayer/amazon-capi/schemas/registry"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/sink/deadletter"
)

const topic, lettersTopic, receiptsTopic = "tracklayer.events", "tracklayer.events.dlq", "tracklayer.events.receipts"

// Progress is told how far the demo has come; *report.Progress is one.
type Progress interface {
	Say(format string, args ...any)
	Step(what string, done, total uint64)
}

// Run delivers the samples and returns what happened to them.
func Run(ctx context.Context, o Options, samples iter.Seq2[sample.Sample, error], log zerolog.Logger, progress Progress) (*Report, error) {
	d := &demo{options: o, log: log, progress: progress}
	if o.Accounts {
		dir, err := os.MkdirTemp("", "amazon-capi-demo-")
		if err != nil {
			return nil, redact.File(err)
		}
		defer os.RemoveAll(dir)
		d.dir = dir
	}
	if o.others() {
		samples = recent(samples, time.Now())
	}
	return d.run(ctx, samples)
}

// others reports whether events go by another contract than the samples' expectations are
// for.
func (o *Options) others() bool { return o.Accounts || o.Contract != amazon.ContractNames()[0] }

// demo is one run of the demonstration.
type demo struct {
	options  Options
	dir      string // of the accounts file
	log      zerolog.Logger
	progress Progress
	cluster  *sandbox.Cluster
}

func (d *demo) run(ctx context.Context, samples iter.Seq2[sample.Sample, error]) (*Report, error) {
	started := time.Now()
	var err error
	d.cluster, err = sandbox.StartCluster(ctx, sandbox.ClusterOptions{
		Topics: []string{topic, lettersTopic, receiptsTopic}, Partitions: 12, Amazon: d.amazonOptions(),
	})
	if err != nil {
		return nil, err
	}
	defer d.cluster.Close()
	d.progress.Say("broker, registry and sandbox Amazon are up on loopback")

	config := d.config()
	if d.options.Accounts {
		if err := d.options.writeAccounts(d.dir, &config); err != nil {
			return nil, redact.File(err)
		}
	}
	pl, err := pipeline.New(config, d.log)
	if err != nil {
		return nil, err
	}
	counts, err := d.deliver(ctx, pl, samples)
	if err != nil {
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
	r := newReport(pl.Tally().Summary(), letters, receipts, d.cluster.Amazon().Stats(), counts, time.Since(started))
	r.Contract = d.options.Contract
	if d.options.Accounts {
		r.Accounts = d.options.accounts()
	}
	if d.options.others() {
		r.Expected = map[string]int{} // what the samples say is of the default contract
	}
	return r, nil
}

// deliver publishes the samples, and runs the pipeline until each has its verdict.
func (d *demo) deliver(ctx context.Context, pl *pipeline.Pipeline, samples iter.Seq2[sample.Sample, error]) (sample.Counts, error) {
	client, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(d.cluster.Brokers()...)}, publish.ClientOpts...)...)
	if err != nil {
		return sample.Counts{}, err
	}
	defer client.Close()
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
	return counts, errors.Join(err, <-ended)
}

// amazonOptions fails a little: what a first look at the table should show is that
// failures are survived.
func (d *demo) amazonOptions() sandbox.Options {
	return sandbox.Options{Accounts: []sandbox.Account{sandbox.DefaultAccount(), token}, ForgetEvents: false, Seed: 1, KeepRequests: -1, Behaviour: sandbox.Behaviour{Faults: []sandbox.Fault{
		{Do: sandbox.Status, Status: 503, Count: 2},
		{Do: sandbox.Expire, Count: 1},
	}}}
}

func (d *demo) config() pipeline.Config {
	account := sandbox.DefaultAccount()
	return pipeline.Config{
		Kafka:           kafka.Settings{Brokers: d.cluster.Brokers()},
		Registry:        registry.Options{URL: d.cluster.RegistryURL()},
		Topics:          []string{topic},
		Group:           "amazon-capi-demo",
		DeadLetterTopic: lettersTopic,
		ReceiptsTopic:   receiptsTopic,
		Contract:        cmp.Or(d.options.Contract, amazon.ContractNames()[0]),
		AmazonURL:       d.cluster.AmazonURL(),
		TokenURL:        d.cluster.TokenURL(),
		ClientID:        account.ClientID, ClientSecret: account.ClientSecret, RefreshToken: account.RefreshToken,
		// Shorter than in production: nobody wants to watch a demo wait.
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
		Topic:    topic,
		Progress: func(c sample.Counts) { d.progress.Step("published", uint64(c.Records), 0) },
	})
	if err != nil {
		return sample.Counts{}, err
	}
	counts, err := publisher.Publish(ctx, samples)
	if err != nil {
		return counts, fmt.Errorf("publishing: %w", err)
	}
	d.progress.Say("schemas registered, %s published to %s", count.Of(counts.Records, "event"), topic)
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
			d.progress.Say("every event has a verdict: %d of them", done)
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
func (d *demo) letters(ctx context.Context) ([]deadletter.Letter, error) {
	records, err := history.ReadAll(ctx, kafka.Settings{Brokers: d.cluster.Brokers()}, lettersTopic)
	if err != nil {
		return nil, err
	}
	letters := make([]deadletter.Letter, 0, len(records))
	for _, r := range records {
		l, err := deadletter.Parse(r)
		if err != nil {
			return nil, err
		}
		letters = append(letters, l)
	}
	slices.SortFunc(letters, func(a, b deadletter.Letter) int {
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
func (d *demo) receipts(ctx context.Context) (Receipts, error) {
	var report Receipts
	records, err := history.ReadAll(ctx, kafka.Settings{Brokers: d.cluster.Brokers()}, receiptsTopic)
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
