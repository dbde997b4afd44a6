package kafka

import (
	"context"
	"fmt"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// ReadAll reads a topic from its start to the end it has when called, without a
// group. A topic that does not exist is an error and not an endless wait.
func ReadAll(ctx context.Context, s Settings, topic string) ([]*kgo.Record, error) {
	opts, err := s.Options(zerolog.Nop())
	if err != nil {
		return nil, err
	}
	asker, err := kgo.NewClient(opts...)
	if err != nil {
		return nil, err
	}
	defer asker.Close()
	admin := kadm.NewClient(asker)
	starts, err := admin.ListStartOffsets(ctx, topic)
	if err == nil {
		err = starts.Error()
	}
	if err != nil {
		return nil, fmt.Errorf("topic %q cannot be read: %w", topic, err)
	}
	ends, err := admin.ListCommittedOffsets(ctx, topic)
	if err == nil {
		err = ends.Error()
	}
	if err != nil {
		return nil, fmt.Errorf("topic %q cannot be read: %w", topic, err)
	}

	from := make(map[int32]kgo.Offset)
	open := make(map[int32]int64) // partitions not read to their end yet
	ends.Each(func(o kadm.ListedOffset) {
		start, _ := starts.Lookup(topic, o.Partition)
		if o.Offset > start.Offset {
			open[o.Partition] = o.Offset
			from[o.Partition] = kgo.NewOffset().At(start.Offset)
		}
	})
	if len(open) == 0 {
		return nil, nil
	}
	reader, err := kgo.NewClient(append(opts,
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: from}),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		// Markers of transactions take offsets, too; without them the end
		// would never be seen.
		kgo.KeepControlRecords())...)
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	var records []*kgo.Record
	for len(open) > 0 {
		fetches := reader.PollFetches(ctx)
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
		if errs := fetches.Errors(); len(errs) > 0 {
			return nil, fmt.Errorf("topic %q, partition %d: %w", topic, errs[0].Partition, errs[0].Err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if r.Offset < open[r.Partition] && !r.Attrs.IsControl() {
				records = append(records, r)
			}
			if r.Offset+1 >= open[r.Partition] {
				delete(open, r.Partition)
			}
		})
	}
	return records, nil
}
