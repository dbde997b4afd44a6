package history

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// errGone means that the rest of the range no longer exists.
var errGone = errors.New("it went away while it was read")

func retained(err error) error {
	if errors.Is(err, kerr.OffsetOutOfRange) {
		return fmt.Errorf("%w: records were deleted while they were read; run it again to read what is left", ErrNotRetained)
	}
	return err
}

// probe asks the leaders of partitions that are not read to their end whether anything is
// left. Offsets have holes where records were compacted away or a transaction was
// aborted; if a range ends in a hole, no record ever shows that the end is reached, and
// waiting for one would never end. The client skips such holes silently, so probe makes
// the client's request and examines the answer.
func (r *Reader) probe(ctx context.Context, run *reading) error {
	ctx, cancel := context.WithTimeout(ctx, min(askTimeout, r.patience))
	defer cancel()
	topics, err := kadm.NewClient(r.client).ListTopics(ctx, run.plan.Topic)
	if err != nil {
		return err
	}
	topic := topics[run.plan.Topic]
	if errors.Is(topic.Err, kerr.UnknownTopicOrPartition) || errors.Is(topic.Err, kerr.UnknownTopicID) {
		return fmt.Errorf("%w: %w", errGone, topic.Err)
	}
	if topic.Err != nil {
		return topic.Err
	}
	for partition, span := range run.open {
		detail, ok := topic.Partitions[partition]
		if !ok || detail.Err != nil {
			return fmt.Errorf("partition %d has no leader", partition)
		}
		for span.From < span.To {
			next, found, err := r.look(ctx, topic.ID, run.plan.Topic, detail, span)
			if err != nil {
				return fmt.Errorf("partition %d: %w", partition, err)
			}
			if found {
				break // it is on its way to the client
			}
			span.From = next
		}
		// Only a hole that reaches to the end is skipped here: anything before the end is
		// the client's to read.
		if span.From >= span.To {
			run.reached(partition, span.To)
		}
	}
	return nil
}

const lookBytes = 1 << 20

// look reads a little at an offset. It returns the offset after what it saw, and whether
// it saw records of the span.
func (r *Reader) look(ctx context.Context, id kadm.TopicID, topic string, at kadm.PartitionDetail, s Span) (next int64, found bool, err error) {
	req := kmsg.NewPtrFetchRequest()
	req.MaxWaitMillis, req.MinBytes, req.MaxBytes, req.IsolationLevel = 100, 1, lookBytes, 1
	req.SessionEpoch = -1
	t := kmsg.NewFetchRequestTopic()
	t.Topic, t.TopicID = topic, id
	p := kmsg.NewFetchRequestTopicPartition()
	p.Partition, p.FetchOffset, p.PartitionMaxBytes, p.CurrentLeaderEpoch = s.Partition, s.From, lookBytes, -1
	t.Partitions = append(t.Partitions, p)
	req.Topics = append(req.Topics, t)
	answer, err := r.client.Broker(int(at.Leader)).RetriableRequest(ctx, req)
	if err != nil {
		return 0, false, err
	}
	resp := answer.(*kmsg.FetchResponse)
	if err := kerr.ErrorForCode(resp.ErrorCode); err != nil {
		return 0, false, err
	}
	if len(resp.Topics) != 1 || len(resp.Topics[0].Partitions) != 1 {
		return 0, false, errors.New("the answer to a fetch is not about what was asked")
	}
	got := &resp.Topics[0].Partitions[0]
	if err := kerr.ErrorForCode(got.ErrorCode); err != nil {
		return 0, false, retained(err)
	}
	fetch, next := kgo.ProcessFetchPartition(kgo.ProcessFetchPartitionOpts{
		KeepControlRecords: true, Offset: s.From, IsolationLevel: kgo.ReadCommitted(), Topic: topic, Partition: s.Partition,
	}, got, kgo.DefaultDecompressor(), nil)
	if fetch.Err != nil {
		return 0, false, fetch.Err
	}
	for _, rec := range fetch.Records {
		if rec.Offset < s.To {
			return next, true, nil
		}
	}
	switch {
	case len(fetch.Records) > 0 || next > s.From:
		return max(next, s.From+1), false, nil
	case len(got.RecordBatches) == 0 && got.LastStableOffset >= s.To && resp.ThrottleMillis == 0:
		// There was room and time for an answer, and it is empty.
		return s.To, false, nil
	}
	return 0, false, errors.New("the brokers have nothing to give just now")
}
