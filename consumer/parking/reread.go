package parking

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
	"github.com/tracklayer/amazon-capi/consumer/flow"
	"github.com/tracklayer/amazon-capi/internal/health"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/wait"
)

const (
	// rereadEvery is how often lanes are asked whether they want their parked
	// records.
	rereadEvery = 250 * time.Millisecond
	// rereadPatience is how long a reading may bring nothing before it is looked
	// into.
	rereadPatience = 5 * time.Second
	// farAhead is how many records are rather read than left out by a new fetch, which
	// gives up what the client has fetched ahead.
	farAhead = 20_000
	// rereadBytes bounds what one partition, and one broker, answers at a time.
	rereadBytes = 4 << 20
)

// Reader reads parked records again, with a client of its own: the group's
// goes on with what is new. It reads nothing but from the oldest record that is
// wanted to the last, and keeps no more than what is wanted.
type Reader struct {
	Lots      *Lots
	Lanes     Room         // whose records they are
	Opts      []kgo.Opt    // of the client
	Made      func() int64 // how often the topic has been made
	Doubtful  func() bool  // whether other records may be in the place of those that were parked
	AtOnce    int          // records at most that are read in one turn
	Condition *health.Condition
	Now       func() time.Time

	Source func(context.Context, *Wanted) error // where records are read from; Kafka if it is nil

	client *kgo.Client
	of     int64 // how often the topic had been made when the client began
}

// Run reads what is wanted until ctx is done.
func (r *Reader) Run(ctx context.Context) {
	if r.Lots.most == 0 {
		return
	}
	defer r.close()
	for {
		select {
		case <-r.Lots.news:
		case <-ctx.Done():
			return
		}
		for r.Lots.Count() > 0 {
			if !r.Turn(ctx) && !wait.For(ctx, rereadEvery) {
				return
			}
		}
		// With nothing parked there is no reason to keep connections.
		r.close()
	}
}

// Turn reads what lanes want at present. It returns false when there was
// nothing to do or nothing could be done, and the next turn should wait.
func (r *Reader) Turn(ctx context.Context) (more bool) {
	// The lanes are bounded by what they can use, but there may be thousands. The
	// poll loop makes room only while it wants some, which without new records it
	// does not.
	if r.Lots.window.Over(5, 4) && !r.Lots.Relieve(r.Lanes) {
		return false
	}
	if r.Doubtful() {
		return false // whether these are the records that were parked is being looked at
	}
	errands := r.Lots.take(r.Lanes.Wants, r.Now(), r.AtOnce)
	if len(errands) == 0 {
		return false
	}
	w := newWanted(r.Lots, errands)
	source := r.Source
	if source == nil {
		source = r.read
	}
	err := source(ctx, w)
	for i, e := range errands {
		r.Lots.done(e, w.left(i))
	}
	switch {
	case err == nil:
		r.Condition.OK()
	case ctx.Err() == nil:
		r.Condition.Fail(fmt.Sprintf("records that were put off cannot be read again: %s", redact.Error(err)))
	}
	return err == nil
}

// read reads until nothing of w is left, or fails.
func (r *Reader) read(ctx context.Context, w *Wanted) error {
	if w.giveUpOrphans(); len(w.partitions) == 0 {
		return nil
	}
	if made := r.Made(); made != r.of {
		r.close() // the client would ask for the topic that was deleted, for ever
		r.of = made
	}
	if err := r.open(); err != nil {
		return err
	}
	from := make(map[string]map[int32]kgo.Offset)
	for tp, wants := range w.partitions {
		if from[tp.Topic] == nil {
			from[tp.Topic] = make(map[int32]kgo.Offset)
		}
		from[tp.Topic][tp.Partition] = kgo.NewOffset().At(wants[0].At.Offset)
	}
	r.client.AddConsumePartitions(from)
	defer func() {
		for topic, partitions := range from {
			r.client.RemoveConsumePartitions(map[string][]int32{topic: slices.Collect(maps.Keys(partitions))})
		}
	}()
	for len(w.partitions) > 0 {
		pollCtx, cancel := context.WithTimeout(ctx, rereadPatience)
		fetches := r.client.PollRecords(pollCtx, flow.MaxPoll)
		cancel()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		fetches.EachPartition(func(p kgo.FetchTopicPartition) {
			tp := assignment.Of(p.Topic, p.Partition)
			if from[tp.Topic] == nil {
				return // an error of the poll
			}
			w.Found(tp, p.Records)
			r.goOn(w, tp, p.Records)
		})
		if fetches.NumRecords() > 0 {
			continue
		}
		// Either the brokers are slow, or what is wanted has been deleted: then
		// nothing would ever come.
		if gone, err := r.deleted(ctx, w); !gone {
			return errors.Join(err, fetchError(fetches))
		}
	}
	return nil
}

// goOn has the client read no further once all that is wanted of a partition is
// there, and leave out what is between where it is and a record that is far ahead: a
// profile that was held for an hour and one that was held just now are read in the
// same turn.
func (r *Reader) goOn(w *Wanted, tp assignment.TopicPartition, read []*kgo.Record) {
	wants := w.partitions[tp]
	far := len(wants) > 0 && len(read) > 0 && wants[0].At.Offset-read[len(read)-1].Offset > farAhead
	if len(wants) > 0 && !far {
		return
	}
	r.client.RemoveConsumePartitions(map[string][]int32{tp.Topic: {tp.Partition}})
	if far {
		next := kgo.NewOffset().At(wants[0].At.Offset)
		r.client.AddConsumePartitions(map[string]map[int32]kgo.Offset{tp.Topic: {tp.Partition: next}})
	}
}

// fetchError is the first error of a poll that was not its timeout.
func fetchError(fetches kgo.Fetches) (err error) {
	fetches.EachError(func(topic string, partition int32, e error) {
		if err == nil && !errors.Is(e, context.DeadlineExceeded) && !errors.Is(e, context.Canceled) {
			err = fmt.Errorf("partition %s: %w", assignment.Of(topic, partition), e)
		}
	})
	return err
}

// deleted gives up what is before the start of its partition: the topic keeps
// records for less time than a lane was stuck. If there is nothing, it returns why
// nothing comes, as far as that is known: a topic that cannot be read must not keep what
// is deleted of the others.
func (r *Reader) deleted(ctx context.Context, w *Wanted) (gone bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, rereadPatience)
	defer cancel()
	topics := make(map[string]bool)
	for tp := range w.partitions {
		topics[tp.Topic] = true
	}
	starts, err := kadm.NewClient(r.client).ListStartOffsets(ctx, slices.Sorted(maps.Keys(topics))...)
	err = cmp.Or(err, starts.Error(), errors.New("the brokers give nothing at their offsets"))
	for tp, wants := range w.partitions {
		start, ok := starts.Lookup(tp.Topic, tp.Partition)
		if !ok || start.Err != nil {
			continue
		}
		i := 0
		for i < len(wants) && wants[i].At.Offset < start.Offset {
			i++
		}
		w.giveUp(wants[:i])
		w.now(tp, wants[i:])
		gone = gone || i > 0
	}
	return gone, err
}

func (r *Reader) open() (err error) {
	if r.client != nil {
		return nil
	}
	opts := append(slices.Clone(r.Opts),
		kgo.ConsumeResetOffset(kgo.NoResetOffset()), // deleted finds out, and loses nothing on the way
		kgo.FetchMaxBytes(rereadBytes), kgo.FetchMaxPartitionBytes(rereadBytes),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.MaxDecompressBatchBytes(flow.MaxBatch),
	)
	r.client, err = kgo.NewClient(opts...)
	return err
}

func (r *Reader) close() {
	if r.client != nil {
		r.client.Close()
		r.client = nil
	}
}
