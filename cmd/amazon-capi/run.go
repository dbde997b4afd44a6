package main

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/consumer"
	"github.com/tracklayer/amazon-capi/internal/pipeline"
	"github.com/tracklayer/amazon-capi/sink"
)

const runLong = `Read events as a member of the consumer group and deliver them to Amazon Ads,
until SIGTERM or SIGINT. Then what is in flight is finished within --drain,
offsets are committed, and the exit code is 0. A second signal ends it at once;
what had no verdict is read again by the next member.

/metrics, /livez and /readyz are served on --listen.`

const defaultReceiptsTopic = "tracklayer.events.receipts"

// runFlags are the settings of the pipeline.
type runFlags struct {
	kafka     kafkaFlags
	registry  registryFlags
	log       logFlags
	transform transformFlags
	contract  contractFlags
	account   accountFlags
	batch     batchFlags
	config    pipeline.Config

	start, exhausted string
	inFlightBytes    byteSize
}

func newRunCommand(p *process) *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Deliver events from Kafka to Amazon Ads until told to stop",
		Long:  runLong,
		Example: `  amazon-capi run --brokers kafka:9092 --registry http://registry:8081 \
      --client-id amzn1.application-oa2-client.x \
      --client-secret-file /run/secrets/client-secret \
      --refresh-token-file /run/secrets/refresh-token
  amazon-capi run --config /etc/amazon-capi.yaml`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), p) },
	}
	f.register(cmd.Flags())
	return cmd
}

func (f *runFlags) register(flags *pflag.FlagSet) {
	f.kafka.register(flags)
	f.registry.register(flags)
	f.log.register(flags, "json")
	c := &f.config

	flags.StringVar(&c.Topic, "topic", "tracklayer.events", "topic to read events from")
	flags.StringVar(&c.Group, "group", "amazon-capi", "consumer group")
	flags.StringVar(&c.InstanceID, "instance-id", "", "static membership: a name of this member that outlives restarts")
	flags.StringVar(&f.start, "start", "earliest", "where a group without offsets begins: earliest or latest")
	flags.StringVar(&c.DeadLetterTopic, "dead-letter-topic", "tracklayer.events.dlq", "topic for events that will never be accepted")
	flags.StringVar(&c.ReceiptsTopic, "receipts-topic", defaultReceiptsTopic, "topic for receipts, which say what became of each event; empty for none")
	flags.BoolVar(&c.CreateTopics, "create-topics", false, "create topics that are missing")

	f.contract.register(flags)
	f.account.register(flags)
	f.batch.register(flags)
	flags.IntVar(&c.LaneConcurrency, "lane-concurrency", 8, "requests of one profile in flight, at most; it begins with one, grows while Amazon answers well and is halved when it does not")
	flags.IntVar(&c.MaxAttempts, "max-attempts", 5, "failures in a row before a profile rests and is then tried with one request at a time")
	flags.StringVar(&f.exhausted, "on-exhausted", "hold", "events whose attempts are used up by timeouts, 429 or 5xx: hold them until it is over, or dead-letter them")
	flags.DurationVar(&c.RequestTimeout, "request-timeout", 30*time.Second, "how long to wait for Amazon's answer")
	flags.DurationVar(&c.AuthHold, "auth-hold", 2*time.Minute, "how long a profile that answers 401 or 403 is held before its events are dead-lettered")

	f.inFlightBytes = 64 << 20
	flags.IntVar(&c.MaxInFlightEvents, "max-in-flight-events", 50_000, "events taken and without a verdict, at most; taking pauses beyond")
	flags.Var(&f.inFlightBytes, "max-in-flight-bytes", "their memory, at most")
	flags.IntVar(&c.MaxParkedEvents, "max-parked-events", 500_000, "events put off because their profile cannot be sent while others can, at most: known by their place and read from Kafka again; 0 for none")
	flags.IntVar(&c.Workers, "workers", 0, "partitions decoded at the same time (default one per core)")
	flags.DurationVar(&c.CommitInterval, "commit-interval", time.Second, "how often offsets are committed")
	flags.DurationVar(&c.Drain, "drain", 25*time.Second, "how long stopping waits for what is in flight")
	flags.DurationVar(&c.SessionTimeout, "session-timeout", 45*time.Second, "how long the group waits for a member that is silent")
	flags.DurationVar(&c.RebalanceTimeout, "rebalance-timeout", 60*time.Second, "how long the group waits for members to give up partitions; half of it is for draining them")

	f.transform.register(flags)

	flags.StringVar(&c.Listen, "listen", ":8080", "address of /metrics, /livez and /readyz; empty for none")
}

// resolve turns flags into a configuration. Its errors are usage errors, and come
// all of them, and before anything is connected: a configuration is mended in one
// go.
func (f *runFlags) resolve(warn io.Writer) (_ pipeline.Config, err error) {
	var wrong []error
	note := func(err error) {
		if err != nil {
			wrong = append(wrong, err)
		}
	}
	c := f.config
	c.Kafka, err = f.kafka.resolve(warn)
	note(err)
	c.Registry, err = f.registry.resolve(c.Kafka.TLS, warn)
	note(err)
	account, err := f.account.resolve(warn)
	note(err)
	c.TokenURL, c.ClientID, c.ClientSecret, c.RefreshToken = account.URL, account.ClientID, account.ClientSecret, account.RefreshToken
	for _, s := range []struct{ flag, value string }{
		{"topic", c.Topic}, {"group", c.Group}, {"dead-letter-topic", c.DeadLetterTopic},
	} {
		if s.value == "" {
			note(usagef("--%s is not set (or %s); it is needed to deliver anything", s.flag, envName(s.flag)))
		}
	}
	if c.DeadLetterTopic == c.Topic && c.Topic != "" {
		note(usagef("--dead-letter-topic: %q is the topic that is read; dead letters would come back for ever", c.Topic))
	}
	if c.ReceiptsTopic != "" && (c.ReceiptsTopic == c.Topic || c.ReceiptsTopic == c.DeadLetterTopic) {
		note(usagef("--receipts-topic: %q has another use; want a topic of its own, or none", c.ReceiptsTopic))
	}
	contract, err := f.contract.resolve()
	note(err)
	if contract != nil {
		note(f.batch.check(contract.Limits()))
	}
	c.Contract, c.ContractOptions, c.AmazonURL = f.contract.name, f.contract.options, f.contract.url
	c.BatchEvents, c.BatchBytes, c.Linger = f.batch.events, int(f.batch.bytes), f.batch.linger
	c.Start, err = consumer.ParseStart(f.start)
	note(prefixed("--start", err))
	mapped, err := f.transform.resolve()
	note(err)
	c.Mapping, c.Identifiers, c.ConsentDenied = mapped.Mapping, mapped.Identifiers, mapped.ConsentDenied
	c.OnExhausted, err = sink.ParseExhaustedPolicy(f.exhausted)
	note(prefixed("--on-exhausted", err))
	c.MaxInFlightBytes = int64(f.inFlightBytes)
	for _, n := range []numberLimits{
		{"lane-concurrency", int64(c.LaneConcurrency), 1, 1000},
		{"max-attempts", int64(c.MaxAttempts), 1, 1000},
		{"max-in-flight-events", int64(c.MaxInFlightEvents), 1, 1e9},
		{"max-in-flight-bytes", c.MaxInFlightBytes, 1 << 20, 1 << 40},
		{"workers", int64(c.Workers), 0, 4096},
	} {
		note(n.check())
	}
	for _, d := range []struct {
		flag  string
		value time.Duration
		least time.Duration
	}{
		{"request-timeout", c.RequestTimeout, 100 * time.Millisecond},
		{"auth-hold", c.AuthHold, 0},
		{"commit-interval", c.CommitInterval, 10 * time.Millisecond},
		{"drain", c.Drain, 0},
		{"session-timeout", c.SessionTimeout, time.Second},
		{"rebalance-timeout", c.RebalanceTimeout, time.Second},
	} {
		if d.value < d.least {
			note(usagef("--%s: %s is too short, want at least %s", d.flag, d.value, d.least))
		}
	}
	// For the stages zero means their default and less means none; a zero that
	// was asked for means none.
	for _, d := range []*time.Duration{&c.Linger, &c.AuthHold, &c.Drain} {
		if *d == 0 {
			*d = -1
		}
	}
	return c, asUsage(errors.Join(wrong...))
}

// prefixed says which flag an error is about.
func prefixed(flag string, err error) error {
	if err == nil {
		return nil
	}
	return usagef("%s: %w", flag, err)
}

func (f *runFlags) run(ctx context.Context, p *process) error {
	c, err := f.resolve(p.stderr)
	if err != nil {
		return err
	}
	log, err := f.log.logger(p.stderr)
	if err != nil {
		return err
	}
	pl, err := pipeline.New(c, log)
	if err != nil {
		return asUsage(err) // it has connected nothing yet
	}
	log.Info().Str("version", version()).Str("topic", c.Topic).Str("group", c.Group).
		Str("contract", c.Contract).Str("listen", c.Listen).Msg("starting")
	return pl.Run(ctx)
}
