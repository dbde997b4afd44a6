package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/consumer"
	"github.com/tracklayer/amazon-capi/internal/cli"
	"github.com/tracklayer/amazon-capi/internal/config"
	"github.com/tracklayer/amazon-capi/internal/pipeline"
	"github.com/tracklayer/amazon-capi/internal/setting"
)

const runLong = `Read events as a member of the consumer group and deliver them to Amazon Ads,
until SIGTERM or SIGINT. Then events in flight are finished within --drain, offsets
are committed, and the exit code is 0. A second signal ends it at once; events
without a verdict are read again by the next member.

SIGHUP rereads the file of --accounts; changes are also noticed automatically.
SIGUSR1 makes everything go on that --dead-letter-guard holds.

/metrics, /livez, /readyz and /status are served on --listen, by default only to this
machine, because they have no password.`

// runFlags are the settings of the pipeline.
type runFlags struct {
	kafka    config.Kafka
	log      cli.LogFlags
	delivery config.Delivery
	guard    config.Guard
	start    string
	protocol cli.ProtocolFlag
	session  *pflag.Flag // --session-timeout
}

func newRunCommand(p *cli.Process) *cobra.Command {
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
		Args: cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), p) },
	}
	f.register(cmd.Flags())
	return cmd
}

func (f *runFlags) register(flags *pflag.FlagSet) {
	f.kafka.Register(flags)
	f.log.Register(flags, "json")
	f.delivery.Register(flags)
	c := &f.delivery.Config

	config.RegisterTopics(flags, &c.Topics, "topics to read events from, separated by commas")
	flags.StringVar(&c.Group, "group", config.DefaultGroup, "consumer group")
	f.protocol.Register(flags)
	flags.StringVar(&c.InstanceID, "instance-id", "", "static membership: a name of this member that survives restarts")
	flags.StringVar(&f.start, "start", "earliest", "where a group without offsets begins: earliest or latest")
	flags.StringVar(&c.DeadLetterTopic, "dead-letter-topic", config.DefaultLettersTopic, "topic for events that will never be accepted")
	f.guard.Register(flags, c)
	flags.BoolVar(&c.CreateTopics, "create-topics", false, "create topics that are missing")

	flags.IntVar(&c.Workers, "workers", 0, "partitions decoded at the same time (default one per core)")
	flags.DurationVar(&c.CommitInterval, "commit-interval", time.Second, "how often offsets are committed")
	flags.DurationVar(&c.Drain, "drain", 25*time.Second, "how long a stop waits for events in flight")
	flags.DurationVar(&c.SessionTimeout, "session-timeout", 45*time.Second, "how long the group waits for a silent member; no effect with --group-protocol consumer, where the brokers decide")
	f.session = flags.Lookup("session-timeout")
	flags.DurationVar(&c.RebalanceTimeout, "rebalance-timeout", 60*time.Second, "how long the group waits for members to give up partitions; half of it is for draining them")

	flags.StringVar(&c.Listen, "listen", "127.0.0.1:8080", "address of /metrics, /livez, /readyz and /status, which have no password; :8080 for all networks, empty for none")
	flags.BoolVar(&c.Profile, "pprof", false, "serve Go's profiles on --listen, below /debug/pprof/")
}

// resolve turns flags into a configuration, with an account if it sends. Its errors are usage errors,
// reported together and before anything is connected: a configuration is fixed in one go.
func (f *runFlags) resolve(sends bool, warn io.Writer) (pipeline.Config, error) {
	var wrong config.Mistakes
	settings, err := f.kafka.Resolve(warn)
	wrong.Note(err)
	c, err := f.delivery.Resolve(settings, sends, warn)
	wrong.Note(err)
	for _, s := range []struct {
		flag  setting.Key
		value string
	}{
		{"topic", strings.Join(c.Topics, ",")}, {"group", c.Group}, {"dead-letter-topic", c.DeadLetterTopic},
	} {
		if s.value == "" {
			wrong.Note(config.Missing(s.flag))
		}
	}
	wrong.Note(c.CheckTopics())
	wrong.Note(f.guard.Resolve(&c))
	c.Start, err = consumer.ParseStart(f.start)
	wrong.Note(setting.Key("start").Wrap(err))
	c.GroupProtocol, err = f.protocol.Resolve()
	wrong.Note(err)
	if c.GroupProtocol == consumer.ProtocolConsumer && f.session.Changed {
		fmt.Fprintln(warn, cli.SessionWarning)
	}
	wrong.Note(config.InRange("workers", int64(c.Workers), 0, 4096))
	wrong.Note(
		config.AtLeast("commit-interval", c.CommitInterval, 10*time.Millisecond),
		config.AtLeast("drain", c.Drain, 0),
		config.AtLeast("session-timeout", c.SessionTimeout, time.Second),
		config.AtLeast("rebalance-timeout", c.RebalanceTimeout, time.Second),
	)
	config.NoneForZero(&c.Drain)
	return c, wrong.All()
}

func (f *runFlags) run(ctx context.Context, p *cli.Process) error {
	// First of all: the signal would end the process.
	resume, stop := cli.Signals(syscall.SIGUSR1)
	defer stop()
	c, err := f.resolve(true, p.Stderr)
	if err != nil {
		return err
	}
	log, err := f.log.Logger(p)
	if err != nil {
		return err
	}
	if c.AccountsFile != "" {
		hangup, stop := cli.Signals(syscall.SIGHUP)
		defer stop()
		c.Reload = hangup
	}
	c.Resume = resume
	c.Version = version()
	pipeline.CollectOften()
	pl, err := pipeline.New(c, log)
	if err != nil {
		return cli.AsUsage(err) // it has not connected yet
	}
	log.Info().Str("version", version()).Str("topic", strings.Join(c.Topics, ",")).Str("group", c.Group).Stringer("group_protocol", c.GroupProtocol).
		Str("contract", c.Contract).Str("listen", c.Listen).Msg("starting")
	return pl.Run(ctx)
}
