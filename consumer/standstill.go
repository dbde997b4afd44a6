package consumer

import (
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
)

// The client may stop fetching a partition without noticing: in the consumer protocol a
// topic that is deleted and made again can be assigned twice at the same time
// (franz-go 1.22), and the client then loses its position. Brokers have more records,
// nothing keeps the partition from being fetched, and none arrive. Setting the position
// once more starts the fetch again.
const (
	// standsAfter is how long nothing may arrive of a partition that holds more.
	standsAfter = 2 * lagEvery
	// maxStandsAfter is the limit after restarts that did not help: a slow fetch must not
	// be restarted over and over.
	maxStandsAfter = 4 * time.Minute
	// standsTries is the number of restarts before readiness reports it.
	standsTries = 2
)

// standing is a partition of which nothing arrives.
type standing struct {
	at    int64     // where it goes on
	since time.Time // when it was seen to stand there, or was last started again
	tries int       // how often it was
}

func (s standing) patience() time.Duration {
	return min(standsAfter<<s.tries, maxStandsAfter)
}

// moveOn has the client go on with partitions that stand still, of which ends are known.
func (c *Consumer) moveOn(now time.Time, ends map[assignment.TopicPartition]int64) {
	idle := c.client.BufferedFetchRecords() == 0
	emptied := time.Unix(0, c.emptied.Load())
	c.mu.Lock()
	defer c.mu.Unlock()
	stuck := 0
	still := make(map[assignment.TopicPartition]standing)
	for tp, a := range c.assignments {
		at, underWay := a.GoesOn()
		end, known := ends[tp]
		if !known || !underWay || at >= end || !a.Taking() || !a.Fetches() || c.aside(tp) || c.stopping {
			continue
		}
		s, seen := c.standing[tp]
		if !seen || s.at != at {
			s = standing{at: at, since: now}
		}
		// What the client holds may be this partition's, unless it has given out all since.
		if now.Sub(s.since) >= s.patience() && (idle || emptied.Sub(s.since) > emptiedAfter) {
			s.since, s.tries = now, s.tries+1
			c.log.Warn().Stringer("partition", tp).Int64("at", at).Int64("end", end).Int("tries", s.tries).
				Msg("nothing comes of a partition that holds more; its fetch is started again")
			c.goTo(tp, at)
			c.steer(a)
		}
		if s.tries > standsTries {
			stuck++
			c.conditions.fetch.Fail(fmt.Sprintf("partition %s is not read on at offset %d, though it holds records up to %d: restart this member", tp, at, end))
		}
		still[tp] = s
	}
	if c.stuck > 0 && stuck == 0 && len(c.unreadable) == 0 {
		c.conditions.fetch.OK()
	}
	c.standing, c.stuck = still, stuck
}

// goTo has the client fetch a partition from an offset on. It takes the offset that it
// knows for none to go to, so it is sent elsewhere first. The partition is paused: what is
// fetched from elsewhere in between would be taken for a log that has lost a record. The
// caller steers it. c.mu is held.
func (c *Consumer) goTo(tp assignment.TopicPartition, offset int64) {
	c.client.PauseFetchPartitions(map[string][]int32{tp.Topic: {tp.Partition}})
	for _, at := range []int64{offset + 1, offset} {
		c.client.SetOffsets(map[string]map[int32]kgo.EpochOffset{tp.Topic: {tp.Partition: {Epoch: -1, Offset: at}}})
	}
}
