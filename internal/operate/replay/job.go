package replay

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer"
	"github.com/tracklayer/amazon-capi/consumer/proof"
	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/erasure"
	"github.com/tracklayer/amazon-capi/internal/history"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/pipeline"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/internal/wait"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/registry"
	"github.com/tracklayer/amazon-capi/transform"
)

// JobOptions say what is replayed, and how.
type JobOptions struct {
	// Config is the pipeline that delivers. The job sets its topic and group.
	Config pipeline.Config
	Range  history.Range
	// From and To are the ends of the range as requested: a relative time is another
	// range with the same words later on.
	From, To string
	Choice   history.Choice
	// Name identifies the replay; if empty, one is made from the request.
	Name string
	// LiveGroup is the group of run, which a replay must not use.
	LiveGroup string
	// Rate is how many events are sent a second; 0 for no limit.
	Rate float64
	// Restart begins again, whatever was sent before.
	Restart bool
	// Go sends the events; without it nothing is written.
	Go bool

	Log      zerolog.Logger
	Progress *report.Progress
}

// Job is a replay after its decisions.
type Job struct {
	o      JobOptions
	group  string
	client *kgo.Client
	admin  *kadm.Client
	reader *history.Reader

	resumed    bool
	plan       *history.Plan
	forecaster *Forecaster
	forecast   *Forecast
}

// Check refuses options that no replay can have.
func (o *JobOptions) Check() error {
	switch {
	case o.Rate < 0:
		return setting.Rate.Mistakef("%g is not a rate, want 0 or more", o.Rate)
	case o.Range.Topic == "" || o.Config.DeadLetterTopic == "":
		return setting.Mistakef("%s and %s: both are needed", setting.Topic, setting.DeadLetterTopic)
	case o.Name != "" && !transform.AnyProfiles.Valid(o.Name):
		return setting.Name.Mistakef("%s is not a name, want 1 to 64 of A-Z a-z 0-9 . _ -", redact.Quote(o.Name))
	case o.From == "" && o.To == "" && len(o.Range.Partitions) == 0 && !o.Choice.Any():
		return setting.Mistakef("%s and %s: say what to replay; %s offset:0 is all that there is", setting.From, setting.To, setting.From)
	}
	return nil
}

// NewJob returns a job that has not connected yet. Close it.
func NewJob(o JobOptions) (*Job, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	j := &Job{o: o}
	if o.Name == "" {
		j.o.Name = j.asked()
	}
	if j.group = groupOf(j.o.Name); j.group == o.LiveGroup || endsGroup(j.group) == o.LiveGroup {
		return nil, setting.Name.Mistakef("group %q is the live one (%s); a replay must have its own", j.group, setting.Group)
	}
	j.o.Config.Topics, j.o.Config.Group = []string{o.Range.Topic}, j.group
	var err error
	if j.client, err = o.Config.Kafka.Connect(); err != nil {
		return nil, err
	}
	j.admin = kadm.NewClient(j.client)
	if j.reader, err = history.New(o.Config.Kafka); err != nil {
		j.client.Close()
		return nil, err
	}
	j.reader.ShowOn(o.Progress, o.Range.Topic)
	return j, nil
}

// Close closes the connections.
func (j *Job) Close() {
	j.reader.Close()
	j.client.Close()
}

// groupOf returns the name of a replay's group.
func groupOf(name string) string { return "amazon-capi-replay-" + name }

// asked describes the request in words that the same settings give again. What does not
// affect which events are sent, such as the rate, is omitted.
func (j *Job) asked() string {
	o := &j.o
	text, _ := json.Marshal([]any{o.Range.Topic, o.From, o.To, o.Range.Partitions, o.Choice.Profiles, o.Choice.Names, o.Choice.EventIDs})
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// Look forecasts the replay. It writes nothing, except for a restart that sends.
func (j *Job) Look(ctx context.Context) (*Report, error) {
	if j.o.Go {
		// What a live member, or one that was just killed, still settles must be neither
		// sent again nor missed.
		if err := j.alone(ctx); err != nil {
			return nil, err
		}
	}
	if err := j.look(ctx); err != nil {
		return nil, err
	}
	return j.report(), nil
}

// look decides what is sent: where the replay continues, if it was begun before, and the
// fates of the rest.
func (j *Job) look(ctx context.Context) error {
	checkpoint, err := j.load(ctx)
	if err != nil {
		return err
	}
	done, err := j.planFrom(ctx, checkpoint)
	if err != nil {
		return err
	}
	j.plan.Tell(j.o.Progress)
	if err := j.foresee(ctx, done); err != nil {
		return err
	}
	if j.resumed && j.forecast.Selected.Len() == 0 && (j.o.Range.From.Relative || j.o.Range.To.Relative) {
		// It is complete, and -2h is another time by now.
		j.o.Restart = true
		j.resumed = false
		return j.look(ctx)
	}
	return nil
}

// load reads the state of an earlier run.
func (j *Job) load(ctx context.Context) (c *Checkpoint, err error) {
	err = kafka.Ask(ctx, func(ctx context.Context) (err error) {
		if j.o.Restart && j.o.Go {
			if err := j.alone(ctx); err != nil {
				return err
			}
			return Forget(ctx, j.admin, j.group)
		}
		c, err = Load(ctx, j.admin, j.group, j.o.Range.Topic)
		return err
	})
	switch {
	case j.o.Restart && !j.o.Go:
		return nil, nil
	case err != nil:
		return nil, err
	case c != nil && c.Asked != j.asked():
		return nil, setting.Name.Mistakef("replay %q was begun with other %s, %s or filters; want another name, the same flags as then, or %s", j.o.Name, setting.From, setting.To, setting.Restart)
	}
	return c, nil
}

// planFrom makes the plan: the earlier run's, so that it ends at the same place, or a new
// one. It returns what the earlier run has settled.
func (j *Job) planFrom(ctx context.Context, c *Checkpoint) (done *proof.Progress, err error) {
	if c == nil {
		j.plan, err = j.reader.Plan(ctx, j.o.Range)
		return nil, err
	}
	starts, err := j.reader.Offsets(ctx, j.o.Range.Topic, history.Position{IsOffset: true})
	if err != nil {
		return nil, err
	}
	j.resumed, j.plan = true, c.Plan(starts)
	err = kafka.Ask(ctx, func(ctx context.Context) (err error) {
		done, err = proof.ReadProgress(ctx, j.client, j.group, j.o.Range.Topic)
		return err
	})
	return done, err
}

// foresee reads the plan and determines the fate of each record.
func (j *Job) foresee(ctx context.Context, done *proof.Progress) error {
	transformer, err := j.o.Config.Transformer()
	if err != nil {
		return setting.Mistaken(err)
	}
	ways, err := j.o.Config.Ways()
	if err != nil {
		return setting.Accounts.Wrap(err)
	}
	registry, err := registry.New(j.o.Config.Registry)
	if err != nil {
		return setting.Registry.Wrap(err)
	}
	defer registry.Close()
	erased, err := erasure.Read(ctx, j.o.Config.Kafka, j.o.Config.ErasureTopic)
	if err != nil {
		return err
	}
	j.forecaster = &Forecaster{
		Decoder: schemas.NewDecoder(registry, schemas.WithFramings(registry.Framings()), schemas.WithAliases(transformer.Aliases())), Transformer: transformer, Ways: ways, Settled: done, Erased: erased,
	}
	if j.o.Choice.Any() {
		j.o.Choice.Watch()
		j.forecaster.Match = j.o.Choice.Match
	}
	j.forecast, err = j.forecaster.Read(ctx, j.reader, j.plan)
	j.o.Progress.Done()
	if err == nil {
		j.o.Progress.Unmatched(j.o.Choice.Unmatched())
	}
	return err
}

// alone waits until the group has no members: the brokers keep a killed one until its
// session ends.
func (j *Job) alone(ctx context.Context) error {
	session := pipeline.JobSession
	for began, asked := time.Now(), false; ; {
		var g kafka.Group
		err := kafka.Ask(ctx, func(ctx context.Context) (err error) {
			g, err = describe(ctx, j.admin, j.group)
			return err
		})
		if err != nil || g.Members == 0 {
			return err
		}
		if g.Consumer && !asked {
			session, asked = j.brokerSession(ctx), true
		}
		if time.Since(began) > session+5*time.Second {
			return fmt.Errorf("replay %q is running already: its group has %s", j.o.Name, count.Of(g.Members, "member"))
		}
		if !wait.For(ctx, 500*time.Millisecond) {
			return context.Cause(ctx)
		}
	}
}

// brokerSession returns how long brokers wait for a silent member in the consumer
// protocol: 45s, Kafka's default, if they do not say.
func (j *Job) brokerSession(ctx context.Context) time.Duration {
	if d, err := kafka.ConsumerSession(ctx, j.client, j.group); err == nil && d > 0 {
		return d
	}
	return 45 * time.Second
}

// Send delivers what was selected, and reports the verdicts.
func (j *Job) Send(ctx context.Context, r *Report) error {
	if err := j.alone(ctx); err != nil {
		return err
	}
	if !j.resumed {
		c := &Checkpoint{Group: j.group, Topic: j.o.Range.Topic, Spans: j.plan.Spans, Since: j.plan.Since, Until: j.plan.Until, Asked: j.asked()}
		if err := kafka.Ask(ctx, func(ctx context.Context) error { return c.Begin(ctx, j.admin, j.forecast.First) }); err != nil {
			return err
		}
	}
	pl, err := pipeline.NewJob(j.o.Config, &consumer.Job{Selection: &j.forecast.Selected, Rate: j.o.Rate}, j.o.Log)
	if err != nil {
		return err
	}
	err = pl.RunShown(ctx, j.o.Progress, "replayed", r.Selected)
	r.sent(pl.Tally().Summary(), ctx.Err() != nil || err != nil)
	switch {
	case err != nil:
		return err
	case ctx.Err() != nil && r.Left > 0:
		return fmt.Errorf("stopped with %s left; the same command goes on from there", count.Of(r.Left, "event"))
	case r.Deleted > 0:
		return fmt.Errorf("%s %s deleted by the topic's retention before being sent", count.Of(r.Deleted, "record"), count.Was(r.Deleted))
	}
	return nil
}
