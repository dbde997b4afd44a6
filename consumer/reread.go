package consumer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/flow"
	"github.com/tracklayer/amazon-capi/internal/crash"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/verdict"
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

// rereader reads parked records again, with a client of its own: the group's
// goes on with what is new. It reads nothing but from the oldest record that is
// wanted to the last, and keeps no more than what is wanted.
type rereader struct {
	c      *Consumer
	client *kgo.Client
	made   int64 // how often the topic had been made when the client began
}

func (c *Consumer) rereadLoop(ctx context.Context) {
	defer crash.Report()
	if c.parking.most == 0 {
		return
	}
	r := rereader{c: c}
	defer r.close()
	for {
		select {
		case <-c.parking.news:
		case <-ctx.Done():
			return
		}
		for c.parking.parked() > 0 {
			if !r.turn(ctx) && !pause(ctx, rereadEvery) {
				return
			}
		}
		// With nothing parked there is no reason to keep connections.
		r.close()
	}
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// turn reads what lanes want at present. It returns false when there was
// nothing to do or nothing could be done, and the next turn should wait.
func (r *rereader) turn(ctx context.Context) (more bool) {
	c := r.c
	// The lanes are bounded by what they can use, but there may be thousands. The
	// poll loop makes room only while it wants some, which without new records it
	// does not.
	if c.window.Over(5, 4) && !c.relieve() {
		return false
	}
	if c.rewound() {
		return false // whether these are the records that were parked is being looked at
	}
	errands := c.parking.take(c.handler.Wants, c.opts.Now(), max(c.opts.MaxInFlightEvents/4, 1))
	if len(errands) == 0 {
		return false
	}
	w := newWanted(errands)
	err := r.read(ctx, w)
	for i, e := range errands {
		c.parking.done(e, w.left(i))
	}
	switch {
	case err == nil:
		c.conditions.parking.OK()
	case ctx.Err() == nil:
		c.conditions.parking.Fail(fmt.Sprintf("records that were put off cannot be read again: %s", redact.Error(err)))
	}
	return err == nil
}

// wanted is what one turn looks for, by partition and in the order of offsets.
type wanted struct {
	errands    []errand
	partitions map[int32][]want
}

type want struct {
	spot
	errand int
}

func newWanted(errands []errand) *wanted {
	w := &wanted{errands: errands, partitions: make(map[int32][]want)}
	for i, e := range errands {
		for _, s := range e.spots {
			w.partitions[s.owner.partition] = append(w.partitions[s.owner.partition], want{s, i})
		}
	}
	for _, wants := range w.partitions {
		slices.SortFunc(wants, func(a, b want) int { return cmp.Compare(a.at.Offset, b.at.Offset) })
	}
	return w
}

// left is what of an errand was not found.
func (w *wanted) left(errand int) (spots []spot) {
	for _, wants := range w.partitions {
		for _, x := range wants {
			if x.errand == errand {
				spots = append(spots, x.spot)
			}
		}
	}
	// In the order in which they were taken, as far as there is one.
	slices.SortStableFunc(spots, func(a, b spot) int { return cmp.Compare(a.seq, b.seq) })
	return spots
}

// read reads until nothing of w is left, or fails.
func (r *rereader) read(ctx context.Context, w *wanted) error {
	if r.giveUpOrphans(w); len(w.partitions) == 0 {
		return nil
	}
	if made := r.c.topic.made.Load(); made != r.made {
		r.close() // the client would ask for the topic that was deleted, for ever
		r.made = made
	}
	if err := r.open(); err != nil {
		return err
	}
	topic := r.c.opts.Topic
	from := make(map[int32]kgo.Offset)
	for p, wants := range w.partitions {
		from[p] = kgo.NewOffset().At(wants[0].at.Offset)
	}
	r.client.AddConsumePartitions(map[string]map[int32]kgo.Offset{topic: from})
	defer func() {
		for p := range from {
			r.client.RemoveConsumePartitions(map[string][]int32{topic: {p}})
		}
	}()
	for len(w.partitions) > 0 {
		pollCtx, cancel := context.WithTimeout(ctx, rereadPatience)
		fetches := r.client.PollRecords(pollCtx, maxPoll)
		cancel()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		fetches.EachPartition(func(p kgo.FetchTopicPartition) {
			if p.Topic != topic {
				return // an error of the poll
			}
			r.found(w, p.Partition, p.Records)
			r.goOn(w, p.Partition, p.Records)
		})
		if fetches.NumRecords() > 0 {
			continue
		}
		// Either the brokers are slow, or what is wanted has been deleted: then
		// nothing would ever come.
		gone, err := r.deleted(ctx, w)
		if err != nil {
			return errors.Join(err, fetchError(fetches))
		}
		if !gone {
			return errors.Join(errors.New("the brokers give nothing at their offsets"), fetchError(fetches))
		}
	}
	return nil
}

// goOn has the client read no further once all that is wanted of a partition is
// there, and leave out what is between where it is and a record that is far ahead: a
// profile that was held for an hour and one that was held just now are read in the
// same turn.
func (r *rereader) goOn(w *wanted, partition int32, read []*kgo.Record) {
	topic, wants := r.c.opts.Topic, w.partitions[partition]
	far := len(wants) > 0 && len(read) > 0 && wants[0].at.Offset-read[len(read)-1].Offset > farAhead
	if len(wants) > 0 && !far {
		return
	}
	r.client.RemoveConsumePartitions(map[string][]int32{topic: {partition}})
	if far {
		next := kgo.NewOffset().At(wants[0].at.Offset)
		r.client.AddConsumePartitions(map[string]map[int32]kgo.Offset{topic: {partition: next}})
	}
}

// fetchError is the first error of a poll that was not its timeout.
func fetchError(fetches kgo.Fetches) (err error) {
	fetches.EachError(func(_ string, partition int32, e error) {
		if err == nil && !errors.Is(e, context.DeadlineExceeded) && !errors.Is(e, context.Canceled) {
			err = fmt.Errorf("partition %d: %w", partition, e)
		}
	})
	return err
}

// found hands on those of a partition's records that are wanted, and gives up
// those that should have come before one of them and did not.
func (r *rereader) found(w *wanted, partition int32, records []*kgo.Record) {
	wants := w.partitions[partition]
	var hits intake
	var owner *assignment // of the hits
	var gone []want
	i := 0
	for _, rec := range records {
		for ; i < len(wants) && wants[i].at.Offset < rec.Offset; i++ {
			gone = append(gone, wants[i])
		}
		if i == len(wants) {
			break
		}
		if wants[i].at.Offset == rec.Offset {
			if wants[i].replaced(rec) {
				gone = append(gone, wants[i])
				i++
				continue
			}
			if len(hits.records) > 0 && wants[i].owner != owner {
				r.handOn(owner, hits)
				hits = intake{}
			}
			owner = wants[i].owner
			hits.records, hits.seqs, hits.pasts = append(hits.records, rec), append(hits.seqs, wants[i].seq), append(hits.pasts, wants[i].past)
			i++
		}
	}
	if len(hits.records) > 0 {
		r.handOn(owner, hits)
	}
	r.giveUp(w, gone)
	w.now(partition, wants[i:])
}

// replaced reports whether the brokers lost the record that was parked, and hold
// another one in its place.
func (s *spot) replaced(rec *kgo.Record) bool {
	if s.at.Epoch >= 0 && rec.LeaderEpoch > s.at.Epoch {
		return true
	}
	return s.owner.lost(s.seq, s.at.Offset)
}

// now sets what of a partition is still wanted.
func (w *wanted) now(partition int32, wants []want) {
	if len(wants) == 0 {
		delete(w.partitions, partition)
		return
	}
	w.partitions[partition] = wants
}

// handOn gives records to their assignment's pump once more.
func (r *rereader) handOn(a *assignment, in intake) {
	c := r.c
	var bytes int64
	for _, rec := range in.records {
		bytes += int64(verdict.SizeOf(rec))
	}
	n := len(in.records)
	// The window first, as always: a verdict may come before again returns.
	c.window.Take(n, bytes)
	if !a.again(in) {
		c.window.Release(n, bytes)
		return
	}
	c.metrics.reread.Add(float64(n))
}

// giveUp hands on that records are not in Kafka any more.
func (r *rereader) giveUp(w *wanted, gone []want) {
	for _, x := range gone {
		rec := &kgo.Record{Topic: r.c.opts.Topic, Partition: x.owner.partition, Offset: x.at.Offset, LeaderEpoch: x.at.Epoch}
		r.handOn(x.owner, intake{records: []*kgo.Record{rec}, seqs: []uint64{x.seq}, gone: w.errands[x.errand].profile})
	}
}

// giveUpOrphans gives up records whose topic has been deleted. There may be others
// at their offsets now.
func (r *rereader) giveUpOrphans(w *wanted) {
	for partition, wants := range w.partitions {
		var gone []want
		wants = slices.DeleteFunc(wants, func(x want) bool {
			orphan := x.owner.phase() == phaseOrphaned
			if orphan {
				gone = append(gone, x)
			}
			return orphan
		})
		r.giveUp(w, gone)
		w.now(partition, wants)
	}
}

// deleted gives up what is before the start of its partition: the topic keeps
// records for less time than a lane was stuck.
func (r *rereader) deleted(ctx context.Context, w *wanted) (gone bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, rereadPatience)
	defer cancel()
	starts, err := kadm.NewClient(r.client).ListStartOffsets(ctx, r.c.opts.Topic)
	if err == nil {
		err = starts.Error()
	}
	if err != nil {
		return false, err
	}
	for partition, wants := range w.partitions {
		start, ok := starts.Lookup(r.c.opts.Topic, partition)
		if !ok {
			continue
		}
		i := 0
		for i < len(wants) && wants[i].at.Offset < start.Offset {
			i++
		}
		r.giveUp(w, wants[:i])
		w.now(partition, wants[i:])
		gone = gone || i > 0
	}
	return gone, nil
}

func (r *rereader) open() (err error) {
	if r.client != nil {
		return nil
	}
	opts := append(slices.Clone(r.c.opts.ReadOpts),
		kgo.ConsumeResetOffset(kgo.NoResetOffset()), // deleted finds out, and loses nothing on the way
		kgo.FetchMaxBytes(rereadBytes), kgo.FetchMaxPartitionBytes(rereadBytes),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.MaxDecompressBatchBytes(flow.MaxBatch),
	)
	r.client, err = kgo.NewClient(opts...)
	return err
}

func (r *rereader) close() {
	if r.client != nil {
		r.client.Close()
		r.client = nil
	}
}
