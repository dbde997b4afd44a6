package dlq

import (
	"context"
	"fmt"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer"
	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/history"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/pipeline"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/transform"
)

// RedriveOptions say which letters are redriven, and how.
type RedriveOptions struct {
	Kafka kafka.Settings
	// Letters is the dead-letter topic; Group remembers which letters are done.
	Letters, Group string
	Protocol       consumer.Protocol
	// Erasures is the topic with the list of events that must not be sent again; empty for
	// none.
	Erasures string
	// Events opens what reads the events of letters whose headers do not tell whether they are
	// on that list; nil to go by the headers.
	Events func() (Events, func(), error)
	Filter Filter
	// Source is the topic that letters go back to; Quarantine takes those whose event was
	// redriven MaxRedrives times.
	Source, Quarantine string
	// OneOfMany says that other sources have letters here, too, so that one that names none is
	// perhaps not of this one.
	OneOfMany   bool
	MaxRedrives int
	// Rate is how many letters are sent a second; 0 for no limit.
	Rate float64
	// Transformer has today's rules, for what a dry run predicts; nil for no prediction.
	Transformer *transform.Transformer
	// Go sends the letters; without it nothing is written.
	Go bool
	// Direct delivers the letters instead of writing them to the source; nil for writing.
	// The job sets its topics and group.
	Direct *pipeline.Config

	Log      zerolog.Logger
	Progress *report.Progress
}

// Check refuses options that no redrive can have.
func (o *RedriveOptions) Check() error {
	switch {
	case o.Source == "" || o.Letters == "":
		return setting.Mistakef("%s and %s: both are needed", setting.Topic, setting.DeadLetterTopic)
	case o.Source == o.Letters || o.Quarantine == o.Letters || o.Quarantine == o.Source:
		return setting.Mistakef("%s, %s and %s: want three different topics, got %q, %q and %q", setting.Topic, setting.DeadLetterTopic, setting.QuarantineTopic, o.Source, o.Letters, o.Quarantine)
	case o.Group == "":
		return setting.RedriveGroup.Mistakef("it has no name; without one nothing would remember which letters are done")
	case o.MaxRedrives < 1:
		return setting.MaxRedrives.Mistakef("%d is too few, want 1 or more", o.MaxRedrives)
	case o.Rate < 0:
		return setting.Rate.Mistakef("%g is not a rate, want 0 or more", o.Rate)
	}
	return nil
}

// RedriveJob is a redrive after its decisions.
type RedriveJob struct {
	o       RedriveOptions
	redrive *Redrive
}

// Decide reads the dead-letter topic and decides which letters are redriven.
func Decide(ctx context.Context, o RedriveOptions) (*RedriveJob, *RedriveReport, error) {
	if err := o.Check(); err != nil {
		return nil, nil, err
	}
	r, err := o.decide(ctx)
	if err != nil {
		return nil, nil, err
	}
	j := &RedriveJob{o, r}
	return j, newRedriveReport(r, &j.o), nil
}

func (o *RedriveOptions) decide(ctx context.Context) (*Redrive, error) {
	l, err := Open(ctx, o.Kafka, o.Letters, o.Group, o.Filter.Partitions, o.Progress)
	if err != nil {
		return nil, err
	}
	defer l.Close()
	if err := l.Obey(ctx, o.Erasures, o.Events); err != nil {
		return nil, err
	}
	rounds, err := l.Rounds(ctx)
	if err != nil {
		return nil, err
	}
	r := &Redrive{Filter: o.Filter, Topic: o.Source, Named: o.OneOfMany, MaxRedrives: o.MaxRedrives, Rounds: rounds, Originals: l.reader}
	if !o.Go && o.Transformer != nil && o.Events != nil {
		events, done, err := o.Events()
		if err != nil {
			return nil, err
		}
		defer done()
		r.Predictor = &Predictor{Events: events, Transformer: o.Transformer, Now: time.Now()}
	}
	asked := newAsked(&o.Filter)
	if err := l.each(ctx, asked, &Filter{}, func(e *Entry) error { return r.Add(ctx, e) }); err != nil {
		return nil, err
	}
	l.progress.Done()
	r.Unmatched = asked.Unmatched("dead letter")
	return r, r.Check(l.plan)
}

// Send sends the letters, those for quarantine first, and reports the results.
func (j *RedriveJob) Send(ctx context.Context, result *RedriveReport) error {
	o, r := &j.o, j.redrive
	originals, err := history.New(o.Kafka)
	if err != nil {
		return err
	}
	defer originals.Close()
	restore := newRestorer(originals)
	if r.Quarantine.Len() > 0 {
		if err := o.ensureQuarantine(ctx); err != nil {
			return err
		}
		counts, err := o.copy(ctx, &r.Quarantine, o.Quarantine, asItIs, "put into quarantine")
		result.quarantined(counts)
		if err := ended(ctx, counts, result, err); err != nil {
			return err
		}
	}
	if r.Send.Len() == 0 {
		return nil
	}
	if o.Direct != nil {
		err := o.deliver(ctx, &r.Send, restore.record, result)
		return ended(ctx, CopyCounts{}, result, err)
	}
	counts, err := o.copy(ctx, &r.Send, o.Source, restore.record, "redriven")
	result.sent(counts)
	return ended(ctx, counts, result, err)
}

func (o *RedriveOptions) copy(ctx context.Context, letters *history.Set, to string,
	make func(context.Context, *kgo.Record) (*kgo.Record, error), what string,
) (CopyCounts, error) {
	stop := func() {}
	defer func() { stop() }()
	job := CopyJob{
		Kafka: o.Kafka, From: o.Letters, To: to, Group: o.Group, Protocol: o.Protocol, Letters: letters, Rate: o.Rate, Copy: make, Log: o.Log,
		Announced: func(c *Copier) {
			stop = o.Progress.Watch(ctx, what, letters.Len(), func() int { return c.Counts().Copied })
		},
	}
	return job.Run(ctx)
}

// ended returns the error of a command that did not do everything.
func ended(ctx context.Context, counts CopyCounts, report *RedriveReport, err error) error {
	switch {
	case err != nil:
		return err
	case counts.Failed > 0:
		return fmt.Errorf("%s could not be copied, and %s left; the first: %w", count.Of(counts.Failed, "letter"), count.Is(counts.Failed), counts.Failure)
	case ctx.Err() != nil:
		return fmt.Errorf("stopped with %s left; run it again to go on", count.Of(report.Left, "letter"))
	}
	return nil
}
