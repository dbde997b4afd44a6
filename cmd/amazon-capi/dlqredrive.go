package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/tracklayer/amazon-capi/internal/cli"
	"github.com/tracklayer/amazon-capi/internal/config"
	"github.com/tracklayer/amazon-capi/internal/operate/dlq"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/setting"
)

const dlqRedriveLong = `Send dead letters again, once their cause is fixed. Without --go it only says what
it would do, and how many would pass the rules and the mapping of today's flags.

A letter goes back to the source topic as the record that it was made of: the same
key, bytes, timestamp, partition and headers, and one header that counts redrives.
The program that runs on the topic delivers it. With --direct this command delivers
it, with the mapping and account of its flags, and writes nothing to the source; what
fails becomes a dead letter again.

It takes the letters that exist at the start and have not been redriven. A letter is
done when the brokers have acknowledged its copy, or with --direct when it has its
verdict; --redrive-group remembers it, whatever the filters. So the command can be
stopped and restarted at any time. A letter whose event failed again after
--max-redrives goes to --quarantine-topic instead.

Letters that name another source than --topic, and records that are not dead
letters, stay where they are. Several topics are redriven one after the other; then
letters of other tools that name no source stay, too.`

type redriveFlags struct {
	lettersFlags
	delivery    config.Delivery
	log         cli.LogFlags
	sources     []string
	quarantine  string
	maxRedrives int
	rate        float64
	act         cli.GoFlag
	direct      bool
	protocol    cli.ProtocolFlag
}

func newDLQRedrive(p *cli.Process) *cobra.Command {
	var f redriveFlags
	cmd := &cobra.Command{
		Use:   "redrive",
		Short: "Redrive dead letters; a dry run without --go",
		Long:  dlqRedriveLong,
		Example: `  amazon-capi dlq redrive --brokers localhost:9092 --status 422 --field userInfo
  amazon-capi dlq redrive --class validation --until -1h --rate 200 --go`,
		Args: cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), p) },
	}
	flags := cmd.Flags()
	f.lettersFlags.register(flags)
	f.delivery.Register(flags)
	f.log.Register(flags, "console")
	cli.Quietly(flags, &f.log)
	config.RegisterTopics(flags, &f.sources, "source topics, which their letters go back to, separated by commas")
	registerQuarantine(flags, &f.quarantine, "topic for letters beyond --max-redrives, made if it is missing")
	flags.IntVar(&f.maxRedrives, "max-redrives", 3, "how often an event is redriven before it goes into quarantine")
	f.protocol.Register(flags)
	flags.Float64Var(&f.rate, "rate", 0, "letters a second (0: no limit)")
	f.act.Register(flags, "write the letters back, or with --direct deliver them")
	flags.BoolVar(&f.direct, "direct", false, "deliver the letters to Amazon from here instead of writing them to the source")
	return cmd
}

func (f *redriveFlags) run(ctx context.Context, p *cli.Process) error {
	o, err := f.options(p)
	if err != nil {
		return err
	}
	for i, source := range f.sources {
		o.Source = source
		if !f.json {
			sayTopic(p, f.sources, i)
		}
		if err := f.redrive(ctx, p, o); err != nil {
			return err
		}
	}
	return nil
}

// redrive redrives the letters of one source.
func (f *redriveFlags) redrive(ctx context.Context, p *cli.Process, o dlq.RedriveOptions) error {
	job, result, err := dlq.Decide(ctx, o)
	if err != nil {
		return err
	}
	if !f.json {
		result.PrintPlan(p.Screen())
	}
	if f.act.Act && result.Left > 0 {
		err = job.Send(ctx, result)
	}
	if f.json {
		return errors.Join(report.JSON(p.Stdout, result), err)
	}
	result.PrintResult(p.Screen())
	return err
}

// options turns the flags into options, before anything is connected.
func (f *redriveFlags) options(p *cli.Process) (o dlq.RedriveOptions, err error) {
	f.quarantine = quarantineOf(f.quarantine, f.topic)
	if err := f.act.Check(); err != nil {
		return o, err
	}
	if len(f.sources) == 0 {
		return o, setting.Topic.Mistakef("it has no name")
	}
	o = dlq.RedriveOptions{
		OneOfMany: len(f.sources) > 1,
		Letters:   f.topic, Erasures: f.delivery.Config.ErasureTopic, Group: f.group, Filter: f.filter, Quarantine: f.quarantine,
		MaxRedrives: f.maxRedrives, Rate: f.rate, Go: f.act.Act, Progress: p.Progress(),
	}
	for _, o.Source = range f.sources {
		if err := o.Check(); err != nil {
			return o, err
		}
	}
	if o.Protocol, err = f.protocol.Resolve(); err != nil {
		return o, err
	}
	if o.Log, err = f.log.Logger(p); err != nil {
		return o, err
	}
	if o.Kafka, err = f.lettersFlags.resolve(p, time.Now()); err != nil {
		return o, err
	}
	o.Filter = f.filter
	o.Events = func() (dlq.Events, func(), error) {
		d, done, err := f.delivery.Decoder(o.Kafka, p.Stderr)
		return d, done, err
	}
	if o.Transformer, err = f.delivery.Transform.Transformer(nil); err != nil || !f.direct {
		return o, err
	}
	c, err := f.delivery.Resolve(o.Kafka, f.act.Act, p.Stderr)
	if err != nil {
		return o, err
	}
	c.Topics, c.DeadLetterTopic = f.sources, f.topic
	o.Direct = &c
	return o, c.CheckTopics()
}
