package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
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

	topics             []string
	liveGroup, letters string
	name               string
	rate               float64
	act                cli.GoFlag
	restart            bool
	moveLive           bool
	protocol           cli.ProtocolFlag
	json               bool
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
	config.RegisterTopics(flags, &f.topics, "topics to replay, one after the other, separated by commas")
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

// run replays one topic after the other, once all are forecast.
func (f *replayFlags) run(ctx context.Context, p *cli.Process) error {
	if len(f.topics) > 1 && f.name != "" {
		return cli.Usagef("--name: it names one replay, but several topics are given (%s), and each has its own replay; want one of them in --topic, or no --name", strings.Join(f.topics, ", "))
	}
	ranges, err := f.span.ResolveAll(f.topics, time.Now())
	if err != nil {
		return err
	}
	o, err := f.options(p, ranges[0])
	if err != nil {
		return err
	}
	jobs, reports := make([]*replay.Job, len(ranges)), make([]*replay.Report, len(ranges))
	for i, rng := range ranges {
		o.Range, o.Config.Topics = rng, []string{rng.Topic}
		if err := o.Config.CheckTopics(); err != nil {
			return err
		}
		if jobs[i], err = replay.NewJob(o); err != nil {
			return err
		}
		defer jobs[i].Close()
	}
	for i, j := range jobs {
		if reports[i], err = j.Look(ctx); err != nil {
			return err
		}
		if !f.json {
			sayTopic(p, f.topics, i)
			reports[i].PrintForecast(p.Screen())
		}
	}
	for i, r := range reports {
		if f.act.Act && r.Selected > 0 {
			err = jobs[i].Send(ctx, r)
		}
		if f.json {
			err = errors.Join(report.JSON(p.Stdout, r), err)
		} else {
			if f.act.Act && r.Selected > 0 {
				sayTopic(p, f.topics, i)
			}
			r.PrintResult(p.Screen())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sayTopic prints which of several topics comes next.
func sayTopic(p *cli.Process, topics []string, i int) {
	if len(topics) > 1 {
		if i > 0 {
			fmt.Fprintln(p.Screen())
		}
		fmt.Fprintf(p.Screen(), "Topic %s:\n", topics[i])
	}
}

// options turns the flags into the options of a job. Its errors are usage errors.
func (f *replayFlags) options(p *cli.Process, rng history.Range) (o replay.JobOptions, err error) {
	log, err := f.log.Logger(p)
	if err != nil {
		return o, err
	}
	o = replay.JobOptions{
		Range: rng,
		From:  f.span.From, To: f.span.To, Choice: f.events.Choice, Name: f.name, LiveGroup: f.liveGroup, Rate: f.rate,
		Restart: f.restart, Go: f.act.Act, Log: log, Progress: p.Progress(),
	}
	o.Config.DeadLetterTopic = f.letters
	if err := o.Check(); err != nil {
		return o, err
	}
	settings, err := f.kafka.Resolve(p.Stderr)
	if err != nil {
		return o, err
	}
	if o.Config, err = f.delivery.Resolve(settings, f.act.Act, p.Stderr); err != nil {
		return o, err
	}
	o.Config.DeadLetterTopic = f.letters
	o.Config.GroupProtocol, err = f.protocol.Resolve()
	return o, err
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
	if _, err := f.span.ResolveAll(f.topics, time.Now()); err != nil {
		return err
	}
	var last *replay.Move
	var all []replay.Moved
	for i, topic := range f.topics {
		m := &replay.Move{Kafka: settings, Topic: topic, Group: f.liveGroup, To: at, Partitions: f.span.Partitions, Go: f.act.Act}
		defer m.Close()
		rows, err := m.Plan(ctx)
		if err != nil {
			return err
		}
		last, all = m, append(all, rows...)
		if !f.json {
			sayTopic(p, f.topics, i)
			m.Print(p.Screen(), rows)
			continue
		}
		for _, r := range rows {
			_ = report.JSON(p.Stdout, r) // a closed pipe must not prevent the move
		}
	}
	if !f.act.Act {
		return nil
	}
	// In one request: no topic's offsets are moved while another's stay.
	if err := last.Commit(ctx, all); err != nil {
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
