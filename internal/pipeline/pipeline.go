package pipeline

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/plugin/kprom"

	"github.com/tracklayer/amazon-capi/consumer"
	"github.com/tracklayer/amazon-capi/consumer/tally"
	"github.com/tracklayer/amazon-capi/internal/accounts"
	"github.com/tracklayer/amazon-capi/internal/crash"
	"github.com/tracklayer/amazon-capi/internal/erasure"
	"github.com/tracklayer/amazon-capi/internal/health"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/metric"
	"github.com/tracklayer/amazon-capi/internal/pipeline/handler"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/internal/wait"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/registry"
	"github.com/tracklayer/amazon-capi/sink"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/sink/web"
	"github.com/tracklayer/amazon-capi/transform"
)

// Pipeline is all stages of one process, from the topic to Amazon and back.
type Pipeline struct {
	config     Config
	log        zerolog.Logger
	metrics    *prometheus.Registry
	conditions *health.Conditions
	contract   amazon.Contract
	accounts   *accounts.Set
	registry   *registry.Client
	decoder    *schemas.Decoder
	reader     *handler.Reader
	consumer   *consumer.Consumer
	erasures   *erasure.Follower // nil if there is no list
	kafkaOpts  []kgo.Opt
	server     *health.Server
}

// New checks the configuration and builds what needs no connection.
func New(c Config, log zerolog.Logger) (*Pipeline, error) {
	p := &Pipeline{config: c, log: log, metrics: prometheus.NewRegistry(), conditions: health.NewConditions(log, nil)}
	p.metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), p.conditions, health.NewBuildInfo(c.Version))

	var err error
	if p.contract, err = amazon.NewContract(c.Contract, c.ContractOptions); err != nil {
		return nil, err
	}
	c.Kafka.Dial, c.Registry.Dial = c.Dial, c.Dial
	if p.kafkaOpts, err = c.Kafka.Options(log); err != nil {
		return nil, err
	}
	if err = p.openAccounts(); err != nil {
		return nil, err
	}
	c.Registry.Metrics, c.Registry.Log = p.metrics, log
	if p.registry, err = registry.New(c.Registry); err != nil {
		return nil, fmt.Errorf("%s: %w", setting.Registry, err)
	}
	transformer, err := c.Transformer()
	if err != nil {
		return nil, err
	}
	leftOut := metric.NewAttributes(p.metrics)
	p.decoder = schemas.NewDecoder(p.registry, schemas.WithFramings(p.registry.Framings()), schemas.WithAliases(transformer.Aliases()), schemas.WithMetrics(p.metrics), schemas.InBackground())
	p.reader = handler.NewReader(handler.Options{
		Decoder: p.decoder, Transformer: transformer, Restore: c.Restore, Erased: p.erased(c),
		AttributeLeftOut: func(attribute string, why transform.Warning) { leftOut.LeftOut(attribute, why.String()) },
		Registerer:       p.metrics,
	})
	p.consumer, err = consumer.New(consumer.Options{
		Topics: c.Topics, Group: c.Group, Protocol: c.GroupProtocol, InstanceID: c.InstanceID, Start: c.Start,
		MaxInFlightEvents: c.MaxInFlightEvents, MaxInFlightBytes: c.MaxInFlightBytes, FetchMaxBytes: c.FetchMaxBytes,
		MaxParkedEvents: c.MaxParkedEvents, ReadOpts: p.kafkaOpts, AskOpts: p.kafkaOpts,
		Workers: c.Workers, CommitInterval: c.CommitInterval, Drain: c.Drain,
		SessionTimeout: c.SessionTimeout, RebalanceTimeout: c.RebalanceTimeout, HangAfter: hangAfter(c),
		BrokerSession: kafka.ConsumerSession,
		Job:           c.Job, KeepsRecords: c.Restore != nil, Configured: p.accounts.Names,
		Log: log, Conditions: p.conditions, Registerer: p.metrics,
	}, p.withMetrics("consumer")...)
	if err != nil {
		return nil, err
	}
	p.server = health.NewServer(p.conditions, p.consumer.Live, p.metrics)
	if c.Profile {
		p.server.Profile()
	}
	return p, nil
}

// hangAfter is well beyond the duration of a round of attempts, after which a lane
// reports that it is held.
func hangAfter(c Config) time.Duration {
	attempt := max(c.RequestTimeout, 30*time.Second) + max(c.BackoffMax, 30*time.Second)
	return c.Linger + time.Duration(max(c.MaxAttempts, 5))*attempt
}

// withMetrics is the client options with the client's own metrics.
func (p *Pipeline) withMetrics(role string) []kgo.Opt {
	return append([]kgo.Opt{kgo.WithHooks(p.clientMetrics(role))}, p.kafkaOpts...)
}

func (p *Pipeline) clientMetrics(role string) *kprom.Metrics {
	return kprom.NewMetrics("amazon_capi_kafka",
		kprom.Registry(p.metrics), kprom.WithStaticLabel(prometheus.Labels{"client": role}))
}

// Tally returns the current counts of records and verdicts.
func (p *Pipeline) Tally() *tally.Tally { return p.consumer.Tally() }

// Conditions returns the states that readiness consists of.
func (p *Pipeline) Conditions() *health.Conditions { return p.conditions }

// Metrics returns what /metrics serves.
func (p *Pipeline) Metrics() prometheus.Gatherer { return p.metrics }

// Addr returns where metrics and health are served, once Run has begun.
func (p *Pipeline) Addr() string { return p.server.Addr() }

// closeBudget is the time for dead letters, receipts and connections after the consumer's drain.
const closeBudget = 5 * time.Second

// Run delivers until ctx ends, then drains and stops. The stages start from the far end,
// so that none passes on to one that does not run, and stop from the near end, so that
// everything in flight has somewhere to go.
func (p *Pipeline) Run(ctx context.Context) error {
	if p.config.Listen != "" {
		if err := p.server.Start(p.config.Listen); err != nil {
			return err
		}
		defer within(closeBudget, p.server.Close)
	}
	defer p.conditions.Close()
	defer p.registry.Close()
	defer p.decoder.Close()

	if !p.ensureTopics(ctx) {
		return nil
	}
	defer p.followErasures(ctx)()
	if ctx.Err() != nil {
		return nil
	}
	letters, err := p.producer(ctx, "dead-letters", p.config.DeadLetterTopic, maxLetterBatch)
	if err != nil {
		return err
	}
	defer letters.Close()
	receipts, closeReceipts, err := p.receipts(ctx)
	defer closeReceipts() // also when ctx ended just as its client was there
	if err != nil || ctx.Err() != nil {
		return err
	}

	defer p.accounts.Close()
	lanes, err := p.newSink(letters, receipts)
	if err != nil {
		return err
	}
	defer within(closeBudget, func(ctx context.Context) {
		if lanes.Close(ctx) != nil {
			p.log.Warn().Msg("requests, dead letters or receipts were cut off at the end; their events are sent again from the last commit")
		}
	})

	p.server.ShowLanes(func() *health.Lanes { return lanesPage(lanes.Lanes()) })
	p.tellNewGroup(ctx)
	defer p.watchAccounts(ctx, lanes)()
	// Memory from a busy time is released in a quiet one.
	defer eachSecond(lanes.Trim)()
	defer eachSecond(p.tellCrowded)()
	handler := p.reader.ToSink(lanes)
	defer p.tendGuard(lanes, handler.NewWorker())()
	return p.consumer.Run(ctx, stages{handler})
}

// newSink builds the sink, which writes to these producers and settles with the consumer.
func (p *Pipeline) newSink(letters kafka.Producer, receipts sink.ReceiptOptions) (*sink.Sink, error) {
	return sink.New(sink.Options{
		Contract: p.contract, Router: p.accounts, HTTPClient: web.NewClient(p.config.Dial),
		RequestTimeout: p.config.RequestTimeout, Gzip: p.config.Gzip,
		BatchEvents: p.config.BatchEvents, BatchBytes: p.config.BatchBytes, Linger: p.config.Linger,
		LaneConcurrency: p.config.LaneConcurrency,
		MaxAttempts:     p.config.MaxAttempts, OnExhausted: p.config.OnExhausted, AuthHold: p.config.AuthHold,
		BackoffMin: p.config.BackoffMin, BackoffMax: p.config.BackoffMax,
		WindowEvents: p.config.MaxInFlightEvents, WindowBytes: p.config.MaxInFlightBytes, Parked: p.consumer.Parked,
		Charge:      p.consumer.Charge,
		Configured:  p.accounts.Names,
		Guard:       p.config.Guard,
		Erasures:    p.erasedMeanwhile(),
		DeadLetters: sink.DeadLetterOptions{Producer: letters, Topic: p.config.DeadLetterTopic},
		Receipts:    receipts,
		Settle:      p.consumer.Settle,
		Log:         p.log, Conditions: p.conditions, Registerer: p.metrics,
	})
}

// stages is the handler with its workers in the consumer's words.
type stages struct{ *handler.Handler }

func (s stages) NewWorker() consumer.Worker { return s.Handler.NewWorker() }

// eachSecond calls do each second, until it is stopped.
func eachSecond(do func()) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var loop sync.WaitGroup
	loop.Go(func() {
		defer crash.Report()
		for wait.For(ctx, time.Second) {
			do()
		}
	})
	return func() {
		cancel()
		loop.Wait()
	}
}

// tellCrowded reports that the schemas of the topic do not fit in memory together. It
// does not affect readiness: otherwise whoever may register schemas could stop every
// member.
func (p *Pipeline) tellCrowded() {
	c := p.conditions.Condition("schemas").OfProfile()
	if says := p.decoder.Crowded(); says != "" {
		c.Fail(says)
		return
	}
	c.OK()
}

func within(budget time.Duration, f func(context.Context)) {
	ctx, cancel := context.WithTimeout(context.Background(), budget)
	defer cancel()
	f(ctx)
}
