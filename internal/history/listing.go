package history

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/tracklayer/amazon-capi/internal/count"
)

// listing is what the brokers say of a topic's offsets.
type listing struct {
	rng         Range
	partitions  []int32 // of the range
	all         []int32 // of the topic
	start, end  kadm.ListedOffsets
	from, to    kadm.ListedOffsets // at the times asked for; nil if there is none
	first, last kadm.ListedOffsets // of the oldest and the newest timestamp; may be nil
	toIsExact   bool
}

func (r *Reader) listOffsets(ctx context.Context, admin *kadm.Client, rng *Range) (l *listing, err error) {
	l = &listing{rng: *rng}
	topics, err := admin.ListTopics(ctx, rng.Topic)
	if err == nil {
		err = topics.Error()
	}
	if err != nil {
		return nil, err
	}
	l.all = topics[rng.Topic].Partitions.Numbers()
	l.partitions = l.all
	for _, p := range rng.Partitions {
		if !slices.Contains(l.partitions, p) {
			return nil, fmt.Errorf("%w: there is no partition %d, it has 0 to %d", ErrBadRange, p, len(l.partitions)-1)
		}
	}
	if len(rng.Partitions) > 0 {
		l.partitions = slices.Compact(slices.Sorted(slices.Values(rng.Partitions)))
	}
	at := func(t time.Time) func(context.Context, ...string) (kadm.ListedOffsets, error) {
		return func(ctx context.Context, topics ...string) (kadm.ListedOffsets, error) {
			return admin.ListOffsetsAfterMilli(ctx, t.UnixMilli(), topics...)
		}
	}
	ask := func(into *kadm.ListedOffsets, list func(context.Context, ...string) (kadm.ListedOffsets, error)) {
		if err != nil {
			return
		}
		if *into, err = list(ctx, rng.Topic); err == nil {
			err = into.Error()
		}
	}
	ask(&l.start, admin.ListStartOffsets)
	// The end of what is committed: a transaction that is open may be aborted.
	ask(&l.end, admin.ListCommittedOffsets)
	if t := rng.From.Time; !t.IsZero() {
		ask(&l.from, at(t))
	}
	if t := rng.To.Time; !t.IsZero() {
		if l.toIsExact = rng.InOrder || r.appendTime(ctx, admin, rng.Topic); l.toIsExact {
			// Brokers count milliseconds: what is of the one that t is in ends it
			// only if t begins it.
			ask(&l.to, at(t.Add(time.Millisecond-1)))
		}
	}
	if err != nil {
		return nil, err
	}
	// For words only; old brokers cannot tell the newest.
	if first, err := at(time.UnixMilli(0))(ctx, rng.Topic); err == nil && first.Error() == nil {
		l.first = first
	}
	if last, err := admin.ListMaxTimestampOffsets(ctx, rng.Topic); err == nil && last.Error() == nil {
		l.last = last
	}
	return l, nil
}

// appendTime reports whether the brokers put the time on records, which then
// cannot be out of order. Who may not ask reads more, and finds the same.
func (r *Reader) appendTime(ctx context.Context, admin *kadm.Client, topic string) bool {
	configs, err := admin.DescribeTopicConfigs(ctx, topic)
	if err != nil {
		return false
	}
	rc, err := configs.On(topic, nil)
	if err != nil {
		return false
	}
	for _, c := range rc.Configs {
		if c.Key == "message.timestamp.type" {
			return c.MaybeValue() == "LogAppendTime"
		}
	}
	return false
}

func (l *listing) plan() (*Plan, error) {
	p := &Plan{Topic: l.rng.Topic, Since: l.rng.From.Time, Until: l.rng.To.Time, asked: l.rng}
	p.oldest, p.newest = l.times(l.all)
	oldest, _ := l.times(l.partitions)
	gone := 0
	for _, n := range l.partitions {
		from, to := l.bounds(n)
		start := l.offset(l.start, n, 0)
		if l.rng.From.IsOffset && from < start {
			if min(to, start) > from {
				p.Notes = append(p.Notes, fmt.Sprintf("partition %d: offsets %d to %d are no longer retained", n, from, min(to, start)-1))
			}
			if from = start; from >= to && l.rng.To.IsOffset {
				gone++
			}
		}
		if from < to {
			p.Spans = append(p.Spans, Span{n, from, to})
		}
	}
	if gone == len(l.partitions) && gone > 0 {
		return nil, l.notRetained(p)
	}
	return p, l.checkTimes(p, oldest)
}

// notRetained is the error of a range of which nothing is left.
func (l *listing) notRetained(p *Plan) error {
	left := "nothing is left of it"
	if !p.oldest.IsZero() {
		left = "the first record left is of " + p.oldest.UTC().Format(time.RFC3339)
	}
	return fmt.Errorf("topic %q %s: %w; %s", p.Topic, l.rng.words(), ErrNotRetained, left)
}

// bounds are the offsets of a partition that the range asks for.
func (l *listing) bounds(partition int32) (from, to int64) {
	from, to = l.offset(l.start, partition, 0), l.offset(l.end, partition, 0)
	switch {
	case l.rng.From.IsOffset:
		from = l.rng.From.Offset
	case l.from != nil:
		from = max(from, l.offset(l.from, partition, to))
	}
	switch {
	case l.rng.To.IsOffset:
		to = min(to, l.rng.To.Offset)
	case l.to != nil:
		to = min(to, l.offset(l.to, partition, to))
	}
	return from, to
}

func (l *listing) offset(in kadm.ListedOffsets, partition int32, otherwise int64) int64 {
	if o, ok := in.Lookup(l.rng.Topic, partition); ok && o.Offset >= 0 {
		return o.Offset
	}
	return otherwise
}

// checkTimes looks at partitions that begin later than the time asked for, and
// have begun earlier: what was between may have been in the range. That all of the
// range was there is certain only if times grow along a partition. Otherwise older
// records may come after the first one, and the plan is in doubt until they are
// looked for. oldest is the time of the oldest record of the range's partitions.
func (l *listing) checkTimes(p *Plan, oldest time.Time) error {
	since, until := l.rng.From.Time, l.rng.To.Time
	if since.IsZero() && until.IsZero() {
		return nil
	}
	var earliest, latest time.Time // of the first records of those partitions
	later, over := 0, 0            // how many begin after since, and after until
	for _, n := range l.partitions {
		first, ok := l.first.Lookup(l.rng.Topic, n)
		if l.offset(l.start, n, 0) == 0 || !ok || first.Timestamp < 0 {
			continue
		}
		at := time.UnixMilli(first.Timestamp).UTC()
		if !until.IsZero() && !until.After(at) {
			over++
		} else if since.IsZero() || !since.Before(at) {
			continue
		}
		later++
		if earliest.IsZero() || at.Before(earliest) {
			earliest = at
		}
		if at.After(latest) {
			latest = at
		}
	}
	if !until.IsZero() && over > 0 && !until.After(oldest) {
		if err := l.notRetained(p); l.toIsExact {
			return err
		} else {
			p.doubt = err
		}
	}
	if later > 0 {
		p.Notes = append(p.Notes, begins(later, len(l.partitions), earliest, latest))
	}
	return nil
}

// begins is the note that partitions begin later than a range.
func begins(later, of int, earliest, latest time.Time) string {
	which := fmt.Sprintf("%d of %s begin", later, count.Of(of, "partition"))
	switch {
	case of == 1:
		which = "it begins"
	case later == of:
		which = "its partitions begin"
	}
	at := earliest.UTC().Format(time.RFC3339)
	if !latest.Equal(earliest) {
		at += " to " + latest.UTC().Format(time.RFC3339)
	}
	return fmt.Sprintf("%s with records of %s: what was before is no longer retained", which, at)
}

// times are those of the oldest and newest records of some partitions.
func (l *listing) times(of []int32) (oldest, newest time.Time) {
	least, most := int64(math.MaxInt64), int64(-1)
	for _, n := range of {
		if o, ok := l.first.Lookup(l.rng.Topic, n); ok && o.Timestamp >= 0 {
			least, most = min(least, o.Timestamp), max(most, o.Timestamp)
		}
		if o, ok := l.last.Lookup(l.rng.Topic, n); ok && o.Timestamp >= 0 {
			most = max(most, o.Timestamp)
		}
	}
	if most < 0 {
		return time.Time{}, time.Time{}
	}
	return time.UnixMilli(least).UTC(), time.UnixMilli(most).UTC()
}
