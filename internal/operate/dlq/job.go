//go:build ignore

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/operate/dlq"
	"github.com/tracklayer/amazon-capi/internal/operate/history"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
)

const dlqRedriveLong = `Send dead letters through again, once what was wrong with them is mended. Without
--go it only tells what it would do.

A letter goes back to the source topic as the record that it was made of: the same
key, bytes, timestamp, partition and headers, and one header that counts redrives.
What runs on the topic delivers it. With --direct it is delivered by this command,
with the mapping and account that its flags give, and nothing is written to the
source; what fails becomes a dead letter again.

The letters are those that are there at the start, and that were not sent through
before. A letter is done when its copy is acknowledged by the brokers, or with
--direct when it has its verdict; --redrive-group remembers it, whichever filters
were given. So it can be stopped at any time, and started again. An event that
comes back after --max-redrives goes to --quarantine-topic instead, letter and all.

Letters that name another source than --topic, and records that are no dead
letters, stay where they are.`

type redriveFlags struct {
	lettersFlags
	delivery    deliveryFlags
	log         logFlags
	source      string
	quarantine  string
	maxRedrives int
	rate        float64
	act         goFlag
	direct      bool
}

func newDLQRedrive(p *process) *cobra.Command {
	var f redriveFlags
	cmd := &cobra.Command{
		Use:   "redrive",
		Short: "Send dead letters through again; a dry run without --go",
		Long:  dlqRedriveLong,
		Example: `  amazon-capi dlq redrive --brokers localhost:9092 --status 422 --field userInfo
  amazon-capi dlq redrive --class validation --until -1h --rate 200 --go`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), p) },
	}
	flags := cmd.Flags()
	f.lettersFlags.register(flags)
	f.delivery.register(flags)
	f.log.register(flags, "console")
	quietly(flags, &f.log)
	flags.StringVar(&f.source, "topic", defaultTopic, "source topic, which the letters go back to")
	flags.StringVar(&f.quarantine, "quarantine-topic", "", "topic for letters beyond --max-redrives, made if it is missing (default the dead-letter topic's name and .quarantine)")
	flags.IntVar(&f.maxRedrives, "max-redrives", 3, "how often an event is sent through again before it goes into quarantine")
	flags.Float64Var(&f.rate, "rate", 0, "letters a second (0: as fast as it goes)")
	f.act.register(flags, "write the letters back, or with --direct deliver them")
	flags.BoolVar(&f.direct, "direct", false, "deliver the letters to Amazon from here instead of writing them to the source")
	return cmd
}

// redriveReport is the output of --json. What was not sent is open still.
type redriveReport struct {
	DryRun     bool `json:"dry_run"`
	Direct     bool `json:"direct"`
	Open       int  `json:"open"` // letters at the start
	Send       int  `json:"to_send"`
	Quarantine int  `json:"to_quarantine"`
	// Letters that stay, by why.
	NotMeant   int `json:"not_meant"`
	OtherTopic int `json:"of_other_topics"`
	NoLetter   int `json:"no_letters"`
	Lost       int `json:"originals_gone"`
	DoneBefore int `json:"done_before"`

	Sent        int `json:"sent"`
	Quarantined int `json:"quarantined"`
	Retimed     int `json:"with_new_record_time,omitempty"`
	Failed      int `json:"failed"`
	// What became of them, with --direct.
	Accepted     int `json:"accepted,omitempty"`
	DeadLettered int `json:"dead_lettered,omitempty"`
	Filtered     int `json:"filtered,omitempty"`
	Left         int `json:"left"` // of those to send or to quarantine

	Groups []dlq.Group `json:"reasons"` // of the letters to send
}

func (f *redriveFlags) run(ctx context.Context, p *process) error {
	if f.quarantine == "" {
		f.quarantine = f.topic + ".quarantine"
	}
	if err := f.check(); err != nil {
		return err
	}
	log, err := f.log.logger(p)
	if err != nil {
		return err
	}
	settings, err := f.lettersFlags.resolve(p, time.Now())
	if err != nil {
		return err
	}
	// Mistakes in what --direct needs are told before the topic is read.
	deliver, err := f.deliverer(settings, p, log)
	if err != nil {
		return err
	}
	redrive, err := f.decide(ctx, p)
	if err != nil {
		return err
	}
	result := newRedriveReport(redrive, f)
	if !f.json {
		result.printPlan(p.stdout, f)
	}
	if f.act.act && result.Left > 0 {
		err = f.do(ctx, settings, log, redrive, deliver, report.NewTerminalProgress(p.stderr), result)
	}
	if f.json {
		return errors.Join(printJSON(p.stdout, result), err)
	}
	result.printResult(p.stdout, f)
	return err
}

func (f *redriveFlags) check() error {
	if err := f.act.check(); err != nil {
		return err
	}
	switch {
	case f.source == "" || f.topic == "":
		return usagef("--topic and --dead-letter-topic: both are needed")
	case f.source == f.topic || f.quarantine == f.topic || f.quarantine == f.source:
		return usagef("--topic, --dead-letter-topic and --quarantine-topic: want three different topics, got %q, %q and %q", f.source, f.topic, f.quarantine)
	case f.group == "":
		return usagef("--redrive-group: it has no name; without one nothing would remember which letters are done")
	case f.maxRedrives < 1:
		return usagef("--max-redrives: %d is too few, want 1 or more", f.maxRedrives)
	case f.rate < 0:
		return usagef("--rate: %g is no rate, want 0 or more", f.rate)
	}
	return nil
}

// decide reads the dead-letter topic and says which letters go through again.
func (f *redriveFlags) decide(ctx context.Context, p *process) (*dlq.Redrive, error) {
	l, err := f.open(ctx, p)
	if err != nil {
		return nil, err
	}
	rounds, err := l.rounds(ctx)
	if err != nil {
		l.reader.Close()
		return nil, err
	}
	r := &dlq.Redrive{Filter: f.filter, Topic: f.source, MaxRedrives: f.maxRedrives, Rounds: rounds, Originals: l.reader}
	if err := l.each(ctx, &dlq.Filter{}, func(e *dlq.Entry) error { return r.Add(ctx, e) }); err != nil {
		return nil, err
	}
	return r, r.Check(l.plan)
}

// do sends the letters, those for quarantine first.
func (f *redriveFlags) do(ctx context.Context, s kafka.Settings, log zerolog.Logger, r *dlq.Redrive, deliver *deliverer, progress *report.Progress, result *redriveReport) error {
	originals, err := history.New(s)
	if err != nil {
		return err
	}
	defer originals.Close()
	restore := newRestorer(originals)
	if r.Quarantine.Len() > 0 {
		if err := ensureTopic(ctx, s, f.topic, f.quarantine); err != nil {
			return err
		}
		counts, err := f.copy(ctx, s, log, &r.Quarantine, f.quarantine, asItIs, progress, "put into quarantine")
		result.quarantined(counts)
		if err := f.ended(ctx, counts, result, err); err != nil {
			return err
		}
	}
	if r.Send.Len() == 0 {
		return nil
	}
	if f.direct {
		err := deliver.run(ctx, f.topic, f.group, &r.Send, f.rate, restore.record, progress, result)
		return f.ended(ctx, dlq.CopyCounts{}, result, err)
	}
	counts, err := f.copy(ctx, s, log, &r.Send, f.source, restore.record, progress, "redriven")
	result.sent(counts)
	return f.ended(ctx, counts, result, err)
}

func (f *redriveFlags) copy(ctx context.Context, s kafka.Settings, log zerolog.Logger, letters *history.Set, to string,
	make func(context.Context, *kgo.Record) (*kgo.Record, error), progress *report.Progress, what string,
) (dlq.CopyCounts, error) {
	stop := func() {}
	defer func() { stop() }()
	job := dlq.CopyJob{
		Kafka: s, From: f.topic, To: to, Group: f.group, Letters: letters, Rate: f.rate, Copy: make, Log: log,
		Announced: func(c *dlq.Copier) {
			stop = watch(ctx, progress, what, letters.Len(), func() int { return c.Counts().Copied })
		},
	}
	return job.Run(ctx)
}

// ended says what a command that did not do everything ends with.
func (f *redriveFlags) ended(ctx context.Context, counts dlq.CopyCounts, report *redriveReport, err error) error {
	switch {
	case err != nil:
		return err
	case counts.Failed > 0:
		return fmt.Errorf("%d letters could not be copied and stay; the first: %w", counts.Failed, counts.Failure)
	case ctx.Err() != nil:
		return fmt.Errorf("stopped with %s left; run it again to go on", count.Of(report.Left, "letter"))
	}
	return nil
}

func newRedriveReport(r *dlq.Redrive, f *redriveFlags) *redriveReport {
	report := &redriveReport{
		DryRun: !f.act.act, Direct: f.direct, Send: r.Send.Len(), Quarantine: r.Quarantine.Len(),
		NotMeant: r.NotMeant, OtherTopic: r.OtherTopic, NoLetter: r.NoLetter, Lost: r.Lost, DoneBefore: r.Done,
		Groups: r.Sending.Reasons(), Left: r.Send.Len() + r.Quarantine.Len(),
	}
	report.Open = report.Left + r.NotMeant + r.OtherTopic + r.NoLetter + r.Lost
	return report
}

func (r *redriveReport) sent(c dlq.CopyCounts) {
	r.Sent += c.Copied
	r.Retimed += c.Retimed
	r.Failed += c.Failed
	r.Left -= c.Copied
}

func (r *redriveReport) quarantined(c dlq.CopyCounts) {
	r.Quarantined += c.Copied
	r.Failed += c.Failed
	r.Left -= c.Copied
}

func (r *redriveReport) printPlan(w io.Writer, f *redriveFlags) {
	if len(r.Groups) > 0 {
		var rows [][]string
		for _, g := range r.Groups {
			rows = append(rows, []string{g.Class, orDash(g.Status), g.Code, g.Field, strconv.Itoa(g.Letters), strconv.Itoa(g.Profiles), shortTime(g.Oldest), shortTime(g.Newest)})
		}
		report.Table(w, []string{"class", "status", "code", "field", "letters", "profiles", "oldest", "newest"}, rows,
			[]string{"to send", "", "", "", strconv.Itoa(r.Send), "", "", ""}, 1, 4, 5)
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "%s: %d to send through again, %d to quarantine (after %s), %d stay", count.Of(r.Open, "open letter"), r.Send, r.Quarantine, count.Of(f.maxRedrives, "redrive"),
		r.NotMeant+r.OtherTopic+r.NoLetter+r.Lost)
	for _, why := range []struct {
		n    int
		what string
	}{{r.NotMeant, "not meant by the filters"}, {r.OtherTopic, "of other topics"}, {r.NoLetter, "no dead letters"}, {r.Lost, "without their originals, which are gone"}} {
		if why.n > 0 {
			fmt.Fprintf(w, "; %d %s", why.n, why.what)
		}
	}
	fmt.Fprintf(w, ".\n%s %s done before.\n", count.Of(r.DoneBefore, "letter"), count.Was(r.DoneBefore))
	if f.rate > 0 && r.Left > 0 {
		fmt.Fprintf(w, "At %g a second it takes %s.\n", f.rate, time.Duration(float64(r.Left)/f.rate*float64(time.Second)).Round(time.Second))
	}
	switch {
	case r.Left == 0:
		fmt.Fprintln(w, "There is nothing to redrive.")
	case r.DryRun:
		fmt.Fprintln(w, "This was a dry run; --go does it.")
	}
}

func (r *redriveReport) printResult(w io.Writer, f *redriveFlags) {
	if r.DryRun || r.Send+r.Quarantine == 0 {
		return
	}
	if r.Direct {
		fmt.Fprintf(w, "delivered %d = accepted %d + dead-lettered again %d + filtered %d", r.Sent, r.Accepted, r.DeadLettered, r.Filtered)
	} else {
		fmt.Fprintf(w, "sent %d to %s", r.Sent, f.source)
	}
	if r.Retimed > 0 {
		fmt.Fprintf(w, " (%d with a new record time, because the topic refuses the original's; events keep their own)", r.Retimed)
	}
	if r.Quarantine > 0 {
		fmt.Fprintf(w, ", quarantined %d in %s", r.Quarantined, f.quarantine)
	}
	if r.Failed > 0 {
		fmt.Fprintf(w, ", failed %d", r.Failed)
	}
	fmt.Fprintf(w, ", left %d of %d.\n", r.Left, r.Send+r.Quarantine)
}
