package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/consumer"
	"github.com/tracklayer/amazon-capi/internal/pipeline"
	"github.com/tracklayer/amazon-capi/sink"
	"github.com/tracklayer/amazon-capi/transform"
)

const runLong = `Read events as a member of the consumer group and deliver them to Amazon Ads,
until SIGTERM or SIGINT. Then what is in flight is finished within --drain,
offsets are committed, and the exit code is 0. A second signal ends it at once;
what had no verdict is read again by the next member.

/metrics, /livez and /readyz are served on --listen.`

const defaultReceiptsTopic = "tracklayer.events.receipts"

// runFlags are the settings of the pipeline.
type runFlags struct {
	kafka    kafkaFlags
	registry registryFlags
	log      logFlags
	config   pipeline.Config

	start, identifiers, consent, mapping, exhausted string
	consentMissing, unmappedType, region            string

	batchBytes, inFlightBytes  byteSize
	clientSecret, refreshToken secret
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
  amazon-capi run --config /etc/amazon-capi.yaml
  amazon-capi run --contract events-v1 --accounts /etc/amazon-capi/accounts.yaml`,
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

	flags.StringVar(&c.Contract, "contract", sink.ContractNames()[0], "Amazon's API to speak: "+strings.Join(sink.ContractNames(), " or "))
	flags.StringVar(&c.AmazonURL, "amazon-url", "", "Amazon Ads API, the part before the contract's path, for all regions (default https://advertising-api.amazon.com, or by events-v1 the host of the event's country)")
	flags.StringVar(&f.region, "region", "NA", "host for countries that the contract has none for: NA, EU or FE")
	flags.StringVar(&c.AccountsFile, "accounts", "", "YAML file with several Login with Amazon accounts and their profiles, in the place of --client-id, --client-secret and --refresh-token; read anew on SIGHUP and when it changes")
	flags.StringVar(&c.TokenURL, "token-url", "https://api.amazon.com/auth/o2/token", "Login with Amazon's token endpoint")
	flags.StringVar(&c.ClientID, "client-id", "", "Login with Amazon client id")
	secretFlag(flags, &f.clientSecret, "client-secret", "Login with Amazon client secret")
	secretFlag(flags, &f.refreshToken, "refresh-token", "OAuth refresh token of the Ads account")

	f.batchBytes = 1e6
	flags.IntVar(&c.BatchEvents, "batch-events", 500, "events in a request, at most")
	flags.Var(&f.batchBytes, "batch-bytes", "bytes of a request's body, at most")
	flags.DurationVar(&c.Linger, "linger", time.Second, "how long a batch waits for more events")
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

	flags.StringVar(&f.mapping, "mapping", "", "YAML table of event names (default the built-in one)")
	flags.StringVar(&f.identifiers, "identifier-rules", "amazon", "how email and phone are normalised before hashing: amazon or plain")
	flags.StringVar(&f.consent, "consent-denied", "strip", "events without consent: strip their identifiers and send the rest, or filter them")

	flags.StringVar(&f.consentMissing, "consent-missing", "refuse", "events from the EU, the EEA or the UK that do not say what the person consented to, where the contract asks it: refuse them, or deny, which leaves them out")
	flags.StringVar(&f.unmappedType, "unmapped-type", "refuse", "events of a type, declared in the mapping, that the contract does not have: refuse them, or send them as other")

	flags.StringVar(&c.Listen, "listen", ":8080", "address of /metrics, /livez and /readyz; empty for none")
}

// resolve turns flags into a configuration. Its errors are usage errors, and
// come all before anything is connected.
func (f *runFlags) resolve(warn io.Writer) (_ pipeline.Config, err error) {
	c := f.config
	if c.Kafka, err = f.kafka.resolve(warn); err != nil {
		return c, err
	}
	if c.Registry, err = f.registry.resolve(c.Kafka.TLS, warn); err != nil {
		return c, err
	}
	if c.ClientSecret, err = f.clientSecret.read("client-secret", warn); err != nil {
		return c, err
	}
	if c.RefreshToken, err = f.refreshToken.read("refresh-token", warn); err != nil {
		return c, err
	}
	if err := checkAccount(&c); err != nil {
		return c, err
	}
	for _, s := range []struct{ flag, value string }{
		{"topic", c.Topic}, {"group", c.Group}, {"dead-letter-topic", c.DeadLetterTopic},
	} {
		if s.value == "" {
			return c, usagef("--%s is not set (or %s); it is needed to deliver anything", s.flag, envName(s.flag))
		}
	}
	if c.DeadLetterTopic == c.Topic {
		return c, usagef("--dead-letter-topic: %q is the topic that is read; dead letters would come back for ever", c.Topic)
	}
	if c.ReceiptsTopic != "" && (c.ReceiptsTopic == c.Topic || c.ReceiptsTopic == c.DeadLetterTopic) {
		return c, usagef("--receipts-topic: %q has another use; want a topic of its own, or none", c.ReceiptsTopic)
	}
	if c.AmazonURL != "" {
		if err := checkURL("amazon-url", c.AmazonURL); err != nil {
			return c, err
		}
	}
	if c.Region, err = sink.ParseRegion(f.region); err != nil {
		return c, usagef("--region: %w", err)
	}
	if err := checkURL("token-url", c.TokenURL); err != nil {
		return c, err
	}
	if c.Start, err = consumer.ParseStart(f.start); err != nil {
		return c, usagef("--start: %w", err)
	}
	if c.Identifiers, err = transform.ParseIdentifierRules(f.identifiers); err != nil {
		return c, usagef("--identifier-rules: %w", err)
	}
	if c.ConsentDenied, err = transform.ParseConsentPolicy(f.consent); err != nil {
		return c, usagef("--consent-denied: %w", err)
	}
	if c.OnExhausted, err = sink.ParseExhaustedPolicy(f.exhausted); err != nil {
		return c, usagef("--on-exhausted: %w", err)
	}
	if c.ContractOptions.ConsentMissing, err = sink.ParseConsentMissing(f.consentMissing); err != nil {
		return c, usagef("--consent-missing: %w", err)
	}
	if c.ContractOptions.UnmappedType, err = sink.ParseUnmappedType(f.unmappedType); err != nil {
		return c, usagef("--unmapped-type: %w", err)
	}
	if f.mapping != "" {
		data, err := os.ReadFile(f.mapping)
		if err != nil {
			return c, usagef("--mapping: %w", err)
		}
		if c.Mapping, err = transform.LoadMapping(f.mapping, data); err != nil {
			return c, usagef("--mapping: %w", err)
		}
	}
	contract, err := sink.NewContract(c.Contract, c.ContractOptions)
	if err != nil {
		return c, usagef("--contract: %w", err)
	}
	limits := contract.Limits()
	c.BatchBytes, c.MaxInFlightBytes = int(f.batchBytes), int64(f.inFlightBytes)
	for _, n := range []struct {
		flag     string
		value    int64
		at, most int64
	}{
		{"batch-events", int64(c.BatchEvents), 1, int64(limits.Events)},
		{"batch-bytes", int64(c.BatchBytes), 16_000, int64(limits.Bytes)},
		{"lane-concurrency", int64(c.LaneConcurrency), 1, 1000},
		{"max-attempts", int64(c.MaxAttempts), 1, 1000},
		{"max-in-flight-events", int64(c.MaxInFlightEvents), 1, 1e9},
		{"max-in-flight-bytes", c.MaxInFlightBytes, 1 << 20, 1 << 40},
		{"workers", int64(c.Workers), 0, 4096},
	} {
		if n.value < n.at || n.value > n.most {
			return c, usagef("--%s: %d is out of range, want %d to %d", n.flag, n.value, n.at, n.most)
		}
	}
	for _, d := range []struct {
		flag  string
		value time.Duration
		least time.Duration
	}{
		{"linger", c.Linger, 0},
		{"request-timeout", c.RequestTimeout, 100 * time.Millisecond},
		{"auth-hold", c.AuthHold, 0},
		{"commit-interval", c.CommitInterval, 10 * time.Millisecond},
		{"drain", c.Drain, 0},
		{"session-timeout", c.SessionTimeout, time.Second},
		{"rebalance-timeout", c.RebalanceTimeout, time.Second},
	} {
		if d.value < d.least {
			return c, usagef("--%s: %s is too short, want at least %s", d.flag, d.value, d.least)
		}
	}
	// For the stages zero means their default and less means none; a zero that
	// was asked for means none.
	for _, d := range []*time.Duration{&c.Linger, &c.AuthHold, &c.Drain} {
		if *d == 0 {
			*d = -1
		}
	}
	return c, nil
}

// checkAccount: one account is given by flags, several by a file.
func checkAccount(c *pipeline.Config) error {
	for _, s := range []struct{ flag, value string }{
		{"client-id", c.ClientID}, {"client-secret", c.ClientSecret}, {"refresh-token", c.RefreshToken},
	} {
		switch {
		case c.AccountsFile == "" && s.value == "":
			return usagef("--%s is not set (or %s); it is needed to deliver anything", s.flag, envName(s.flag))
		case c.AccountsFile != "" && s.value != "":
			return usagef("--%s and --accounts are both set: want the account in the file, or the flags alone", s.flag)
		}
	}
	return nil
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
	if c.AccountsFile != "" {
		hangup := make(chan os.Signal, 1)
		signal.Notify(hangup, syscall.SIGHUP)
		defer signal.Stop(hangup)
		c.Reload = hangup
	}
	pl, err := pipeline.New(c, log)
	if err != nil {
		return asUsage(err) // it has connected nothing yet
	}
	log.Info().Str("version", version()).Str("topic", c.Topic).Str("group", c.Group).
		Str("contract", c.Contract).Str("listen", c.Listen).Msg("starting")
	return pl.Run(ctx)
}
