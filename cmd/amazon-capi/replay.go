package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/operate/history"
	"github.com/tracklayer/amazon-capi/internal/operate/replay"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/pipeline"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/transform"
)

const replayLong = `Deliver events that the topic has held before once more: those from --from on and
before --to, of the profiles, names and ids that are chosen. They keep their event
ids and their original times, so that Amazon removes what it has already.

Times are the records' timestamps. They may be out of order; unless --in-order says
that they are not, the topic is read up to its end as it is now and what lies
outside is passed over. The end does not move with the topic.

A forecast comes first: how many events of which profiles, how many of them will be
refused, how many requests, how long. Without --go that is all: nothing is sent and
no offset is written.

A replay has a group of its own, amazon-capi-replay-NAME, and never touches that of
--group. The same command goes on where it was stopped or killed: its NAME is made
of what was asked for, unless --name gives one. Receipts and dead letters are
written as run does.

--live-group does something else: it moves the offsets of --group itself to --from,
so that run delivers everything from there again. It does so only with --go, and
only while the group has no members.`

type replayFlags struct {
	kafka    kafkaFlags
	log      logFlags
	span     rangeFlags
	events   eventFlags
	delivery deliveryFlags

	topic, liveGroup, letters string
	name                      string
	rate                      float64
	act                       goFlag
	restart                   bool
	moveLive                  bool
	json                      bool
}

func newReplayCommand(p *process) *cobra.Command {
	var f replayFlags
	cmd := &cobra.Command{
		Use:   "replay",
		Short: "Deliver what the topic has held before once more, by time or offset",
		Long:  replayLong,
		Example: `  amazon-capi replay --from 2025-11-25 --to 2025-11-26 --brokers localhost:9092
  amazon-capi replay --from -2h --profile 1234567890 --event-name Purchase --rate 500 --go --config /etc/amazon-capi.yaml
  amazon-capi replay --live-group --from 2025-11-25T06:00:00Z`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.act.check(); err != nil {
				return err
			}
			if f.moveLive {
				return f.move(cmd.Context(), p)
			}
			return f.run(cmd.Context(), p)
		},
	}
	flags := cmd.Flags()
	f.kafka.register(flags)
	f.log.register(flags, "console")
	quietly(flags, &f.log)
	f.span.register(flags)
	f.events.register(flags)
	f.delivery.register(flags)
	flags.StringVar(&f.topic, "topic", defaultTopic, "topic to replay")
	flags.StringVar(&f.liveGroup, "group", defaultGroup, "group of run, which a replay keeps away from")
	flags.StringVar(&f.letters, "dead-letter-topic", defaultLettersTopic, "topic for events that will never be accepted")
	flags.StringVar(&f.name, "name", "", "name of the replay (default made of what is asked for)")
	flags.Float64Var(&f.rate, "rate", 0, "events a second (0: as fast as it goes)")
	f.act.register(flags, "send the events, or with --live-group move the offsets")
	flags.BoolVar(&f.restart, "restart", false, "begin anew, whatever was sent of it before")
	flags.BoolVar(&f.moveLive, "live-group", false, "move the offsets of --group to --from instead")
	flags.BoolVar(&f.json, "json", false, "print one JSON object")
	return cmd
}

func (f *replayFlags) check() error {
	switch {
	case f.rate < 0:
		return usagef("--rate: %g is no rate, want 0 or more", f.rate)
	case f.topic == "" || f.letters == "":
		return usagef("--topic and --dead-letter-topic: both are needed")
	case f.name != "" && !transform.AnyProfiles.Valid(f.name):
		return usagef("--name: %s is no name, want 1 to 64 of A-Z a-z 0-9 . _ -", redact.Quote(f.name))
	case f.span.from == "" && f.span.to == "" && len(f.span.partitions) == 0 && !f.events.any():
		return usagef("--from and --to: say what to replay; --from offset:0 is all that there is")
	}
	return nil
}

// groupOf names a replay's group.
func groupOf(name string) string { return "amazon-capi-replay-" + name }

// asked is what was asked for in words that the same flags give again. What does
// not change which events are sent, such as the rate, is not in it.
func (f *replayFlags) asked() string {
	text, _ := json.Marshal([]any{f.topic, f.span.from, f.span.to, f.span.partitions, f.events.profiles, f.events.names, f.events.ids})
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// job is a replay that is decided on.
type job struct {
	flags    *replayFlags
	config   pipeline.Config
	rng      history.Range
	name     string
	group    string
	client   *kgo.Client
	admin    *kadm.Client
	reader   *history.Reader
	progress *report.Progress

	resumed    bool
	plan       *history.Plan
	forecaster *replay.Forecaster
	forecast   *replay.Forecast
}

func (f *replayFlags) run(ctx context.Context, p *process) error {
	j, log, err := f.prepare(p)
	if err != nil {
		return err
	}
	opts, err := j.config.Kafka.Options(zerolog.Nop())
	if err != nil {
		return asUsage(err)
	}
	client, err := kgo.NewClient(opts...)
	if err != nil {
		return err
	}
	defer client.Close()
	j.client, j.admin = client, kadm.NewClient(client)
	if j.reader, err = history.New(j.config.Kafka); err != nil {
		return err
	}
	defer j.reader.Close()
	j.progress = report.NewTerminalProgress(p.stderr)
	j.reader.Progress = func(done, total int64) { j.progress.Step("reading "+f.topic, uint64(done), uint64(total)) }

	if err := j.look(ctx); err != nil {
		return err
	}
	report := j.report()
	if !f.json {
		report.printForecast(p.stdout)
	}
	if f.act.act && report.Selected > 0 {
		err = j.send(ctx, log, report)
	}
	if f.json {
		return errors.Join(printJSON(p.stdout, report), err)
	}
	report.printResult(p.stdout)
	return err
}

// prepare turns the flags into a job. Its errors are usage errors.
func (f *replayFlags) prepare(p *process) (*job, zerolog.Logger, error) {
	log, err := f.log.logger(p)
	if err != nil {
		return nil, log, err
	}
	if err := f.check(); err != nil {
		return nil, log, err
	}
	settings, err := f.kafka.resolve(p.stderr)
	if err != nil {
		return nil, log, err
	}
	j := &job{flags: f, name: f.name}
	if j.rng, err = f.span.resolve(f.topic, time.Now()); err != nil {
		return nil, log, err
	}
	if j.config, err = f.delivery.resolve(settings, f.act.act, p.stderr); err != nil {
		return nil, log, err
	}
	j.config.Topic, j.config.DeadLetterTopic = f.topic, f.letters
	if err := checkTopics(&j.config); err != nil {
		return nil, log, err
	}
	if j.name == "" {
		j.name = f.asked()
	}
	if j.group = groupOf(j.name); j.group == f.liveGroup || j.group+".ends" == f.liveGroup {
		return nil, log, usagef("--name: group %q is the live one (--group); a replay must have its own", j.group)
	}
	j.config.Group = j.group
	return j, log, nil
}
