package consumer

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
	"github.com/tracklayer/amazon-capi/consumer/ends"
	"github.com/tracklayer/amazon-capi/internal/redact"
)

// unreadableFor is how long a failed fetch is remembered. A fetch that still fails does so
// every second, while one that works may bring nothing for hours.
const unreadableFor = 2 * lagEvery

// failedPollPause follows a poll that brought nothing but errors. The client retries as
// soon as it has reported them, and brokers refuse without delay.
const failedPollPause = 500 * time.Millisecond

// unreadable is since when fetches of a partition have failed, and when one last did.
type unreadable struct {
	since, seen time.Time
	pause       time.Duration // how long it is put aside
	until       time.Time     // until when it is
}

// onlyErrors reports whether a poll brought nothing but errors that would come again at
// once. Partitions whose fetch failed are put aside, and the client asks about a topic as a
// whole with pauses of its own: the others need not wait for that.
func (c *Consumer) onlyErrors(fetches kgo.Fetches) bool {
	if len(fetches) == 0 || fetches.NumRecords() > 0 {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	failed := false
	fetches.EachError(func(topic string, partition int32, err error) {
		u := c.unreadable[assignment.Of(topic, partition)]
		aside := topic != "" && (partition < 0 || u.pause > 0)
		failed = failed || !aside && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
	})
	return failed
}

// fetchFailed notes a failed fetch. c.mu is held.
func (c *Consumer) fetchFailed(tp assignment.TopicPartition, err error) {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return // this process ended the poll
	}
	if loss, ok := errors.AsType[*kgo.ErrDataLoss](err); ok {
		c.log.Error().Stringer("partition", tp).
			Int64("consumed_to", loss.ConsumedTo).Int64("reset_to", loss.ResetTo).
			Msg("the brokers lost records of this partition; comparing what is left with what was read")
		if a := c.assignments[tp]; a != nil && a.Taking() {
			c.doubt(a)
		}
		return
	}
	var session *kgo.ErrGroupSession
	if errors.As(err, &session) && c.assigned && !c.lost {
		return // it belongs to an earlier assignment
	}
	now := c.opts.Now()
	u := c.unreadable[tp]
	tell := lasts(&u.since, now, !kerr.IsRetriable(err))
	u.seen = now
	c.putAside(tp, &u, now)
	c.unreadable[tp] = u
	if errors.Is(err, kerr.UnknownTopicID) {
		c.noteUnknownID(tp.Topic, now)
	}
	if !tell {
		return
	}
	where := tp.String()
	switch {
	case session != nil:
		where = "group " + c.opts.Group
	case tp.Topic == "":
		where = "topic " + strings.Join(c.opts.Topics, ", ")
	case tp.Partition < 0:
		where = "topic " + tp.Topic
	}
	c.conditions.fetch.Fail(fmt.Sprintf("cannot read %s: %s", where, redact.Error(ends.Plainly(err, c.assigned))))
}

// readable notes that a partition's fetches work again. c.mu is held.
func (c *Consumer) readable(tp assignment.TopicPartition) {
	c.takeUp(tp)
	if len(c.unreadable) == 0 {
		c.conditions.fetch.OK()
	}
}

// readableAgain ends faults that have not occurred for a while, of partitions that
// answer: an idle partition brings no records, and an error without a partition never has
// any.
func (c *Consumer) readableAgain(now time.Time, ends map[assignment.TopicPartition]int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for tp, u := range c.unreadable {
		_, answers := ends[tp]
		if tp.Topic == "" {
			answers = c.assigned && !c.lost
		}
		if gone := c.assignments[tp] == nil && tp.Topic != ""; gone || answers && now.Sub(u.seen) >= unreadableFor {
			c.readable(tp)
		}
	}
}
