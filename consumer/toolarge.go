package consumer

import (
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
	"github.com/tracklayer/amazon-capi/consumer/flow"
)

// passOver makes partitions continue after batches that are too large to unpack. The
// client fetches nothing of such a partition until it is told to.
type passOver map[string]map[int32]kgo.EpochOffset

// add notes a batch that has been taken.
func (o passOver) add(batch *kgo.ErrDecompressTooLarge) {
	if o[batch.Topic] == nil {
		o[batch.Topic] = make(map[int32]kgo.EpochOffset)
	}
	o[batch.Topic][batch.Partition] = kgo.EpochOffset{Epoch: batch.Epoch, Offset: batch.NextOffset}
}

// tooLarge returns the batch that a fetch failed for, if it can be skipped. An exact job
// cannot be given a stand-in.
func (c *Consumer) tooLarge(err error) *kgo.ErrDecompressTooLarge {
	if c.opts.Job != nil && c.opts.Job.Exact {
		return nil
	}
	batch, ok := errors.AsType[*kgo.ErrDecompressTooLarge](err)
	if !ok || batch.NextOffset <= batch.Offset {
		return nil
	}
	return batch
}

// standIn returns a record for a batch that was not unpacked, in place of its last one.
// It becomes a dead letter that says so, and the group's offset passes it.
func (c *Consumer) standIn(batch *kgo.ErrDecompressTooLarge) *kgo.Record {
	said := fmt.Sprintf("amazon-capi has not read the producer's batch at offsets %d to %d of partition %d: it unpacks to more than %d MiB, or to far more than its own size allows",
		batch.Offset, batch.NextOffset-1, batch.Partition, flow.MaxBatch>>20)
	c.log.Error().Stringer("partition", assignment.Of(batch.Topic, batch.Partition)).
		Int64("from", batch.Offset).Int64("to", batch.NextOffset-1).
		Msg("a producer's batch unpacks to far more than batches are meant to: its records are not read, and one dead letter stands for them")
	return &kgo.Record{
		Topic: batch.Topic, Partition: batch.Partition, Offset: batch.NextOffset - 1, LeaderEpoch: batch.Epoch,
		Timestamp: c.opts.Now(), Value: []byte(said),
	}
}
