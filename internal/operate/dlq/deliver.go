//go:build ignore

package main

import (
	"context"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/pflag"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer"
	"github.com/tracklayer/amazon-capi/internal/crash"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/operate/dlq"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/pipeline"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink"
)

// quietly makes warnings the least that is logged, for commands that print what
// they have to say.
func quietly(flags *pflag.FlagSet, f *logFlags) {
	flags.Lookup("log-level").DefValue = "warn"
	f.level = "warn"
}

// watch shows how far something has got, until it is stopped. It says when ctx
// ends that what is on its way is waited for.
func watch(ctx context.Context, progress *report.Progress, what string, total int, done func() int) (stop func()) {
	progress.Restart()
	watching, cancel := context.WithCancel(context.WithoutCancel(ctx))
	told := context.AfterFunc(ctx, func() {
		defer crash.Report()
		progress.Say("amazon-capi: stopping; what is on its way is waited for")
	})
	var wg sync.WaitGroup
	wg.Go(func() {
		defer crash.Report()
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			progress.Step(what, uint64(done()), uint64(total))
			select {
			case <-tick.C:
			case <-watching.Done():
				return
			}
		}
	})
	return func() {
		told()
		cancel()
		wg.Wait()
		progress.Done()
	}
}

// ensureTopic makes a topic like another, if it is missing.
func ensureTopic(ctx context.Context, s kafka.Settings, like, topic string) error {
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
	_, err = kafka.EnsureTopics(ctx, client, like, 1, topic)
	return withCause(ctx, err)
}

// asItIs copies a letter whole.
func asItIs(_ context.Context, rec *kgo.Record) (*kgo.Record, error) {
	return &kgo.Record{Partition: rec.Partition, Key: rec.Key, Value: rec.Value, Timestamp: rec.Timestamp, Headers: rec.Headers}, nil
}

// restorer makes the originals of letters. Pumps of several partitions use it at
// once, and what it reads from the source it reads one at a time.
type restorer struct{ from lockedOriginals }

func newRestorer(from dlq.Originals) *restorer { return &restorer{lockedOriginals{from: from}} }

func (r *restorer) record(ctx context.Context, rec *kgo.Record) (*kgo.Record, error) {
	l, _ := sink.ParseLetter(rec) // what is none was not selected
	return dlq.Original(ctx, &l, &r.from)
}

type lockedOriginals struct {
	mu   sync.Mutex
	from dlq.Originals
}

func (l *lockedOriginals) One(ctx context.Context, topic string, partition int32, offset int64) (*kgo.Record, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.from.One(ctx, topic, partition, offset)
}

// deliverer runs a job through a pipeline of its own.
type deliverer struct {
	config pipeline.Config
	log    zerolog.Logger
}

// deliverer is nil unless --direct asks for one.
func (f *redriveFlags) deliverer(s kafka.Settings, p *process, log zerolog.Logger) (*deliverer, error) {
	if !f.direct {
		return nil, nil
	}
	c, err := f.delivery.resolve(s, f.act.act, p.stderr)
	if err != nil {
		return nil, err
	}
	c.Topic, c.DeadLetterTopic = f.source, f.topic
	if err := checkTopics(&c); err != nil {
		return nil, err
	}
	return &deliverer{c, log}, nil
}

func (d *deliverer) run(ctx context.Context, topic, group string, letters consumer.Selection, rate float64,
	restore func(context.Context, *kgo.Record) (*kgo.Record, error), progress *report.Progress, result *redriveReport,
) error {
	c := d.config
	c.Topic, c.Group = topic, group
	c.Job = &consumer.Job{Selection: letters, LeaveOthers: true, Rate: rate, Restore: restore}
	pl, err := newJobPipeline(c, d.log)
	if err != nil {
		return err
	}
	stop := watch(ctx, progress, "delivered", result.Send, func() int { return settled(pl) })
	err = pl.Run(ctx)
	stop()
	s := pl.Tally().Summary()
	result.Accepted, result.Filtered, result.DeadLettered = int(s.Total.Settled[verdict.Accepted]), int(s.Total.Settled[verdict.Filtered]), int(s.Total.DeadLettered())
	result.Sent = settled(pl)
	result.Left -= result.Sent
	return err
}

// newJobPipeline makes a pipeline for a job: it serves no pages, and its group
// soon notices when a member was killed.
func newJobPipeline(c pipeline.Config, log zerolog.Logger) (*pipeline.Pipeline, error) {
	c.Listen = ""
	c.SessionTimeout, c.CommitInterval, c.Drain = dlq.JobSession, 200*time.Millisecond, 20*time.Second
	collectOften()
	pl, err := pipeline.New(c, log)
	return pl, asUsage(err) // it has connected nothing yet
}

// settled is how many records of a pipeline have their verdict.
func settled(pl *pipeline.Pipeline) int {
	s := pl.Tally().Summary()
	return int(s.Settled())
}
