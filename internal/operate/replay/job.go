//go:build ignore

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"github.com/tracklayer/amazon-capi/consumer"
	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/operate/dlq"
	"github.com/tracklayer/amazon-capi/internal/operate/history"
	"github.com/tracklayer/amazon-capi/internal/operate/replay"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

// look decides what is sent: where the replay goes on, if it was begun before, and
// what becomes of the rest.
func (j *job) look(ctx context.Context) error {
	checkpoint, err := j.load(ctx)
	if err != nil {
		return err
	}
	done, err := j.planFrom(ctx, checkpoint)
	if err != nil {
		return err
	}
	for _, note := range j.plan.Notes {
		j.progress.Say("amazon-capi: %s: %s", j.flags.topic, note)
	}
	if err := j.foresee(ctx, done); err != nil {
		return err
	}
	if j.resumed && j.forecast.Selected.Len() == 0 && (j.rng.From.Relative || j.rng.To.Relative) {
		// It is complete, and -2h is another time by now.
		j.flags.restart = true
		j.resumed = false
		return j.look(ctx)
	}
	return nil
}

// load reads what is known of an earlier run.
func (j *job) load(ctx context.Context) (*replay.Checkpoint, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, adminTimeout, errBrokersSilent)
	defer cancel()
	if j.flags.restart && j.flags.act.act {
		if err := j.alone(ctx); err != nil {
			return nil, err
		}
		return nil, withCause(ctx, replay.Forget(ctx, j.admin, j.group))
	}
	c, err := replay.Load(ctx, j.admin, j.group, j.flags.topic)
	switch {
	case j.flags.restart:
		return nil, nil
	case err != nil:
		return nil, withCause(ctx, err)
	case c != nil && c.Asked != j.flags.asked():
		return nil, usagef("--name: replay %q was begun with other --from, --to or filters; want another name, the same flags as then, or --restart", j.name)
	}
	return c, nil
}

// planFrom makes the plan: the earlier run's, so that it ends where that was to
// end, or a new one. It returns what the earlier run has settled.
func (j *job) planFrom(ctx context.Context, c *replay.Checkpoint) (done *consumer.Progress, err error) {
	if c == nil {
		j.plan, err = j.reader.Plan(ctx, j.rng)
		if errors.Is(err, history.ErrBadRange) {
			err = asUsage(err)
		}
		return nil, err
	}
	starts, err := j.reader.Offsets(ctx, j.flags.topic, history.Position{IsOffset: true})
	if err != nil {
		return nil, err
	}
	j.resumed, j.plan = true, c.Plan(starts)
	ctx, cancel := context.WithTimeoutCause(ctx, adminTimeout, errBrokersSilent)
	defer cancel()
	done, err = consumer.ReadProgress(ctx, j.client, j.group, j.flags.topic)
	return done, withCause(ctx, err)
}

func (j *job) foresee(ctx context.Context, done *consumer.Progress) error {
	transformer, err := j.config.Transformer()
	if err != nil {
		return asUsage(err)
	}
	ways, err := j.config.Ways()
	if err != nil {
		return usagef("--accounts: %w", err)
	}
	registry, err := registry.New(j.config.Registry)
	if err != nil {
		return usagef("--registry: %w", err)
	}
	defer registry.Close()
	j.forecaster = &replay.Forecaster{
		Decoder: schemas.NewDecoder(registry), Transformer: transformer, Ways: ways, Settled: done,
	}
	if j.flags.events.any() {
		j.forecaster.Match = j.flags.events.match
	}
	j.forecast, err = j.forecaster.Read(ctx, j.reader, j.plan)
	j.progress.Done()
	return err
}

// alone waits until the group has no members: one that was killed is thought to
// live until its session is over.
func (j *job) alone(ctx context.Context) error {
	for began := time.Now(); ; {
		n, err := replay.Members(ctx, j.admin, j.group)
		if err != nil || n == 0 {
			return withCause(ctx, err)
		}
		if time.Since(began) > dlq.JobSession+5*time.Second {
			return fmt.Errorf("replay %q is running already: its group has %s", j.name, count.Of(n, "member"))
		}
		select {
		case <-time.After(500 * time.Millisecond):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// send delivers what was foreseen.
func (j *job) send(ctx context.Context, log zerolog.Logger, report *replayReport) error {
	if err := j.alone(ctx); err != nil {
		return err
	}
	if !j.resumed {
		c := &replay.Checkpoint{Group: j.group, Topic: j.flags.topic, Spans: j.plan.Spans, Since: j.plan.Since, Until: j.plan.Until, Asked: j.flags.asked()}
		begin, cancel := context.WithTimeoutCause(ctx, adminTimeout, errBrokersSilent)
		err := c.Begin(begin, j.admin, j.forecast.First)
		cancel()
		if err != nil {
			return withCause(begin, err)
		}
	}
	c := j.config
	c.Job = &consumer.Job{Selection: &j.forecast.Selected, Rate: j.flags.rate}
	pl, err := newJobPipeline(c, log)
	if err != nil {
		return err
	}
	stop := watch(ctx, j.progress, "replayed", report.Selected, func() int { return settled(pl) })
	err = pl.Run(ctx)
	stop()
	report.sent(pl.Tally().Summary(), ctx.Err() != nil)
	switch {
	case err != nil:
		return err
	case ctx.Err() != nil && report.Left > 0:
		return fmt.Errorf("stopped with %s left; the same command goes on from there", count.Of(report.Left, "event"))
	case report.Deleted > 0:
		return fmt.Errorf("%s %s deleted by the topic's retention before being sent", count.Of(report.Deleted, "record"), count.Was(report.Deleted))
	}
	return nil
}
