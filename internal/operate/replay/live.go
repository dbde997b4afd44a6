//go:build ignore

package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/operate/history"
	"github.com/tracklayer/amazon-capi/internal/operate/replay"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/redact"
)

// moved is how the offset of one partition of the live group is moved; an object
// of --json.
type moved struct {
	Partition int32 `json:"partition"`
	Was       int64 `json:"was"` // -1 for none
	Now       int64 `json:"now"`
	End       int64 `json:"end"` // of the partition
	DryRun    bool  `json:"dry_run"`
}

// move moves the live group's offsets.
func (f *replayFlags) move(ctx context.Context, p *process) error {
	at, err := f.checkMove()
	if err != nil {
		return err
	}
	settings, err := f.kafka.resolve(p.stderr)
	if err != nil {
		return err
	}
	reader, err := history.New(settings)
	if err != nil {
		return asUsage(err)
	}
	defer reader.Close()
	opts, err := settings.Options(zerolog.Nop())
	if err != nil {
		return asUsage(err)
	}
	client, err := kgo.NewClient(opts...)
	if err != nil {
		return err
	}
	defer client.Close()
	admin := kadm.NewClient(client)

	if err := f.known(ctx, admin); err != nil {
		return err
	}
	rows, err := f.moves(ctx, admin, reader, at)
	if err != nil {
		return err
	}
	if err := f.vacant(ctx, admin); err != nil {
		return err
	}
	f.printMoves(p, rows)
	if !f.act.act {
		return nil
	}
	offsets := make(kadm.Offsets)
	for _, m := range rows {
		offsets.Add(kadm.Offset{Topic: f.topic, Partition: m.Partition, At: m.Now, LeaderEpoch: -1})
	}
	ctx, cancel := context.WithTimeoutCause(ctx, adminTimeout, errBrokersSilent)
	defer cancel()
	// The brokers refuse it as well should a member have joined meanwhile.
	if err := admin.CommitAllOffsets(ctx, f.liveGroup, offsets); err != nil {
		return fmt.Errorf("the offsets of group %q were not moved: %w", f.liveGroup, redact.Wrap(withCause(ctx, err)))
	}
	if !f.json {
		fmt.Fprintf(p.stdout, "The offsets of group %s were moved.\n", f.liveGroup)
	}
	return nil
}

// checkMove refuses what a move cannot heed.
func (f *replayFlags) checkMove() (at history.Position, err error) {
	switch {
	case f.span.from == "":
		return at, usagef("--live-group: --from says where the group goes on; it is not set")
	case f.span.to != "" || f.events.any():
		return at, usagef("--live-group: the group delivers everything from --from on; it goes with neither --to nor --profile, --event-name or --event-id")
	case f.liveGroup == "" || f.topic == "":
		return at, usagef("--group and --topic: both are needed")
	}
	at, err = history.ParsePosition(f.span.from, time.Now())
	if err != nil {
		return at, usagef("--from: %w", err)
	}
	return at, nil
}

// moves are what would be moved from where to where.
func (f *replayFlags) moves(ctx context.Context, admin *kadm.Client, reader *history.Reader, at history.Position) (rows []moved, err error) {
	to, err := reader.Offsets(ctx, f.topic, at, f.span.partitions...)
	if errors.Is(err, history.ErrBadRange) {
		err = asUsage(err)
	}
	if err != nil {
		return nil, err
	}
	ends, err := reader.Offsets(ctx, f.topic, history.Position{IsOffset: true, Offset: 1<<63 - 1}, f.span.partitions...)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, adminTimeout, errBrokersSilent)
	defer cancel()
	was, err := admin.FetchOffsets(ctx, f.liveGroup)
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
		return nil, fmt.Errorf("the offsets of group %q cannot be read: %w", f.liveGroup, redact.Wrap(withCause(ctx, err)))
	}
	for _, partition := range slices.Sorted(maps.Keys(to)) {
		m := moved{Partition: partition, Was: -1, Now: to[partition], End: ends[partition], DryRun: !f.act.act}
		if o, ok := was.Lookup(f.topic, partition); ok && o.Err == nil {
			m.Was = o.At
		}
		rows = append(rows, m)
	}
	return rows, nil
}

// known refuses a group that has read nothing of a topic which others have read: it
// is misspelt, and the group that was meant would stay where it is.
func (f *replayFlags) known(ctx context.Context, admin *kadm.Client) error {
	ctx, cancel := context.WithTimeoutCause(ctx, adminTimeout, errBrokersSilent)
	defer cancel()
	others, known, err := kafka.Readers(ctx, admin, f.topic, f.liveGroup)
	if err != nil {
		return withCause(ctx, err)
	}
	if !known && len(others) > 0 {
		return usagef("--group: group %q has no offsets of topic %q to move; want one that has: %s", f.liveGroup, f.topic, kafka.Named(others))
	}
	return nil
}

// vacant refuses a group that has members: they would go on from where they are,
// and commit over what was moved.
func (f *replayFlags) vacant(ctx context.Context, admin *kadm.Client) error {
	ctx, cancel := context.WithTimeoutCause(ctx, adminTimeout, errBrokersSilent)
	defer cancel()
	n, err := replay.Members(ctx, admin, f.liveGroup)
	if err != nil {
		return withCause(ctx, err)
	}
	if n > 0 {
		return fmt.Errorf("group %q has %s: stop them first, or replay without --live-group, which leaves the group alone", f.liveGroup, count.Of(n, "member"))
	}
	return nil
}

func (f *replayFlags) printMoves(p *process, rows []moved) {
	if f.json {
		for _, m := range rows {
			_ = printJSON(p.stdout, m) // a pipe that is closed must not keep the move from being made
		}
		return
	}
	var cells [][]string
	var again, skipped int64
	for _, m := range rows {
		was := "–"
		if m.Was >= 0 {
			was = strconv.FormatInt(m.Was, 10)
			again, skipped = again+max(m.Was-m.Now, 0), skipped+max(m.Now-m.Was, 0)
		}
		cells = append(cells, []string{strconv.Itoa(int(m.Partition)), was, strconv.FormatInt(m.Now, 10), strconv.FormatInt(m.End, 10), strconv.FormatInt(m.End-m.Now, 10)})
	}
	report.Table(p.stdout, []string{"partition", "was at", "goes to", "end", "to deliver"}, cells, nil, 0, 1, 2, 3, 4)
	fmt.Fprintf(p.stdout, "\nGroup %s, topic %s: %s %s delivered again, %d passed over.\n", f.liveGroup, f.topic, count.Of(again, "record"), count.Is(again), skipped)
	if !f.act.act {
		fmt.Fprintln(p.stdout, "This was a dry run: nothing was moved. --go moves them.")
	}
}
