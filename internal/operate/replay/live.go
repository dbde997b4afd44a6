package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/history"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
)

// Move moves the offsets of a live group, so that it delivers everything from a position
// on again.
type Move struct {
	Kafka      kafka.Settings
	Topic      string
	Group      string
	To         history.Position
	Partitions []int32 // all if there are none
	// Go moves the offsets; without it the move is only planned.
	Go bool

	client *kgo.Client
	admin  *kadm.Client
}

// Moved is the move of the offset of one partition of the live group; its JSON is an
// output of the command line.
type Moved struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Was       int64  `json:"was"` // -1 for none
	Now       int64  `json:"now"`
	End       int64  `json:"end"` // of the partition
	DryRun    bool   `json:"dry_run"`
}

// Plan returns what would be moved. It refuses a group that is unknown or has members.
func (m *Move) Plan(ctx context.Context) ([]Moved, error) {
	if m.Group == "" || m.Topic == "" {
		return nil, setting.Mistakef("%s and %s: both are needed", setting.Group, setting.Topic)
	}
	reader, err := history.New(m.Kafka)
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	if m.client, err = m.Kafka.Connect(); err != nil {
		return nil, err
	}
	m.admin = kadm.NewClient(m.client)
	if err := m.known(ctx); err != nil {
		return nil, err
	}
	rows, err := m.moves(ctx, reader)
	if err != nil {
		return nil, err
	}
	return rows, m.vacant(ctx)
}

// Close closes the connections of Plan.
func (m *Move) Close() {
	if m.client != nil {
		m.client.Close()
	}
}

// Commit moves the offsets as planned, also those of other topics of the group. The brokers
// refuse it as well if a member has joined meanwhile.
func (m *Move) Commit(ctx context.Context, rows []Moved) error {
	offsets := make(kadm.Offsets)
	for _, r := range rows {
		offsets.Add(kadm.Offset{Topic: r.Topic, Partition: r.Partition, At: r.Now, LeaderEpoch: -1})
	}
	if err := kafka.Ask(ctx, func(ctx context.Context) error { return m.admin.CommitAllOffsets(ctx, m.Group, offsets) }); err != nil {
		return fmt.Errorf("the offsets of group %q were not moved: %w", m.Group, redact.Wrap(err))
	}
	return nil
}

// moves returns the moves of the partitions.
func (m *Move) moves(ctx context.Context, reader *history.Reader) (rows []Moved, err error) {
	to, err := reader.Offsets(ctx, m.Topic, m.To, m.Partitions...)
	if err != nil {
		return nil, err
	}
	ends, err := reader.Offsets(ctx, m.Topic, history.Position{IsOffset: true, Offset: 1<<63 - 1}, m.Partitions...)
	if err != nil {
		return nil, err
	}
	var was kadm.OffsetResponses
	err = kafka.Ask(ctx, func(ctx context.Context) (err error) {
		was, err = m.admin.FetchOffsets(ctx, m.Group)
		return err
	})
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
		return nil, fmt.Errorf("the offsets of group %q cannot be read: %w", m.Group, redact.Wrap(err))
	}
	for _, partition := range slices.Sorted(maps.Keys(to)) {
		row := Moved{Topic: m.Topic, Partition: partition, Was: -1, Now: to[partition], End: ends[partition], DryRun: !m.Go}
		if o, ok := was.Lookup(m.Topic, partition); ok && o.Err == nil {
			row.Was = o.At
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// known refuses a group that has read nothing of a topic which other groups have read: it
// is misspelt, and the intended group would stay where it is.
func (m *Move) known(ctx context.Context) error {
	return kafka.Ask(ctx, func(ctx context.Context) error {
		others, known, err := kafka.Readers(ctx, m.admin, m.Topic, m.Group)
		if err == nil && !known && len(others) > 0 {
			err = setting.Group.Mistakef("group %q has no offsets of topic %q to move; want one that has: %s", m.Group, m.Topic, kafka.Named(others))
		}
		return err
	})
}

// vacant refuses a group with members: they would continue from where they are, and
// overwrite the moved offsets.
func (m *Move) vacant(ctx context.Context) error {
	return kafka.Ask(ctx, func(ctx context.Context) error {
		n, err := Members(ctx, m.admin, m.Group)
		if err == nil && n > 0 {
			err = fmt.Errorf("group %q has %s: stop them first, or replay without %s, which leaves the group alone", m.Group, count.Of(n, "member"), setting.LiveGroup)
		}
		return err
	})
}

// Print prints the moves, for people.
func (m *Move) Print(w io.Writer, rows []Moved) {
	var cells [][]string
	var again, skipped int64
	for _, r := range rows {
		was := "–"
		if r.Was >= 0 {
			was = strconv.FormatInt(r.Was, 10)
			again, skipped = again+max(r.Was-r.Now, 0), skipped+max(r.Now-r.Was, 0)
		}
		cells = append(cells, []string{strconv.Itoa(int(r.Partition)), was, strconv.FormatInt(r.Now, 10), strconv.FormatInt(r.End, 10), strconv.FormatInt(r.End-r.Now, 10)})
	}
	report.Table(w, []string{"partition", "was at", "goes to", "end", "to deliver"}, cells, nil, 0, 1, 2, 3, 4)
	fmt.Fprintf(w, "\nGroup %s, topic %s: %s %s delivered again, %d skipped.\n", m.Group, m.Topic, count.Of(again, "record"), count.Is(again), skipped)
	if !m.Go {
		fmt.Fprintf(w, "This was a dry run: nothing was moved. %s moves them.\n", setting.Go)
	}
}
