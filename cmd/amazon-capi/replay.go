package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/tracklayer/amazon-capi/internal/cli"
	"github.com/tracklayer/amazon-capi/internal/config"
	"github.com/tracklayer/amazon-capi/internal/history"
	"github.com/tracklayer/amazon-capi/internal/operate/replay"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/setting"
)

const replayLong = `Deliver past events of the topic again: those from --from on and before --to, of the
chosen profiles, names and ids. They keep their event ids and their original times,
so that Amazon removes those it already has.

Times are the records' timestamps. They may be out of order; unless --in-order says
that they are not, the topic is read up to its present end and records outside the
range are skipped. The end does not move with the topic.

A forecast comes first: how many events of which profiles, how many of them will be
refused, how many requests, how long. Without --go that is all: nothing is sent and
no offset is written.

A replay has a group of its own, amazon-capi-replay-NAME, and never touches --group.
The same command continues where it was stopped or killed: NAME is derived from the
request, unless --name gives one. Receipts and dead letters are written as by run.

--live-group does something else: it moves the offsets of --group itself to --from,
so that run delivers everything from there again. It does so only with --go, and
only while the group has no members.`

type replayFlags struct {
	kafka    config.Kafka
	log      cli.LogFlags
	span     cli.RangeFlags
	events   cli.ChoiceFlags
	delivery config.Delivery

	topic, liveGroup, letters string
	name                      string
	rate                      float64
	act                       cli.GoFlag
	restart                   bool
	moveLive                  bool
	protocol                  cli.ProtocolFlag
	json                      bool
}

func newReplayCommand(p *cli.Process) *cobra.Command {
	var f replayFlags
	cmd := &cobra.Command{
		Use:   "replay",
		Short: "Deliver past events of the topic again, by time or offset",
		Long:  replayLong,
		Example: `  amazon-capi replay --from 2025-11-25 --to 2025-11-26 --brokers localhost:9092
  amazon-capi replay --from -2h --profile 1234567890 --event-name Purchase --rate 500 --go --config /etc/amazon-capi.yaml
  amazon-capi replay --live-group --from 2025-11-25T06:00:00Z`,
		Args: cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.act.Check(); err != nil {
				return err
			}
			if f.moveLive {
				return f.move(cmd.Context(), p)
			}
			return f.run(cmd.Context(), p)
		},
	}
	flags := cmd.Flags()
	f.kafka.Register(flags)
	f.log.Register(flags, "console")
	cli.Quietly(flags, &f.log)
	f.span.Register(flags)
	f.events.Register(flags)
	f.delivery.Register(flags)
	config.RegisterTopic(flags, &f.topic, "topic to replay, one at a time")
	flags.StringVar(&f.liveGroup, "group", config.DefaultGroup, "group of run, which a replay does not touch")
	flags.StringVar(&f.letters, "dead-letter-topic", config.DefaultLettersTopic, "topic for events that will never be accepted")
	f.protocol.Register(flags)
	flags.StringVar(&f.name, "name", "", "name of the replay (default derived from the request)")
	flags.Float64Var(&f.rate, "rate", 0, "events a second (0: no limit)")
	f.act.Register(flags, "send the events, or with --live-group move the offsets")
	flags.BoolVar(&f.restart, "restart", false, "start over, whatever was already sent")
	flags.BoolVar(&f.moveLive, "live-group", false, "move the offsets of --group to --from instead")
	flags.BoolVar(&f.json, "json", false, "print one JSON object")
	return cmd
}

func (f *replayFlags) run(ctx context.Context, p *cli.Process) error {
	j, err := f.job(p)
	if err != nil {
		return err
	}
	defer j.Close()
	r, err := j.Look(ctx)
	if err != nil {
		return err
	}
	if !f.json {
		r.PrintForecast(p.Screen())
	}
	if f.act.Act && r.Selected > 0 {
		err = j.Send(ctx, r)
	}
	if f.json {
		return errors.Join(report.JSON(p.Stdout, r), err)
	}
	r.PrintResult(p.Screen())
	return err
}

// job turns the flags into a job. Its errors are usage errors.
func (f *replayFlags) job(p *cli.Process) (*replay.Job, error) {
	log, err := f.log.Logger(p)
	if err != nil {
		return nil, err
	}
	o := replay.JobOptions{
		Range: history.Range{Topic: f.topic, Partitions: f.span.Partitions},
		From:  f.span.From, To: f.span.To, Choice: f.events.Choice, Name: f.name, LiveGroup: f.liveGroup, Rate: f.rate,
		Restart: f.restart, Go: f.act.Act, Log: log, Progress: p.Progress(),
	}
	o.Config.DeadLetterTopic = f.letters
	if err := o.Check(); err != nil {
		return nil, err
	}
	settings, err := f.kafka.Resolve(p.Stderr)
	if err != nil {
		return nil, err
	}
	if o.Range, err = f.span.Resolve(f.topic, time.Now()); err != nil {
		return nil, err
	}
	if o.Config, err = f.delivery.Resolve(settings, f.act.Act, p.Stderr); err != nil {
		return nil, err
	}
	o.Config.Topics, o.Config.DeadLetterTopic = []string{f.topic}, f.letters
	if o.Config.GroupProtocol, err = f.protocol.Resolve(); err != nil {
		return nil, err
	}
	if err := o.Config.CheckTopics(); err != nil {
		return nil, err
	}
	return replay.NewJob(o)
}

// move moves the live group's offsets.
func (f *replayFlags) move(ctx context.Context, p *cli.Process) error {
	at, err := f.checkMove()
	if err != nil {
		return err
	}
	settings, err := f.kafka.Resolve(p.Stderr)
	if err != nil {
		return err
	}
	m := &replay.Move{Kafka: settings, Topic: f.topic, Group: f.liveGroup, To: at, Partitions: f.span.Partitions, Go: f.act.Act}
	defer m.Close()
	rows, err := m.Plan(ctx)
	if err != nil {
		return err
	}
	if f.json {
		for _, r := range rows {
			_ = report.JSON(p.Stdout, r) // a closed pipe must not prevent the move
		}
	} else {
		m.Print(p.Screen(), rows)
	}
	if !f.act.Act {
		return nil
	}
	if err := m.Commit(ctx, rows); err != nil {
		return err
	}
	if !f.json {
		fmt.Fprintf(p.Screen(), "The offsets of group %s were moved.\n", f.liveGroup)
	}
	return nil
}

// checkMove refuses options that a move would ignore.
func (f *replayFlags) checkMove() (at history.Position, err error) {
	switch {
	case f.span.From == "":
		return at, cli.Usagef("--live-group: --from says where the group goes on; it is not set")
	case f.span.To != "" || f.events.Any():
		return at, cli.Usagef("--live-group: the group delivers everything from --from on; it goes with neither --to nor --profile, --event-name or --event-id")
	}
	at, err = history.ParsePosition(f.span.From, time.Now())
	return at, setting.From.Wrap(err)
}
