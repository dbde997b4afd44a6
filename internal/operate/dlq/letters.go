package dlq

import (
	"context"

	"github.com/tracklayer/amazon-capi/consumer/proof"
	"github.com/tracklayer/amazon-capi/internal/erasure"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/operate/history"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/pipeline"
)

// Letters is a dead-letter topic as it is when a command starts.
type Letters struct {
	reader   *history.Reader
	plan     *history.Plan
	done     *proof.Progress
	progress *report.Progress
	settings kafka.Settings
	topic    string
	erased   *erasure.List // nil for none
}

// Obey has the letters of erased events marked. It reads the list; empty for none.
func (l *Letters) Obey(ctx context.Context, list string) (err error) {
	l.erased, err = erasure.Read(ctx, l.settings, list)
	return err
}

// Open reads where a topic ends, and which of its letters the group has sent through
// again. Close it.
func Open(ctx context.Context, s kafka.Settings, topic, group string, partitions []int32, progress *report.Progress) (*Letters, error) {
	l := &Letters{progress: progress, settings: s, topic: topic}
	var err error
	if l.done, err = pipeline.Settled(ctx, s, group, topic); err != nil {
		return nil, err
	}
	l.reader, l.plan, err = history.Open(ctx, s, history.Range{Topic: topic, Partitions: partitions}, progress)
	if err != nil {
		return nil, err
	}
	return l, nil
}

// Rounds counts how often events were sent through again.
func (l *Letters) Rounds(ctx context.Context) (*Rounds, error) {
	return countRounds(ctx, l.settings, l.topic, l.done, l.progress)
}

// countRounds reads all of a dead-letter topic, since the letters of an event can be
// in several partitions; nothing, if no letter is done.
func countRounds(ctx context.Context, s kafka.Settings, topic string, done *proof.Progress, progress *report.Progress) (*Rounds, error) {
	rounds := NewRounds()
	if !done.Begun() {
		return rounds, nil
	}
	reader, plan, err := history.Open(ctx, s, history.Range{Topic: topic}, progress)
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	return rounds, Scan(ctx, reader, plan, done, func(e *Entry) error { rounds.Add(e); return nil })
}

// Close closes the connections.
func (l *Letters) Close() { l.reader.Close() }

// Each calls f for every letter that the filter chooses, those of a partition in
// order.
func (l *Letters) Each(ctx context.Context, filter *Filter, f func(*Entry) error) error {
	defer l.progress.Done()
	return Scan(ctx, l.reader, l.plan, l.done, func(e *Entry) (err error) {
		if e.Erased, err = l.erased.Erased(e.Letter.EventID); err != nil {
			return err
		}
		if !filter.Match(e) {
			return nil
		}
		return f(e)
	})
}
