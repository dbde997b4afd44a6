package publish

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/crash"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/internal/wait"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

// Options say what is published where.
type Options struct {
	Kafka    kafka.Settings
	Registry registry.Options
	Topic    string
	// CreateTopic makes the topic if it is missing.
	CreateTopic bool
	Timestamps  sample.Timestamps
	// Framing is how records name their schema; confluent-prefix unless set.
	Framing string
	// Rate is how many records are published a second; 0 for as many as the brokers
	// take.
	Rate float64
	// Patience is how long the brokers may acknowledge nothing.
	Patience time.Duration
	// Progress is told what is acknowledged.
	Progress func(sample.Counts)
}

// Run publishes the samples. It returns what was published also with an error.
func Run(ctx context.Context, o Options, samples iter.Seq2[sample.Sample, error]) (sample.Counts, error) {
	registry, err := registry.New(o.Registry)
	if err != nil {
		return sample.Counts{}, setting.Registry.Wrap(err)
	}
	defer registry.Close()
	answers := new(answers)
	client, err := o.Kafka.Connect(append(slices.Clone(ClientOpts), kgo.WithHooks(answers))...)
	if err != nil {
		return sample.Counts{}, err
	}
	defer client.Close()

	if registry.GlueAlone() && !strings.HasPrefix(o.Framing, "glue") {
		return sample.Counts{}, setting.Framing.Mistakef("there is Glue alone, which gives schemas no ids: want glue or glue-zlib, or %s", setting.Registry)
	}
	// Before the registry is written to: a misspelt topic must leave nothing behind.
	if err := o.topicIsThere(ctx, client); err != nil {
		return sample.Counts{}, err
	}
	publisher, err := sample.NewPublisher(client, registry, sample.PublisherOptions{Topic: o.Topic, Timestamps: o.Timestamps, Framing: o.Framing, Glue: glueOf(registry), Progress: o.Progress})
	if err != nil {
		return sample.Counts{}, setting.Mistaken(err)
	}
	ctx, stop := giveUp(ctx, client, answers, o.Patience)
	defer stop()
	counts, err := publisher.Publish(ctx, paced(ctx, samples, o.Rate))
	if err != nil {
		err = fmt.Errorf("published %s to %s, then: %w", count.Of(counts.Records, "record"), o.Topic, err)
	}
	return counts, err
}

// glueOf is the registry's Glue, if it has one that schemas can be registered in.
func glueOf(r *registry.Client) sample.Versions {
	versions, _ := r.Glue().(sample.Versions)
	return versions
}

// Partitions is how many partitions a topic gets that is created here; as many
// as run gives it.
const Partitions = 12

// topicIsThere creates the topic if that was asked for, and refuses one that does
// not exist. Brokers that are away are waited for, as they are with records.
func (o *Options) topicIsThere(ctx context.Context, client *kgo.Client) error {
	ctx, cancel := context.WithTimeoutCause(ctx, o.Patience, errNothingAcknowledged(o.Patience))
	defer cancel()
	for {
		exists := true
		var err error
		if o.CreateTopic {
			_, err = kafka.EnsureTopics(ctx, client, []string{o.Topic}, Partitions)
		} else {
			exists, err = kafka.Exists(ctx, client, o.Topic)
		}
		switch {
		case err == nil && !exists:
			return errors.New(kafka.Missing(setting.Topic, o.Topic) + "; nothing was registered or published")
		case err == nil, errors.As(err, new(*kerr.Error)):
			return err
		}
		if !wait.For(ctx, o.Patience/10) {
			return fmt.Errorf("%w; the last answer: %w", context.Cause(ctx), err)
		}
	}
}

func errNothingAcknowledged(within time.Duration) error {
	return fmt.Errorf("the brokers have acknowledged nothing for %s (%s)", within, setting.Brokers)
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

// ClientOpts make producing give up where it would wait forever: somebody is
// sitting in front of it. Large records are for the broker to refuse.
var ClientOpts = []kgo.Opt{
	kgo.UnknownTopicRetries(3),
	kgo.ProducerBatchMaxBytes(16 << 20),
	kgo.ProducerLinger(5 * time.Millisecond),
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
			if left := time.Until(due); left > 0 && !wait.For(ctx, left) {
				return
			}
			if !yield(s, err) {
				return
			}
		}
	}
}
