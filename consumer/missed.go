package consumer

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
	"github.com/tracklayer/amazon-capi/consumer/ends"
	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/crash"
)

const (
	// missedEvery is how often idle partitions are examined.
	missedEvery = 10 * time.Second
	// emptiedAfter is how long after that the client must have given out everything it
	// held, including what was on its way at that time.
	emptiedAfter = missedEvery / 2
	// missedFor is how long readiness reports missed records: long enough to be seen, and
	// no longer, because nothing brings them back.
	missedFor = 5 * time.Minute
)

// missed is what retention deleted before it was read.
type missed struct {
	mu      sync.Mutex
	at      time.Time
	records int64 // since the condition was last well
}

// miss notes that offsets of a partition were deleted before they were read.
func (c *Consumer) miss(tp assignment.TopicPartition, from, to, n int64) {
	c.metrics.missed.WithLabelValues(tp.Topic, strconv.Itoa(int(tp.Partition))).Add(float64(n))
	c.log.Error().Stringer("partition", tp).Int64("records", n).Int64("from", from).Int64("to", to).
		Msg("records were deleted before they were read: the topic's retention is shorter than the time it took to come to them")
	c.missed.mu.Lock()
	defer c.missed.mu.Unlock()
	c.missed.at = c.opts.Now()
	c.missed.records += n
	c.conditions.retention.Fail(fmt.Sprintf("%s of partition %s %s deleted before %s read (offsets %d to %d), %d in all: the topic's retention is too short",
		count.Of(n, "record"), tp, count.Was(n), count.They(n)+" "+count.Was(n), from, to-1, c.missed.records))
}

// forgive ends the condition once it was reported long enough.
func (c *Consumer) forgive() {
	c.missed.mu.Lock()
	defer c.missed.mu.Unlock()
	if c.missed.records > 0 && c.opts.Now().Sub(c.missed.at) >= missedFor {
		c.missed.records = 0
		c.conditions.retention.OK()
	}
}

// missedLoop examines idle partitions, where no next record shows that some were deleted,
// and ends the condition.
func (c *Consumer) missedLoop(ctx context.Context) {
	defer crash.Report()
	admin := kadm.NewClient(c.client)
	tick := time.NewTicker(missedEvery)
	defer tick.Stop()
	before := make(map[*assignment.Assignment]look)
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		c.forgive()
		before = c.lookForMissed(ctx, admin, before)
	}
}

// look is where a partition stood before its log's start, and when.
type look struct {
	at   int64
	when time.Time
}

// lookForMissed counts what was deleted before idle partitions. It takes two looks, with
// the client's buffers empty in between: what it has fetched is not missed. It returns
// the partitions to examine again.
func (c *Consumer) lookForMissed(ctx context.Context, admin *kadm.Client, before map[*assignment.Assignment]look) map[*assignment.Assignment]look {
	ctx, cancel := context.WithTimeout(ctx, missedEvery)
	defer cancel()
	starts := make(kadm.ListedOffsets)
	_ = ends.ByTopic(c.opts.Topics, func(topics ...string) error {
		list, err := admin.ListStartOffsets(ctx, topics...)
		maps.Copy(starts, list) // the usable part of an answer
		return err
	})
	atRest := c.client.BufferedFetchRecords() == 0
	emptied := time.Unix(0, c.emptied.Load())
	again := make(map[*assignment.Assignment]look)
	for _, a := range c.owned() {
		o, ok := starts.Lookup(a.Topic(), a.Partition())
		if !ok || o.Err != nil {
			continue
		}
		at, behind := a.Behind(o.Offset)
		if !behind {
			continue
		}
		was, seen := before[a]
		switch {
		case !seen || was.at != at:
			again[a] = look{at, c.opts.Now()}
			continue
		case !atRest && emptied.Sub(was.when) < emptiedAfter:
			again[a] = was
			continue
		}
		if n, from := a.Skip(at, o.Offset); n > 0 {
			c.miss(a.TopicPartition(), from, o.Offset, n)
		}
	}
	return again
}
