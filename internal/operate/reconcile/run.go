package reconcile

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/history"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/pipeline"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/schemas/receipt"
	"github.com/tracklayer/amazon-capi/schemas/registry"
	"github.com/tracklayer/amazon-capi/sink/deadletter"
)

// Sources are where events and their verdicts are read from.
type Sources struct {
	Kafka    kafka.Settings
	Registry *registry.Client
	// Range is the range of the source.
	Range history.Range
	// Letters and Receipts are topics.
	Letters, Receipts string
	// Group is the group of run.
	Group string
	// Recently is Verdicts.Recently.
	Recently time.Time
	Progress *report.Progress
}

// Run reads the sources, in an order that matters: what the group had committed before
// the verdicts are read has its verdict among them.
func (s *Sources) Run(ctx context.Context, r *Reconciler) (*history.Plan, *Report, error) {
	defer s.Progress.Done()
	reader, plan, err := history.Open(ctx, s.Kafka, s.Range, s.Progress)
	if err != nil {
		return nil, nil, err
	}
	defer reader.Close()
	live, err := pipeline.Settled(ctx, s.Kafka, s.Group, s.Range.Topic)
	if err != nil {
		return nil, nil, err
	}
	r.Live = live
	if !live.Begun() {
		if err := s.tellNewGroup(ctx); err != nil {
			return nil, nil, err
		}
	}
	r.Verdicts = NewVerdicts(plan)
	r.Verdicts.Recently = s.Recently
	if err := s.readReceipts(ctx, r.Verdicts); err != nil {
		return nil, nil, err
	}
	if err := s.readLetters(ctx, r.Verdicts); err != nil {
		return nil, nil, err
	}
	s.Progress.Restart()
	if err := reader.Read(ctx, plan, func(rec *kgo.Record) error { return r.Record(ctx, rec) }); err != nil {
		return nil, nil, err
	}
	rep, err := r.Finish()
	if err != nil {
		return nil, nil, err
	}
	for _, p := range slices.Sorted(maps.Keys(live.Missed)) {
		rep.Unread = append(rep.Unread, Unread{Partition: p, Records: live.Missed[p], Before: live.Committed(p)})
	}
	return plan, rep, nil
}

// tellNewGroup warns that the group has read nothing of the topic: then nothing is ever
// missing, and everything without a verdict is in flight.
func (s *Sources) tellNewGroup(ctx context.Context) error {
	var others []string
	err := s.Kafka.AskOnce(ctx, func(ctx context.Context, client *kgo.Client) (err error) {
		others, _, err = kafka.Readers(ctx, kadm.NewClient(client), s.Range.Topic, s.Group)
		return err
	})
	if err != nil {
		return err
	}
	hint := ""
	if len(others) > 0 {
		hint = "; others that have: " + kafka.Named(others)
	}
	s.Progress.Say("amazon-capi: group %s has committed nothing of %s (%s), so that nothing counts as missing%s", s.Group, s.Range.Topic, setting.Group, hint)
	return nil
}

// receiptsBefore is how much earlier than the range's records their receipts are
// searched: they are written later, but by another machine's clock.
const receiptsBefore = time.Hour

func (s *Sources) readReceipts(ctx context.Context, v *Verdicts) error {
	r := history.Range{Topic: s.Receipts}
	if t := s.Range.From.Time; !t.IsZero() {
		r.From.Time = t.Add(-receiptsBefore)
	}
	s.Progress.Restart()
	reader, plan, err := history.Open(ctx, s.Kafka, r, s.Progress)
	if err != nil {
		return err
	}
	defer reader.Close()
	receipts := receipt.NewReader(s.Registry)
	return reader.Read(ctx, plan, func(rec *kgo.Record) error {
		read, err := receipts.Parse(ctx, rec.Value)
		switch {
		case errors.Is(err, receipt.ErrNone):
			return nil // written by something else; what it is about has no verdict from it
		case err != nil:
			return err
		}
		v.Receipt(&read)
		return nil
	})
}

func (s *Sources) readLetters(ctx context.Context, v *Verdicts) error {
	s.Progress.Restart()
	reader, plan, err := history.Open(ctx, s.Kafka, history.Range{Topic: s.Letters}, s.Progress)
	if err != nil {
		return err
	}
	defer reader.Close()
	return reader.Read(ctx, plan, func(rec *kgo.Record) error {
		if l, err := deadletter.Parse(rec); err == nil {
			v.Letter(&l)
		}
		return nil
	})
}
