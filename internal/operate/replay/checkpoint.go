package replay

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/tracklayer/amazon-capi/internal/history"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/redact"
)

// Checkpoint is a replay that has begun. Its progress is in the offsets of its group, as
// for any consumer; its end and its request are in those of a second group. Both are
// visible to Kafka's own tools, and the machine that happens to run the replay needs to keep
// nothing.
type Checkpoint struct {
	Group string
	Topic string
	// Spans are what was to be read, by partition.
	Spans []history.Span
	// Since and Until bound the records' timestamps; zero is unbounded.
	Since, Until time.Time
	// Asked identifies a set of choices.
	Asked string
}

// endsGroup is the group that stores where a replay ends.
func endsGroup(group string) string { return group + ".ends" }

// note is the metadata of the ends' offsets.
type note struct {
	Version int    `json:"v"`
	From    int64  `json:"from"`
	Since   int64  `json:"since,omitempty"` // Unix ms
	Until   int64  `json:"until,omitempty"`
	Asked   string `json:"asked"`
}

// ErrForeign means that a group has offsets of something else.
var ErrForeign = errors.New("it has offsets that are not a replay's")

// Load reads a replay's checkpoint; nil if it has not begun.
func Load(ctx context.Context, admin *kadm.Client, group, topic string) (*Checkpoint, error) {
	own, err := fetch(ctx, admin, group, topic)
	if err != nil {
		return nil, err
	}
	ends, err := fetch(ctx, admin, endsGroup(group), topic)
	if err != nil {
		return nil, err
	}
	if len(ends) == 0 {
		if len(own) > 0 {
			return nil, fmt.Errorf("group %q: %w", group, ErrForeign)
		}
		return nil, nil
	}
	c := &Checkpoint{Group: group, Topic: topic}
	for partition, o := range ends {
		var n note
		if json.Unmarshal([]byte(o.Metadata), &n) != nil || n.Version != 1 {
			return nil, fmt.Errorf("group %q: %w", endsGroup(group), ErrForeign)
		}
		c.Spans = append(c.Spans, history.Span{Partition: partition, From: n.From, To: o.At})
		c.Since, c.Until, c.Asked = timeOf(n.Since), timeOf(n.Until), n.Asked
	}
	slices.SortFunc(c.Spans, func(a, b history.Span) int { return cmp.Compare(a.Partition, b.Partition) })
	return c, nil
}

// Plan returns what the replay reads. Records that were deleted since are left out, and
// named in the plan's notes.
func (c *Checkpoint) Plan(starts map[int32]int64) *history.Plan {
	p := &history.Plan{Topic: c.Topic, Since: c.Since, Until: c.Until}
	for _, s := range c.Spans {
		if start := starts[s.Partition]; s.From < start {
			p.Notes = append(p.Notes, fmt.Sprintf("partition %d: offsets %d to %d are no longer retained", s.Partition, s.From, min(start, s.To)-1))
			s.From = start
		}
		if s.From < s.To {
			p.Spans = append(p.Spans, s)
		}
	}
	return p
}

func timeOf(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fetch(ctx context.Context, admin *kadm.Client, group, topic string) (map[int32]kadm.OffsetResponse, error) {
	offsets, err := admin.FetchOffsets(ctx, group)
	if errors.Is(err, kerr.GroupIDNotFound) {
		return nil, nil
	}
	if err == nil {
		err = offsets.Error()
	}
	if err != nil {
		return nil, fmt.Errorf("the offsets of group %q cannot be read: %w", group, redact.Wrap(err))
	}
	all := make(map[int32]kadm.OffsetResponse)
	for partition, o := range offsets[topic] {
		if o.At >= 0 {
			all[partition] = o
		}
	}
	return all, nil
}

// Begin writes the checkpoint, and where each partition begins: the ends first, so that a
// group with offsets is always recognisable as a replay's.
func (c *Checkpoint) Begin(ctx context.Context, admin *kadm.Client, first func(partition int32) (int64, bool)) error {
	ends, starts := make(kadm.Offsets), make(kadm.Offsets)
	for _, s := range c.Spans {
		text, err := json.Marshal(note{1, s.From, millis(c.Since), millis(c.Until), c.Asked})
		if err != nil {
			return err
		}
		ends.Add(kadm.Offset{Topic: c.Topic, Partition: s.Partition, At: s.To, LeaderEpoch: -1, Metadata: string(text)})
		from, ok := first(s.Partition)
		if !ok {
			from = s.To // nothing of it is sent
		}
		starts.Add(kadm.Offset{Topic: c.Topic, Partition: s.Partition, At: from, LeaderEpoch: -1})
	}
	for _, commit := range []struct {
		group   string
		offsets kadm.Offsets
	}{{endsGroup(c.Group), ends}, {c.Group, starts}} {
		if err := admin.CommitAllOffsets(ctx, commit.group, commit.offsets); err != nil {
			return fmt.Errorf("the offsets of group %q cannot be written: %w", commit.group, redact.Wrap(err))
		}
	}
	return nil
}

// Forget deletes a replay's groups, so that it can begin again.
func Forget(ctx context.Context, admin *kadm.Client, group string) error {
	answers, err := admin.DeleteGroups(ctx, group, endsGroup(group))
	if err != nil {
		return err
	}
	for _, a := range answers {
		if a.Err != nil && !errors.Is(a.Err, kerr.GroupIDNotFound) {
			return fmt.Errorf("group %q cannot be deleted: %w", a.Group, redact.Wrap(a.Err))
		}
	}
	return nil
}

// Members returns how many members a group has now, in either protocol.
func Members(ctx context.Context, admin *kadm.Client, group string) (int, error) {
	g, err := describe(ctx, admin, group)
	return g.Members, err
}

func describe(ctx context.Context, admin *kadm.Client, group string) (kafka.Group, error) {
	g, err := kafka.DescribeGroup(ctx, admin, group)
	if err != nil {
		return g, fmt.Errorf("group %q cannot be described: %w", group, redact.Wrap(err))
	}
	return g, nil
}
