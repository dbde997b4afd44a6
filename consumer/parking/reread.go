package parking

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
	"github.com/tracklayer/amazon-capi/consumer/flow"
	"github.com/tracklayer/amazon-capi/internal/crash"
	"github.com/tracklayer/amazon-capi/internal/faultpoint"
	"github.com/tracklayer/amazon-capi/internal/health"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/wait"
)

const (
	// rereadEvery is how often lanes are asked whether they want their parked records.
	rereadEvery = 250 * time.Millisecond
	// rereadPatience is how long a read may bring nothing before the cause is examined.
	rereadPatience = 5 * time.Second
	// farAhead is the gap in records up to which they are read rather than skipped by a
	// new fetch, which discards what the client has fetched ahead.
	farAhead = 20_000
	// rereadBytes bounds one answer, per partition and per broker.
	rereadBytes = 4 << 20
)

// Reader rereads parked records with a client of its own: the group's continues with new
// ones. It reads only from the oldest wanted record to the last, and keeps only what is
// wanted.
type Reader struct {
	Lots      *Lots
	Lanes     Room         // whose records they are
	Opts      []kgo.Opt    // of the client
	Made      func() int64 // how often the topic has been made
	AtOnce    int          // records at most that are read in one turn
	Condition *health.Condition
	Now       func() time.Time

	Source func(context.Context, *Wanted) error // where records are read from; Kafka if it is nil

	client  *kgo.Client
	of      int64 // how often the topic had been made when the client began
	trouble troubles
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

// Turn reads what lanes want at present. It returns false if there was nothing to do or
// nothing could be done, and the next turn should wait.
func (r *Reader) Turn(ctx context.Context) (more bool) {
	// The lanes are bounded by what they can use, but there may be thousands. The poll
	// loop makes room only while it wants some, which it does not without new records.
	if r.Lots.window.Over(5, 4) && !r.Lots.Relieve(r.Lanes) {
		return false
	}
	if len(r.trouble) > 0 {
		if r.trouble.forget(r.Lots, r.Now()); len(r.trouble) == 0 {
			r.Condition.OK()
		}
	}
	now := r.Now()
	errands := r.Lots.take(r.Lanes.Wants, now, r.AtOnce, func(a *assignment.Assignment) bool {
		// The log is in doubt: whether it has the parked records is being examined.
		return a.Rewound() || r.trouble.waits(a.TopicPartition(), now)
	})
	if len(errands) == 0 {
		return false
	}
	faultpoint.At("parking")
	w := newWanted(r.Lots, errands)
	source := r.Source
	if source == nil {
		source = r.read
	}
	err := source(ctx, w)
	for i, e := range errands {
		left := w.left(i)
		more = more || len(left) < len(e.spots)
		r.Lots.done(e, left)
	}
	if err == nil {
		r.trouble.forget(r.Lots, r.Now())
		err = r.trouble.tell()
	} else {
		more = false
	}
	switch {
	case err == nil:
		r.Condition.OK()
	case ctx.Err() == nil:
		r.Condition.Fail(fmt.Sprintf("records that were put off cannot be read again: %s", redact.Error(err)))
	}
	return more
}

// read reads until nothing of w is left but what cannot be read now, or fails.
func (r *Reader) read(ctx context.Context, w *Wanted) error {
	w.giveUpOrphans()
	if made := r.Made(); made != r.of {
		r.close() // the client would ask for the deleted topic forever
		r.of = made
	}
	// Those that could not be read are asked about first: fetches of a topic that is
	// gone are not answered, and the others would wait for that.
	if again := r.trouble.among(w); len(again) > 0 {
		if err := r.open(); err != nil {
			return err
		}
		r.look(ctx, w, again, nil)
	}
	for len(w.partitions) > 0 && ctx.Err() == nil {
		if err := r.open(); err != nil {
			return err
		}
		failed := r.readTo(ctx, w)
		if len(failed) == 0 {
			continue
		}
		r.look(ctx, w, slices.Collect(maps.Keys(failed)), failed)
		// A client that was told of a topic which may not be read does not always go on
		// with the others.
		r.close()
	}
	return ctx.Err()
}

// readTo reads until nothing of w is left, or something cannot be read, which it returns
// with the reason.
func (r *Reader) readTo(ctx context.Context, w *Wanted) (failed map[assignment.TopicPartition]error) {
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
	failed = make(map[assignment.TopicPartition]error)
	for len(w.partitions) > 0 && len(failed) == 0 {
		pollCtx, cancel := context.WithTimeout(ctx, rereadPatience)
		fetches := r.client.PollRecords(pollCtx, flow.MaxPoll)
		cancel()
		if ctx.Err() != nil {
			return nil
		}
		fetches.EachPartition(func(p kgo.FetchTopicPartition) {
			tp := assignment.Of(p.Topic, p.Partition)
			if from[tp.Topic] == nil {
				return // an error of the poll
			}
			if p.Err != nil {
				note(w, tp, p.Err, failed)
			}
			if len(p.Records) > 0 {
				r.trouble.over(tp)
				w.Found(tp, p.Records)
				r.goOn(w, tp, p.Records)
			}
		})
		if fetches.NumRecords() == 0 && len(failed) == 0 {
			// Either the brokers are slow, or what is wanted has been deleted: then
			// nothing would ever come.
			for tp := range w.partitions {
				failed[tp] = errNothing
			}
		}
	}
	return failed
}

// goOn stops the client once everything wanted of a partition has arrived, and skips to a
// record that is far ahead: a profile that was held for an hour and one that was held
// just now are read in the same turn.
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

// note notes an error of a partition, or of all that are wanted of a topic.
func note(w *Wanted, of assignment.TopicPartition, err error, failed map[assignment.TopicPartition]error) {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return
	}
	for tp := range w.partitions {
		if tp == of || tp.Topic == of.Topic && of.Partition < 0 {
			failed[tp] = err
		}
	}
}

var errNothing = errors.New("the brokers give nothing at their offsets")

// look finds out why nothing comes of partitions. It gives up what is before the start of
// its partition: the topic keeps records for less time than a lane was stuck. A partition
// of which there is nothing like that, or that cannot be asked about, is put aside if
// failed says why: it must not keep the others waiting.
func (r *Reader) look(ctx context.Context, w *Wanted, partitions []assignment.TopicPartition, failed map[assignment.TopicPartition]error) {
	ctx, cancel := context.WithTimeout(ctx, rereadPatience)
	defer cancel()
	topics := make(map[string]bool)
	for _, tp := range partitions {
		topics[tp.Topic] = true
	}
	starts := r.starts(ctx, slices.Sorted(maps.Keys(topics)))
	for _, tp := range partitions {
		start, err := starts(tp)
		wants := w.partitions[tp]
		i := 0
		for err == nil && i < len(wants) && wants[i].At.Offset < start {
			i++
		}
		w.giveUp(wants[:i])
		w.now(tp, wants[i:])
		if i == 0 {
			err = cmp.Or(err, failed[tp])
		}
		if err != nil {
			r.trouble.note(tp, err, r.Now())
			w.putAside(tp)
		}
	}
}

// starts asks where the partitions of topics begin, topic by topic: one that may not be
// read would be an error for all that are asked about with it.
func (r *Reader) starts(ctx context.Context, topics []string) func(assignment.TopicPartition) (int64, error) {
	lists, errs := make([]kadm.ListedOffsets, len(topics)), make([]error, len(topics))
	var wg sync.WaitGroup
	for i, topic := range topics {
		wg.Go(func() {
			defer crash.Report()
			lists[i], errs[i] = kadm.NewClient(r.client).ListStartOffsets(ctx, topic)
		})
	}
	wg.Wait()
	return func(tp assignment.TopicPartition) (int64, error) {
		i := slices.Index(topics, tp.Topic)
		o, ok := lists[i].Lookup(tp.Topic, tp.Partition)
		switch {
		case ok:
			return o.Offset, o.Err
		case errs[i] != nil:
			return 0, errs[i]
		}
		return 0, cmp.Or(lists[i].Error(), errNothing)
	}
}

func (r *Reader) open() (err error) {
	if r.client != nil {
		return nil
	}
	opts := append(slices.Clone(r.Opts),
		kgo.ConsumeResetOffset(kgo.NoResetOffset()), // look finds out what was deleted, and loses nothing
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
